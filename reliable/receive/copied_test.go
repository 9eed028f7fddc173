package receive

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// Most copies are dropped unchecked, and the counters of feeds are as exact as if they weren't.
func TestCopiesAreDroppedUnchecked(t *testing.T) {
	const messages = 20_000
	q, h, _ := feedsOf(t, messages, nil, way{delay: 50 * us}, way{delay: 200 * us})
	list := h.Feeds(uint64(h.Sessions()[0].ID))
	if h.copied < messages*8/10 || h.copied > messages*15/16 {
		t.Errorf("%d of %d copies are dropped unchecked", h.copied, messages)
	}
	if a, b := list[0], list[1]; a.Frames != messages || a.First != messages || a.Filled != 0 ||
		a.Lost != 0 || b.Frames < messages-16 || b.First != 0 || b.Lost != 0 ||
		b.SkewP50 < 135*us || b.SkewP50 > 170*us {
		t.Errorf("%+v", list)
	}
	q.feeds[1].loss = 100
	q.pass(time.Second)
	for range messages {
		q.publish(q.pubs[0], 0, 100)
		q.pass(40 * us)
	}
	q.pass(500 * time.Millisecond)
	b := h.Feeds(uint64(h.Sessions()[0].ID))[1]
	if b.Frames+b.Lost != 2*messages || b.Lost < messages/11 || b.Lost > messages/9 {
		t.Errorf("%d frames and %d lost of %d", b.Frames, b.Lost, 2*messages)
	}
}

// From a copy with a wrong checksum nothing is concluded: neither that its feed brings anything,
// nor that the publisher lives, nor that anything else exists. Only a copy of what is here, from
// where the feed comes from, is dropped.
func TestNothingFollowsFromUncheckedCopies(t *testing.T) {
	q, h, p := feedsOf(t, 1000, nil, way{delay: 50 * us}, way{delay: 150 * us})
	made := func(session, seq uint64, channel uint32) []byte {
		var b frame.Builder
		b.Open(make([]byte, 0, 300), session, channel, seq, seq, uint64(q.now-1e9))
		b.Add([]byte("another message"))
		d := b.Seal(false)
		d[len(d)-1] ^= 1
		return d
	}
	q.publish(p, 0, 100) // so that the feed was heard just now
	q.pass(time.Millisecond)
	for what, one := range map[string]struct {
		seq     uint64
		from    netip.AddrPort
		feed    int
		session uint64
		channel uint32
	}{
		"not here yet":    {1001, p.at[1], 1, p.Session(), 0},
		"far ahead":       {1 << 63, p.at[1], 1, p.Session(), 0},
		"another source":  {1000, rig.Elsewhere[0], 1, p.Session(), 0},
		"another feed's":  {1000, p.at[0], 1, p.Session(), 0},
		"no feed":         {1000, p.at[1], 7, p.Session(), 0},
		"another session": {1000, p.at[1], 1, p.Session() + 1, 0},
		"another channel": {1000, p.at[1], 1, p.Session(), 9},
		"to be checked":   {992, p.at[1], 1, p.Session(), 0},
	} {
		if h.Copied(q.now, one.from, one.feed, made(one.session, one.seq, one.channel)) {
			t.Errorf("%s: dropped as a copy", what)
		}
	}
	copied := func() (n int) {
		for seq := range uint64(1001) {
			if h.Copied(q.now, p.at[1], 1, made(p.Session(), seq, 0)) {
				n++
			}
		}
		return n
	}
	before := h.Feeds(p.Session())
	q.feeds[1].dead = true
	for range 100 { // the other one goes on, and the feed brings nothing but damaged copies
		q.publish(p, 0, 100)
		q.pass(4 * time.Millisecond)
		copied()
	}
	if h.count(reliable.FeedDown) != 1 {
		t.Errorf("%d feeds are down", h.count(reliable.FeedDown))
	}
	if after := h.Feeds(p.Session()); after[1].Frames != before[1].Frames ||
		after[1].Lost != before[1].Lost {
		t.Errorf("before %+v, after %+v", before, after)
	}
	heard := h.session(p.Session()).heard
	p.stands, q.wire = true, nil
	for range 600 {
		q.pass(5 * time.Millisecond)
		copied()
	}
	if s := h.session(p.Session()); s.heard != heard || h.count(reliable.SessionSilent) != 1 {
		t.Errorf("heard at %v and again at %v, %d silent", heard, s.heard,
			h.count(reliable.SessionSilent))
	}
	if st := h.Sessions()[0]; st.Lost != 0 || st.NextOffset != uint64(len(p.sent[0])) ||
		!bytes.Equal(h.got[0][1000], p.sent[0][1000]) {
		t.Errorf("%+v", st)
	}
}
