package member

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable/frame"
	"crier/reliable/topic"
)

// A member that hears GRANTs, and nothing of the groups, gives up what it has, and another one
// takes it.
func TestDeaf(t *testing.T) {
	w, p, s := hall(t, 0, Config{}, "a", "b")
	b := s[1]
	deaf := true
	w.drop = func(_, to netip.AddrPort, f *frame.Frame) bool {
		return deaf && to == b.at && f.Kind != frame.Grant
	}
	w.during(p, 8*time.Second, 1)
	if len(b.own()) > 0 || len(s[0].own()) != 4 {
		t.Errorf("%v, %v", b.own(), s[0].own())
	}
	deaf = false
	w.during(p, 40*time.Second, 1)
	w.pass(time.Second)
	w.judge(p, nil)
	if len(b.own()) == 0 {
		t.Error("it has nothing")
	}
}

// A CLAIM that doesn't fit a datagram goes out in several, each of which counts.
func TestManyEntries(t *testing.T) {
	w := newTown(t, 0)
	cfg := quick()
	cfg.Layout = topic.Layout{Partitions: 120, Groups: 2}
	p := w.publisher(cfg)
	a := w.member("a", Config{})
	a.SetDatagram(frame.MinDatagram)
	w.pass(time.Second)
	parts := 0
	w.drop = func(from, _ netip.AddrPort, f *frame.Frame) bool {
		if from == a.at && f.Kind == frame.Claim {
			parts = max(parts, 1)
			if len(f.Claim.Entries) < 120 {
				parts++
			}
		}
		return false
	}
	for c := range uint32(120) {
		for range 5 {
			if _, err := p.Stream(c).Publish(w.now, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.pass(5 * time.Second)
	if n := len(a.own()); n != 120 || parts < 3 {
		t.Errorf("%d partitions, %d parts", n, parts)
	}
	if n := len(w.hands); n != 600 || w.marked() > 0 {
		t.Errorf("%d were handed out, %d marked", n, w.marked())
	}
	done := map[uint32]uint64{}
	for _, st := range a.Teams()[0].Partitions {
		if done[st.Partition] = st.Confirmed; st.Confirmed != 5 {
			t.Errorf("partition %d is confirmed up to %d", st.Partition, st.Confirmed)
		}
	}
	b := w.member("b", Config{})
	w.pass(3 * time.Second)
	if len(a.own()) != 60 || len(b.own()) != 60 {
		t.Errorf("%d and %d", len(a.own()), len(b.own()))
	}
	a.Close(w.now)
	w.pass(0)
	a.gone = true
	w.pass(time.Second)
	if n := len(b.own()); n != 120 || w.marked() > 0 {
		t.Errorf("%d partitions after the other one left, %d marked", n, w.marked())
	}
}
