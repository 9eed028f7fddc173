package member

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/topic"
)

// A team whose members listened before a session began misses nothing of it: what was published
// before the first CLAIM is the team's. Where they came later it begins at the latest message.
func TestBeginning(t *testing.T) {
	for _, share := range []reliable.Share{reliable.ByPartition, reliable.ByMessage} {
		for _, late := range []bool{false, true} {
			for _, groups := range []int{1, 4} {
				w := newTown(t, 0)
				cfg := quick()
				cfg.Layout = topic.Layout{Partitions: 4, Groups: groups}
				join := func() {
					w.member("a", Config{Share: share})
					w.member("b", Config{Share: share})
				}
				if !late {
					join()
					w.pass(5 * time.Second)
				}
				p := w.publisher(cfg)
				w.publish(p, 7)
				if late {
					w.pass(time.Second)
					join()
					w.pass(time.Second)
				}
				w.publish(p, 20000)
				w.pass(30 * time.Second)
				if n := len(w.hands); n != 20000 && late || n != 20007 && !late {
					t.Errorf("by %v, late %v, %d groups: %d were handed out", share, late, groups, n)
				}
				if n := w.marked(); n > 0 {
					t.Errorf("%d were marked", n)
				}
				if !late {
					w.judge(p, nil)
				}
			}
		}
	}
}

// A position that the publisher kept goes before the beginning of its session.
func TestBeginningRestored(t *testing.T) {
	w := newTown(t, 0)
	w.member("a", Config{})
	w.pass(time.Second)
	p := w.publisher(quick())
	for c := range uint32(4) {
		for range 10 {
			if _, err := p.Stream(c).Publish(w.now, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	var list []reliable.TeamPosition
	for c := range uint32(4) {
		list = append(list, reliable.TeamPosition{Team: "risk", Share: reliable.ByPartition,
			Topic: "orders", Session: reliable.SessionID(p.Session()), Partition: c, Epoch: 5,
			Attempt: 1, Offset: 6})
	}
	p.RestoreTeams(list)
	w.pass(2 * time.Second)
	if n := len(w.hands); n != 4*4 {
		t.Errorf("%d were handed out", n)
	}
}
