package testnet

import (
	"flag"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

var (
	inquestSeeds = flag.Uint64("inquest.seeds", 2, "measure inquests with `N` seeds")
	inquestCrowd = flag.Uint64("inquest.crowd", 0,
		"measure inquests of a crowd with `N` seeds, which takes minutes each")
	inquestSize = flag.Int("inquest.size", 1000, "let `N` survivors be a crowd")
)

// inquests is how long the inquests of some runs took.
type inquests struct {
	took    []time.Duration
	missing int // bytes, of all survivors
	dropped int // the same in frames
	agreed  int
	lost    uint64
	repairs int // datagrams
}

// hold plays a crash with survivors that are 1 ms apart. Of the last n frames each loses what loses
// says, which is given the number of the survivor.
func (q *inquests) hold(t *testing.T, seed uint64, survivors, n int, loses func(i int) link.Loss) {
	t.Helper()
	w := world.New(world.Config{Seed: seed})
	c := checker.New(w)
	near := link.Config{Delay: link.FixedDelay(500 * time.Microsecond)}
	var subs []*world.Subscriber
	began := make([]reliable.Time, survivors)
	for i := range survivors {
		subs = append(subs, story.AddSubscriber(t, w, world.SubscriberConfig{
			Down: near, Up: near, History: 4 << 20,
			OnEvent: func(now reliable.Time, ev *reliable.Event) {
				switch ev.Kind {
				case reliable.SessionInquest:
					began[i] = now
				case reliable.SessionSilent:
					q.took = append(q.took, now.Sub(began[i]))
					if ev.Certificate != nil && ev.Certificate.Agreed {
						q.agreed++
					}
				case reliable.Loss:
					q.lost += ev.Lost.Len()
				}
			},
		}))
	}
	pub := story.AddPublisher(t, w, world.PublisherConfig{})
	message := make([]byte, 1350)
	story.Every(w, 100*story.Milli, 10*story.Milli, 290, func(int) { pub.Publish(message) })
	w.At(3000*story.Milli, func() {
		for i, sub := range subs {
			w.Down(pub, sub).SetLoss(loses(i))
		}
		for range n {
			pub.Publish(message)
		}
		pub.Flush()
	})
	w.At(3000*story.Milli+1, func() {
		pub.Crash()
		for _, sub := range subs {
			w.Down(pub, sub).SetLoss(nil)
		}
	})
	w.Observe(world.Observer{Sent: func(d *world.Datagram) {
		if d.Frame.Kind == frame.Repair {
			q.repairs++
		}
	}, Dropped: func(d *world.Datagram, drop *world.Drop) {
		if d.Frame.Kind == frame.Data && drop.Reason == link.DropLoss {
			q.missing += len(d.Data)
			q.dropped++
		}
	}})
	if err := w.Run(30_000 * story.Milli); err != nil {
		t.Fatal(err)
	}
	if err := c.Finish(3001 * story.Milli); err != nil {
		t.Error(err)
	}
}

// quantile returns that of the times, in per cent.
func (q *inquests) quantile(percent int) time.Duration {
	slices.Sort(q.took)
	return q.took[(len(q.took)*percent+99)/100-1].Round(time.Millisecond)
}

// The time from the silence of a publisher to the certificates of its survivors. The first of them
// has all, and the others miss the last MiB; or each misses half of that.
func TestInquestTakes(t *testing.T) {
	const mib = 1 << 20 / 1400
	none := func(i int) link.Loss {
		if i == 0 {
			return nil
		}
		return link.Bernoulli{P: 1}
	}
	half := func(int) link.Loss { return link.Bernoulli{P: 0.5} }
	for _, c := range []struct {
		what      string
		survivors int
		seeds     uint64
		frames    int
		sole      bool // of the survivors: the first has all that the others lack
		most      time.Duration
	}{
		{"8 survivors, one of which has the last MiB", 8, *inquestSeeds, mib, true,
			500 * time.Millisecond},
		{"8 survivors of which each misses half of the last MiB", 8, *inquestSeeds, mib, false,
			500 * time.Millisecond},
		{"60 survivors, one of which has the last 256 KiB", 60, min(1, *inquestSeeds), mib / 4, true,
			500 * time.Millisecond},
		{"a crowd, one of which has the last MiB", *inquestSize, *inquestCrowd, mib, true,
			7 * time.Second},
		{"a crowd of which each misses half of the last MiB", *inquestSize, *inquestCrowd, mib, false,
			7 * time.Second},
	} {
		if c.seeds == 0 {
			continue
		}
		var q inquests
		loses := half
		if c.sole {
			loses = none
		}
		for seed := uint64(1); seed <= c.seeds; seed++ {
			q.hold(t, seed, c.survivors, c.frames, loses)
		}
		if len(q.took) == 0 {
			t.Errorf("%s: nobody held an inquest", c.what)
			continue
		}
		t.Logf("%s (%d), %d runs, %d bytes missing a run: p50 %v, p99 %v, most %v; %d of %d agreed, "+
			"%d messages lost, %d repairs a run", c.what, c.survivors, c.seeds,
			q.missing/int(c.seeds), q.quantile(50),
			q.quantile(99), q.quantile(100), q.agreed, len(q.took), q.lost,
			q.repairs/int(c.seeds))
		if c.sole && q.lost > 0 {
			t.Errorf("%s: %d messages are lost that it has", c.what, q.lost)
		}
		if frames := q.dropped / (c.survivors - 1); c.sole && q.repairs > frames+frames/4 {
			t.Errorf("%s: %d frames are repaired %d times", c.what, frames, q.repairs)
		}
		if p99 := q.quantile(99); p99 > c.most {
			t.Errorf("%s: p99 is %v, and may be %v", c.what, p99, c.most)
		}
	}
}
