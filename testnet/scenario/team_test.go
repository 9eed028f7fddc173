package scenario

import (
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/world"
)

// A handed message is one that a member of a team was handed.
type handed struct {
	partition uint32
	offset    uint64
}

// latencies plays a scenario, and returns when each message was accepted, and how long it took
// to the hand-out; when partitions moved goes to moves.
func latencies(t *testing.T, s *Scenario, moves func(now reliable.Time, partition uint32)) (
	at map[handed]reliable.Time, took map[handed]time.Duration,
) {
	at, took = map[handed]reliable.Time{}, map[handed]time.Duration{}
	play(t, s, Options{}, func(r *Run) {
		w := r.World()
		w.Observe(world.Observer{Told: func(_ *world.Subscriber, ev *reliable.Event) {
			switch ev.Kind {
			case reliable.Message:
				m := handed{ev.Partition, ev.Offset}
				at[m] = w.Session(ev.Session, ev.Partition).AcceptedAt(ev.Offset)
				took[m] = w.Now().Sub(at[m])
			case reliable.Assigned, reliable.Revoking, reliable.Revoked:
				moves(w.Now(), ev.Partition)
			}
		}})
	})
	return at, took
}

// While members are restarted one after the other, partitions that don't move have the same
// latencies as without that, to the nanosecond.
func TestRolloutLeavesOthersAlone(t *testing.T) {
	s, err := Builtin("team-rollout")
	if err != nil {
		t.Fatal(err)
	}
	type turn struct {
		event     int
		partition uint32
	}
	turnOf := func(at reliable.Time) int {
		for i := range s.Events {
			if from := reliable.Time(s.Events[i].At); at >= from && at < from.Add(1500*time.Millisecond) {
				return i
			}
		}
		return -1
	}
	moved := map[turn]bool{}
	at, took := latencies(t, s, func(now reliable.Time, partition uint32) {
		moved[turn{turnOf(now), partition}] = true
	})
	calm := s.Clone()
	calm.Events, calm.Settle = nil, s.Settle
	_, usual := latencies(t, calm, func(reliable.Time, uint32) {})
	if len(at) != len(usual) {
		t.Errorf("%d messages were handed out, and %d without a rollout", len(at), len(usual))
	}
	compared, others := 0, 0
	for m, at := range at {
		i := turnOf(at)
		if i < 0 || moved[turn{i, m.partition}] {
			if took[m] != usual[m] {
				others++
			}
			continue
		}
		compared++
		if took[m] != usual[m] {
			t.Fatalf("offset %d of partition %d, accepted at %s, took %v, and %v without a rollout",
				m.offset, m.partition, world.Stamp(at), took[m], usual[m])
		}
	}
	t.Logf("%d messages of partitions that don't move took as long; of others %d took another time",
		compared, others)
	if compared < 10_000 || len(moved) < 16 {
		t.Errorf("%d messages of partitions that don't move, and %d moves", compared, len(moved))
	}
}

// In a rollout nothing comes twice, and in a crash only what is marked.
func TestTeamDuplicates(t *testing.T) {
	for name, most := range map[string]int{"team-even": 0, "team-rollout": 0, "team-deaf": 0} {
		s, err := Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		times := map[handed]int{}
		twice := 0
		play(t, s, Options{}, func(r *Run) {
			r.World().Observe(world.Observer{Told: func(_ *world.Subscriber, ev *reliable.Event) {
				if ev.Kind == reliable.Message {
					m := handed{ev.Partition, ev.Offset}
					if times[m]++; times[m] > 1 {
						twice++
					}
				}
			}})
		})
		if twice > most {
			t.Errorf("%s: %d messages came twice", name, twice)
		}
	}
}

// The same seed gives the same run of a team, whatever happens in it.
func TestTeamsAgain(t *testing.T) {
	for _, name := range []string{"team-zombie", "team-split"} {
		s, err := Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		var first, again strings.Builder
		for _, to := range []*strings.Builder{&first, &again} {
			play(t, s, Options{Trace: func(line string) { to.WriteString(line + "\n") }})
		}
		if first.String() != again.String() {
			t.Errorf("%s: two runs with one seed differ", name)
		}
	}
}
