package testnet

import (
	"cmp"
	"slices"
	"testing"

	"crier/testnet/random"
)

// What is scheduled happens by time, and at one time in the order of scheduling.
func TestScheduleKeepsOrder(t *testing.T) {
	r := random.New(1)
	var s schedule
	var want []event
	next := 0 // of want
	for range 20_000 {
		if r.Below(3) > 0 || s.len() == 0 {
			e := event{at: int64(r.Below(50)), node: uint32(len(want))}
			if next > 0 {
				e.at += want[next-1].at // not before what has happened
			}
			s.push(e)
			want = append(want, e)
			slices.SortStableFunc(want[next:], func(a, b event) int { return cmp.Compare(a.at, b.at) })
			continue
		}
		if s.next() != want[next].at {
			t.Fatalf("the next event is at %d, want %d", s.next(), want[next].at)
		}
		if e := s.pop(); e.node != want[next].node {
			t.Fatalf("event %d came, want %d", e.node, want[next].node)
		}
		next++
	}
}

func TestScheduleDoesNotAllocate(t *testing.T) {
	var s schedule
	r := random.New(1)
	for range 1000 {
		s.push(event{at: int64(r.Below(1000))})
	}
	if n := testing.AllocsPerRun(1000, func() {
		e := s.pop()
		e.at += int64(r.Below(1000))
		s.push(e)
	}); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}
