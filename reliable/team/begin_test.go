package team

import (
	"testing"
	"time"

	"crier/reliable/frame"
)

// A new team begins with the oldest message if one of the members asks for it that claim before its
// first grants; one that comes later doesn't.
func TestOldestBeginning(t *testing.T) {
	for _, share := range []frame.Share{frame.ByPartition, frame.ByMessage} {
		for _, late := range []bool{false, true} {
			r := newRig(t, 2, Config{Settle: 300 * time.Millisecond, Debounce: -1})
			r.streams.next[0], r.streams.next[1] = 5, 7
			a, b := r.sub("a"), r.sub("b")
			a.c.Share, b.c.Share, b.c.Oldest = share, share, true
			a.join()
			if late {
				r.pass(400 * milli)
			}
			b.join()
			r.tick(time.Second, a, b)
			want := uint64(0)
			if late {
				want = 5
			}
			if _, got := r.a.teams[0].floor(0); got != want {
				t.Errorf("by %v, late %v: it begins at %d", share, late, got)
			}
		}
	}
}

// A member that has no room is told where to follow each channel from on: all that it is granted
// later lies behind that.
func TestPlaces(t *testing.T) {
	r := newRig(t, 40, Config{Settle: -1, Debounce: -1})
	a := r.worker("a", 5)
	for channel := range uint64(40) {
		r.publish(uint32(channel), channel)
	}
	if n := len(a.has(frame.Prepare)); n > 0 {
		t.Errorf("%d channels to follow", n)
	}
	b := r.sub("b")
	b.c.Share, b.c.Room = frame.ByMessage, 0
	b.send()
	r.drain()
	b.send()
	places := map[uint32]uint64{}
	for {
		_, f, ok := r.a.Next(r.now)
		if !ok {
			break
		}
		if f.Subscriber == b.f.Subscriber {
			b.got = &frame.GrantBody{Stamp: f.Grant.Stamp}
			for _, e := range f.Grant.Entries {
				if e.State != frame.Prepare || e.Seq != e.From {
					t.Errorf("%+v", e)
				}
				places[e.Channel] = e.From
			}
		}
	}
	for channel := range uint32(40) {
		if c := &r.a.teams[0].work.channels[channel]; places[channel] != c.passed {
			t.Errorf("channel %d is followed from %d, and %d are passed", channel,
				places[channel], c.passed)
		}
	}
	if len(places) != 40 {
		t.Errorf("%d places", len(places))
	}
}
