package worker

import (
	"bytes"
	"encoding/binary"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/hist"
)

// ledger counts messages by the phase in which they were published, and holds every
// byte of them against what was: a due time, the message's number, its phase, and a
// filling that is known. It is used by one goroutine.
type ledger struct {
	want    []byte
	damaged uint64
	phases  [job.Phases]struct {
		count           uint64
		firstAt, lastAt time.Time
		lastCount       uint64 // messages up to lastAt
		latency         hist.Histogram
	}
}

// ledgerHead is the head before a message's filling: due time, number, phase.
const ledgerHead = job.StampSize + job.NumberSize + 1

func newLedger(size int) *ledger { return &ledger{want: filler(size)} }

// entitle writes a message's number and phase into it.
func entitle(message []byte, n uint64, phase byte) {
	number(message, n)
	message[job.StampSize+job.NumberSize] = phase
}

// number writes a message's number into it.
func number(message []byte, n uint64) {
	binary.LittleEndian.PutUint64(message[job.StampSize:], n)
}

// note counts the message that was delivered as the one of an offset. Late is how
// long it took, or negative where it had no due time.
func (l *ledger) note(offset uint64, message []byte, late time.Duration) {
	if len(message) != len(l.want) ||
		binary.LittleEndian.Uint64(message[job.StampSize:]) != offset ||
		message[ledgerHead-1] >= job.Phases ||
		!bytes.Equal(message[ledgerHead:], l.want[ledgerHead:]) {
		l.damaged++
		return
	}
	p := &l.phases[message[ledgerHead-1]]
	p.count++
	if p.count&(maxStride-1) == 1 {
		p.lastAt, p.lastCount = time.Now(), p.count
		if p.count == 1 {
			p.firstAt = p.lastAt
		}
	}
	if late >= 0 {
		p.latency.Record(late)
	}
}

// into adds the counts to a result.
func (l *ledger) into(r *job.Result) {
	r.Damaged = l.damaged
	for i := range l.phases {
		p := &l.phases[i]
		phase := job.Phase{Messages: p.count, Latency: &p.latency}
		if took := p.lastAt.Sub(p.firstAt).Seconds(); took > 0 {
			phase.Rate = float64(p.lastCount-1) / took
		}
		r.Phases = append(r.Phases, phase)
	}
}
