package repair

import (
	"net/netip"
	"slices"

	"crier/nack"
)

const (
	// maxAnswers bounds the answers to single subscribers that wait to be sent. A
	// subscriber without an answer asks again.
	maxAnswers = 256
	// maxGone bounds the ranges that one GONE names.
	maxGone = 64
	// maxConfirms bounds the ranges that wait for a CONFIRM: as many as one NACK may ask
	// for. They go out in as many CONFIRMs as it takes.
	maxConfirms = 4096
)

// answers holds the frames that respond to NACKs, besides repairs.
type answers struct {
	list     []answer
	confirms []nack.Range
	refused  uint64
	// unconfirmed counts the ranges that found no room among confirms.
	unconfirmed uint64
}

// An answer is a frame for one subscriber.
type answer struct {
	to      netip.AddrPort
	request uint64
	// gone are ranges that are no longer held, or, if unfit is set, held but too large.
	gone  []nack.Range
	unfit bool
	// coming are ranges whose repairs are on their way.
	coming []nack.Range
}

func (a *answers) add(one answer) {
	if len(a.list) >= maxAnswers {
		a.refused++
		return
	}
	a.list = append(a.list, one)
}

// forget drops the answers to a subscriber that has left.
func (a *answers) forget(to netip.AddrPort) {
	a.list = slices.DeleteFunc(a.list, func(one answer) bool { return one.to == to })
}

// gone notes that a subscriber asked for ranges that are no longer held. They replace
// ranges noted before that it wasn't told of yet: GONE names the oldest frame held, and
// its ranges serve only observers.
func (a *answers) gone(to netip.AddrPort, request uint64, ranges []nack.Range) {
	if len(ranges) == 0 {
		return
	}
	ranges = ranges[:min(len(ranges), maxGone)]
	for i := range a.list {
		if one := &a.list[i]; one.gone != nil && !one.unfit && one.to == to {
			one.request, one.gone = request, append(one.gone[:0], ranges...)
			return
		}
	}
	a.add(answer{to: to, request: request, gone: append([]nack.Range(nil), ranges...)})
}

// unfit notes that a subscriber asked for frames that are too large for the network. It
// asks again for those that it isn't told of.
func (a *answers) unfit(to netip.AddrPort, request uint64, ranges []nack.Range) {
	ranges = nack.Normalize(ranges)
	if len(ranges) == 0 {
		return
	}
	for i := range a.list {
		if one := &a.list[i]; one.unfit && one.to == to {
			all := nack.Normalize(append(one.gone, ranges...))
			one.request, one.gone = request, all[:min(len(all), maxGone)]
			return
		}
	}
	ranges = ranges[:min(len(ranges), maxGone)]
	a.add(answer{to: to, request: request, unfit: true, gone: append([]nack.Range(nil), ranges...)})
}

// coming notes ranges that one subscriber is told to wait for.
func (a *answers) coming(to netip.AddrPort, ranges []nack.Range) {
	if len(ranges) > 0 {
		a.add(answer{to: to, coming: append([]nack.Range(nil), ranges...)})
	}
}

// confirm notes ranges that the group is told to wait for.
func (a *answers) confirm(ranges []nack.Range) {
	if n := maxConfirms - len(a.confirms); len(ranges) > n {
		a.unconfirmed += uint64(len(ranges) - n)
		ranges = ranges[:n]
	}
	a.confirms = append(a.confirms, ranges...)
}

// pop drops the first answer.
func (a *answers) pop() {
	n := copy(a.list, a.list[1:])
	a.list[n] = answer{}
	a.list = a.list[:n]
}
