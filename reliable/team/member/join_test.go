package member

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/send"
	"crier/reliable/topic"
)

// A member that joins a running session has its fair part of the work within some round trips, also
// where messages wait for somebody to have room, and nothing that it is granted stands still.
func TestJoinMessages(t *testing.T) {
	for seed := range uint64(3) {
		for _, groups := range []int{1, 4} {
			for _, work := range []time.Duration{500 * time.Microsecond, 3 * time.Millisecond} {
				cfg := send.Config{Layout: topic.Layout{Partitions: 4, Groups: groups}}
				w, p, s := yard(t, seed, cfg, "a", "b", "c")
				for _, one := range s {
					one.work = work
				}
				w.during(p, time.Second, 2)
				d := w.member("d", Config{Share: reliable.ByMessage})
				d.work = work
				joined := w.now
				w.during(p, time.Second, 2)
				end := w.now
				w.pass(5 * time.Second)
				w.judge(p, nil)
				from, all, its := joined.Add(100*time.Millisecond), 0, 0
				if seed > 0 { // the network is bad
					from = joined.Add(400 * time.Millisecond)
				}
				for _, h := range w.hands {
					if h.from < from || h.from >= end {
						continue
					}
					if all++; h.of == "d" {
						its++
					}
				}
				if its < all/5 {
					t.Errorf("work of %v, %d groups: it did %d of %d", work, groups, its, all)
				}
				if n := w.marked(); n > 0 && seed == 0 {
					t.Errorf("%d were marked", n)
				}
				if first := d.hands[0].from; first > joined.Add(50*time.Millisecond) && seed == 0 {
					t.Errorf("work of %v, %d groups: its first message comes after %v", work,
						groups, first.Sub(joined))
				}
				fails(t, seed)
			}
		}
	}
}

// Messages from before the first grants are the team's if one of its members listened before the
// session began, also where another one claims first.
func TestLateMemberClaimsFirst(t *testing.T) {
	for _, share := range []reliable.Share{reliable.ByPartition, reliable.ByMessage} {
		w := newTown(t, 0)
		w.member("a", Config{Share: share})
		w.pass(time.Second)
		w.subs[0].stands = true
		cfg := quick()
		cfg.Teams.Settle = 500 * time.Millisecond
		p := w.publisher(cfg)
		w.publish(p, 50)
		w.pass(50 * time.Millisecond)
		w.member("b", Config{Share: share})
		w.publish(p, 50)
		w.pass(50 * time.Millisecond)
		w.subs[0].stands = false
		w.during(p, time.Second, 1)
		w.pass(2 * time.Second)
		w.judge(p, nil)
		if n := w.marked(); n > 0 {
			t.Errorf("by %v: %d were marked", share, n)
		}
	}
}
