package repair

import (
	"net/netip"
	"slices"

	"crier/nack"
)

const (
	// maxAnswers bounds the answers to single subscribers that wait to be sent;
	// whoever gets none asks again.
	maxAnswers = 256
	// maxGone bounds the ranges that one GONE names.
	maxGone = 64
	// maxConfirms bounds the ranges that wait to be CONFIRMed: as many as one NACK
	// may ask for. They go out in as many CONFIRMs as it takes.
	maxConfirms = 4096
)

// answers are the frames that NACKs call for, besides repairs.
type answers struct {
	list        []answer
	confirms    []nack.Range
	refused     uint64
	unconfirmed uint64 // ranges that found no room among confirms
}

// answer is what one subscriber is told.
type answer struct {
	to      netip.AddrPort
	request uint64
	gone    []nack.Range // no longer held
	unfit   bool         // no: held, and too large
	coming  []nack.Range // on their way
}

func (a *answers) add(one answer) {
	if len(a.list) >= maxAnswers {
		a.refused++
		return
	}
	a.list = append(a.list, one)
}

// forget drops the answers to a subscriber that is no longer there.
func (a *answers) forget(to netip.AddrPort) {
	a.list = slices.DeleteFunc(a.list, func(one answer) bool { return one.to == to })
}

// gone notes that a subscriber asked for what is no longer held. What it asked for
// before and wasn't told of yet is no longer held either: GONE says what is the
// oldest, and its ranges are for whoever looks at it.
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

// unfit notes that a subscriber asked for what is too large for the network. What it
// isn't told of it asks for again.
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
