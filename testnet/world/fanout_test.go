package world

import (
	"cmp"
	"slices"
	"testing"

	"crier/testnet/random"
)

// Hops are put in the order of their times, and at one time in that of their ranks.
func TestHopsHappenInOrder(t *testing.T) {
	r := random.New(1)
	var f fanouts
	for _, n := range []int{1, 2, few, few + 1, 1000} {
		for _, span := range []uint64{1, 50, 100_000, 1 << 40} {
			one := fanout{}
			for i := range n {
				one.hops = append(one.hops, hop{at: int64(1e12 + r.Below(span)), rank: uint32(i),
					node: uint32(r.Below(1000))})
			}
			want := slices.Clone(one.hops)
			slices.SortFunc(want, func(a, b hop) int {
				return cmp.Or(cmp.Compare(a.at, b.at),
					cmp.Compare(a.rank, b.rank))
			})
			if f.sort(&one); !slices.Equal(one.hops, want) {
				t.Errorf("%d hops within %d ns are out of order", n, span)
			}
		}
	}
}

// A packet that goes to many arrives at each as it would alone: between other events
// of its time, in the order in which all were scheduled.
func TestFanoutsKeepTheOrderOfTheSchedule(t *testing.T) {
	r := random.New(2)
	w := New(Config{Seed: 1})
	for range 40 {
		if _, err := w.AddSubscriber(SubscriberConfig{}); err != nil {
			t.Fatal(err)
		}
	}
	type moment struct {
		at  int64
		nth int
	}
	var got, want []moment
	nth := 0
	plan := func() moment {
		m := moment{int64(r.Below(20)), nth}
		nth++
		want = append(want, m)
		return m
	}
	var packets []*Datagram
	var hops [][]moment // of a packet, by subscriber
	for range 100 {
		m := plan()
		w.At(0, func() {}) // takes a place of its own
		w.queue.Push(m.at, happening{kind: eventCall, node: uint32(len(w.calls))})
		w.calls = append(w.calls, func() { got = append(got, m) })

		p := &Datagram{}
		packets, hops = append(packets, p), append(hops, nil)
		w.beginFanout(p)
		for _, s := range w.subs {
			m := plan()
			hops[len(hops)-1] = append(hops[len(hops)-1], m)
			w.land(m.at, s, p)
		}
		w.finishFanout()
	}
	slices.SortFunc(want, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at),
			cmp.Compare(a.nth, b.nth))
	})
	w.Observe(Observer{Arrived: func(d *Datagram, sub *Subscriber) {
		for i, p := range packets {
			if p == d {
				got = append(got, hops[i][sub.index])
			}
		}
	}})
	if err := w.Run(100); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d events happened, not in the order of %d", len(got), len(want))
	}
}
