package worker

import (
	"testing"
	"time"

	"crier/cmd/crier/bench/job"
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
	l.note(7, message(7, job.PhaseBefore), 5*time.Microsecond)
	l.note(8, message(8, job.PhaseSpilling), -1)
	if l.damaged != 0 {
		t.Errorf("%d damaged of two that are whole", l.damaged)
	}
	flipped := message(9, job.PhaseSpilling)
	flipped[size-1] ^= 1
	for _, m := range [][]byte{flipped, message(10, job.PhaseSpilling), message(9, job.Phases),
		message(9, job.PhaseSpilling)[:size-1], {}} {
		before := l.damaged
		l.note(9, m, -1)
		if l.damaged != before+1 {
			t.Errorf("%x passed for message 9", m)
		}
	}
	r := new(job.Result)
	l.into(r)
	if r.Damaged != 5 || len(r.Phases) != job.Phases || r.Phases[job.PhaseBefore].Messages != 1 ||
		r.Phases[job.PhaseSpilling].Messages != 1 ||
		r.Phases[job.PhaseBefore].Latency.Count() != 1 ||
		r.Phases[job.PhaseSpilling].Latency.Count() != 0 {
		t.Errorf("%+v", r)
	}
}
