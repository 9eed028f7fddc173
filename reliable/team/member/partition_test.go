package member

import (
	"slices"
	"testing"
	"time"
)

// Members share the partitions, each message is handed out once, and a member that comes later
// gets its part without a message that comes twice or is marked.
func TestShare(t *testing.T) {
	for seed := range uint64(6) {
		w := newTown(t, seed)
		if seed > 0 {
			w.loss, w.twice, w.jitter = 30*int(seed), 20, time.Millisecond
		}
		p := w.publisher(quick())
		a, b := w.member("a", Config{}), w.member("b", Config{})
		w.pass(300 * time.Millisecond)
		w.during(p, 2*time.Second, 2)
		c := w.member("c", Config{})
		w.during(p, 3*time.Second, 2)
		w.pass(3 * time.Second)
		w.judge(p, nil)
		for _, s := range w.subs {
			t.Logf("%s %+v %+v", s.name, s.Teams(), s.TeamStats())
			t.Log(s.kinds(0), s.kinds(1), s.kinds(2), s.kinds(3))
		}
		t.Logf("%+v", p.told)
		list := append(append(a.own(), b.own()...), c.own()...)
		if slices.Sort(list); len(list) != 4 || list[0] != 0 || list[3] != 3 || len(c.own()) == 0 {
			t.Errorf("seed %d: %v, %v, %v", seed, a.own(), b.own(), c.own())
		}
		if n := w.marked(); n > 0 && seed == 0 {
			t.Errorf("seed %d: %d were marked", seed, n)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
