package directory

import (
	"math"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// alone lets a publisher announce for so long, and returns when it did, and what it said.
func alone(
	t *testing.T, a *Announcer, from reliable.Time, d time.Duration, each func(reliable.Time),
) (at []reliable.Time, said []frame.Frame) {
	t.Helper()
	for now := from; now < from.Add(d); now = now.Add(5 * time.Millisecond) {
		if each != nil {
			each(now)
		}
		for b, ok := a.Next(now); ok; b, ok = a.Next(now) {
			var f frame.Frame
			var dec frame.Decoder
			if err := dec.Decode(slices.Clone(b.Data), &f); err != nil {
				t.Fatal(err)
			}
			a.Sent(b)
			at, said = append(at, now), append(said, f)
		}
	}
	return at, said
}

// A publisher that is alone announces each second, random by a quarter, and no later than it said.
// It first does within a second, and again so when the network comes back.
func TestAnnounces(t *testing.T) {
	n := newNet(t, 3)
	shortest, longest := time.Hour, time.Duration(0)
	first, last := time.Hour, time.Duration(0)
	for range 20 {
		a := n.publisher(1)
		from := n.now
		at, said := alone(t, a, from, 10*time.Second, nil)
		first, last = min(first, at[0].Sub(from)), max(last, at[0].Sub(from))
		for i := range at[1:] {
			gap := at[i+1].Sub(at[i])
			shortest, longest = min(shortest, gap), max(longest, gap)
			if said := said[i].Announce.Interval; gap > said+5*time.Millisecond {
				t.Errorf("it said %v, and it took %v", said, gap)
			}
			if age := time.Duration(said[i].Time); age != at[i].Sub(from) {
				t.Errorf("after %v it said %v", at[i].Sub(from), age)
			}
		}
	}
	if shortest < 750*time.Millisecond || shortest > 800*time.Millisecond ||
		longest < 1200*time.Millisecond || longest > 1255*time.Millisecond {
		t.Errorf("it announced after %v to %v", shortest, longest)
	}
	if first > 200*time.Millisecond || last < 800*time.Millisecond || last > 1005*time.Millisecond {
		t.Errorf("the first announcement came after %v to %v", first, last)
	}
	a := n.publisher(1)
	f := announce(t, 1, func(f *frame.Frame) { f.Announce.Interval = time.Minute })
	for i := range uint64(120) { // hence it announces each 3 s
		f.Session = 10 + i
		a.Handle(n.now, address(int(i)), f)
	}
	alone(t, a, n.now, 10*time.Second, nil)
	back := n.now.Add(10 * time.Second)
	a.Introduce(back)
	if at, _ := alone(t, a, back, time.Second, nil); len(at) != 1 {
		t.Errorf("%d announcements within a second after the network came back", len(at))
	}
}

// The interval of all is such that 40 announcements a second come together.
func TestInterval(t *testing.T) {
	for n, want := range map[int]time.Duration{1: time.Second, 40: time.Second,
		60: 1500 * time.Millisecond, 1000: 25 * time.Second} {
		if got := interval(n); got != want {
			t.Errorf("%d publishers announce each %v, want %v", n, got, want)
		}
	}
}

// Where others announce too often, a publisher gives way to 45 a second for two intervals, and
// before its first announcement to 150 a second for 10 s.
func TestGivesWay(t *testing.T) {
	n := newNet(t, 1)
	crowdOf := func(a *Announcer, rate int) func(reliable.Time) {
		f, come := announce(t, 1), 0.0
		return func(now reliable.Time) {
			for come += float64(rate) * 0.005; come >= 1; come-- {
				f.Session = 100 + f.Session%10
				a.Handle(now, address(int(f.Session)), f)
			}
		}
	}
	a := n.publisher(1)
	at, _ := alone(t, a, n.now, time.Minute, crowdOf(a, 60))
	if len(at) < 12 || len(at) > 21 || at[0] > n.now.Add(1100*time.Millisecond) ||
		a.Stats().Postponed < uint64(len(at)) {
		t.Errorf("beside 60 a second it announced %d times in a minute, first after %v: %+v", len(at),
			at[0].Sub(n.now), a.Stats())
	}
	a = n.publisher(1)
	at, _ = alone(t, a, n.now, 20*time.Second, crowdOf(a, 200))
	if late := at[0].Sub(n.now); late < patience || late > patience+3*time.Second {
		t.Errorf("beside 200 a second it first announced after %v", late)
	}
}

// A publisher lives for 3.5 intervals after it was heard, of those that it said or that follow from
// the number of publishers, and never longer than there can be publishers.
func TestLife(t *testing.T) {
	for _, c := range []struct{ said, lives time.Duration }{
		{time.Millisecond, 4375 * time.Millisecond}, {2 * time.Second, 7 * time.Second},
		{8 * time.Second, 28 * time.Second}, {math.MaxInt64 / 2, 1792 * time.Second},
	} {
		n := newNet(t, 1)
		l := n.listener("*")
		one := n.add(l)
		l.Handle(n.now, address(1), announce(t, 9, func(f *frame.Frame) {
			f.Announce.Interval = c.said
		}))
		n.settle(one)
		n.run(c.lives)
		if l.Stats().Rows != 1 {
			t.Errorf("one that announces within %v is gone within %v", c.said, c.lives)
		}
		if n.run(2 * sweepEvery); l.Stats().Rows != 0 {
			t.Errorf("one that announces within %v lives longer than %v", c.said, c.lives)
		}
	}
}
