package schedule

import (
	"cmp"
	"slices"
	"testing"

	"crier/testnet/random"
)

// What is scheduled happens by time, and at one time in the order of scheduling.
func TestScheduleKeepsOrder(t *testing.T) {
	r := random.New(1)
	var s Schedule[int]
	var want []Event[int]
	next := 0 // of want
	for range 20_000 {
		if r.Below(3) > 0 || s.Len() == 0 {
			e := Event[int]{At: int64(r.Below(50)), What: len(want)}
			if next > 0 {
				e.At += want[next-1].At // not before what has happened
			}
			s.Push(e.At, e.What)
			want = append(want, e)
			slices.SortStableFunc(want[next:],
				func(a, b Event[int]) int { return cmp.Compare(a.At, b.At) })
			continue
		}
		if s.Next().At != want[next].At {
			t.Fatalf("the next event is at %d, want %d", s.Next().At, want[next].At)
		}
		if e := s.Pop(); e.What != want[next].What {
			t.Fatalf("event %d came, want %d", e.What, want[next].What)
		}
		next++
	}
}

func TestScheduleDoesNotAllocate(t *testing.T) {
	var s Schedule[int]
	r := random.New(1)
	for range 1000 {
		s.Push(int64(r.Below(1000)), 0)
	}
	if n := testing.AllocsPerRun(1000, func() {
		e := s.Pop()
		e.At += int64(r.Below(1000))
		s.Push(e.At, e.What)
	}); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}
