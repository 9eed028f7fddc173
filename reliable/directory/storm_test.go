package directory

import (
	"flag"
	"testing"
	"time"

	"crier/reliable"
)

// publishers is the number of publishers of TestStorm. The scenario discovery-storm has 1,000 of
// them.
var publishers = flag.Int("storm", 300, "the number of publishers of TestStorm")

// TestStorm starts many publishers within a second: their announcements stay within bounds, and
// whoever asks lists nearly all of them within 1.5 s, right after the storm and at rest.
func TestStorm(t *testing.T) {
	for _, test := range []struct {
		name   string
		within time.Duration
		loss   float64
	}{
		{"within a second", time.Second, 0},
		{"at once", 0, 0},
		{"with loss", time.Second, 0.002},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNet(t, 1)
			n.loss = test.loss
			for i := range *publishers {
				at := time.Duration(0)
				if test.within > 0 {
					at = time.Duration(n.rand.Int64N(int64(test.within)))
				}
				n.after(at, func() { n.add(n.publisher(i)) })
			}
			n.run(time.Second)
			storm := listed(n)
			n.run(37 * time.Second)
			rest := listed(n)
			for when, s := range map[string]ListenerStats{"right after the storm": storm,
				"at rest": rest} {
				if s.Rows < *publishers*99/100 {
					t.Errorf("%s: %d publishers were listed: %+v", when, s.Rows, s)
				}
			}
			if m := most(0, n.announced, n.answered); m > 1000 {
				t.Errorf("%d announcements and answers within a second", m)
			}
			const settled = reliable.Time(10 * time.Second)
			if m := most(settled, n.announced); m > MaxRate {
				t.Errorf("%d announcements within a second, 10 s after the storm", m)
			}
			known := n.nodes[0].machine.(*Announcer).Publishers()
			if known < *publishers*99/100 || known > *publishers {
				t.Errorf("a publisher knows %d", known)
			}
			t.Logf("%d announcements, %d in the fullest second, %d after 10 s; %d answers",
				len(n.announced), most(0, n.announced), most(settled, n.announced), len(n.answered))
		})
	}
}

// listed returns the counters of a Listener that has asked for all topics for ListTime.
func listed(n *net) ListenerStats {
	l := n.listener("*")
	one := n.add(l)
	n.run(ListTime)
	one.up = false
	return l.Stats()
}
