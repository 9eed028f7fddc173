package bench

import (
	"testing"
	"time"
)

// A message that is not the one that was published is found, whatever differs.
func TestLedgerFindsDamage(t *testing.T) {
	const size = 100
	l := newLedger(size)
	message := func(number uint64, phase byte) []byte {
		m := filler(size)
		entitle(m, number, phase)
		return m
	}
	l.note(7, message(7, phaseBefore), 5*time.Microsecond)
	l.note(8, message(8, phaseSpilling), -1)
	if l.damaged != 0 {
		t.Errorf("%d damaged of two that are whole", l.damaged)
	}
	flipped := message(9, phaseSpilling)
	flipped[size-1] ^= 1
	for _, m := range [][]byte{flipped, message(10, phaseSpilling), message(9, phases), message(9, phaseSpilling)[:size-1], {}} {
		before := l.damaged
		l.note(9, m, -1)
		if l.damaged != before+1 {
			t.Errorf("%x passed for message 9", m)
		}
	}
	r := new(Result)
	l.into(r)
	if r.Damaged != 5 || len(r.Phases) != phases || r.Phases[phaseBefore].Messages != 1 || r.Phases[phaseSpilling].Messages != 1 ||
		r.Phases[phaseBefore].Latency.Count() != 1 || r.Phases[phaseSpilling].Latency.Count() != 0 {
		t.Errorf("%+v", r)
	}
}
