package receive

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/send"
)

// A publisher that starts again goes on with each partition: one that went on where another
// session had offsets is a fork in that partition alone.
func TestPartitionsGoOn(t *testing.T) {
	q := newSquare(t)
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}}})
	p := q.publisher(send.Config{Topic: "orders", Name: "a", Layout: layout(4, 2)})
	for i := range 40 {
		q.publish(p, uint32(i%4), 100)
	}
	q.pass(time.Second)
	p.stands = true // killed
	var prev []reliable.Link
	for c := range uint32(4) {
		l := reliable.Link{Session: 0xa0, Channel: c, Topic: "orders", Publisher: "a", Seq: 10,
			Offset: 10}
		if c == 2 {
			l.Seq, l.Offset = 7, 7 // its last messages weren't found
		}
		prev = append(prev, l)
	}
	q.pass(3 * time.Second)
	again := q.publisher(send.Config{Topic: "orders", Name: "a", Layout: layout(4, 2), Prev: prev})
	for i := range 40 {
		q.publish(again, uint32(i%4), 100)
	}
	q.pass(time.Second)
	for c := range uint32(4) {
		want := slices.Concat(p.sent[c], again.sent[c])
		if !slices.EqualFunc(h.got[c], want, bytes.Equal) {
			t.Errorf("partition %d: %d messages of %d", c, len(h.got[c]), len(want))
		}
	}
	forks := 0
	for _, ev := range h.told {
		if ev.Kind != reliable.StreamForked {
			continue
		}
		forks++
		if ev.Partition != 2 || ev.Lost.From != 7 || ev.Lost.To != 10 || ev.Other != 0xa0 {
			t.Errorf("%+v", ev)
		}
	}
	if forks != 1 {
		t.Errorf("%d forks", forks)
	}
}

// A consumer goes on with each partition where it was, and from its oldest message where it had
// taken none.
func TestPositionsOfPartitions(t *testing.T) {
	q := newSquare(t)
	p := q.publisher(send.Config{Topic: "orders", Name: "a", Layout: layout(4, 2)})
	for i := range 40 {
		q.publish(p, uint32(i%4), 100)
		q.pass(time.Millisecond)
	}
	q.pass(5 * time.Second)
	var at []reliable.Position
	for c, n := range []uint64{3, 0, 9} { // and nothing of partition 3
		at = append(at, reliable.Position{Topic: "orders", Publisher: "a", Session: 0xa0,
			Partition: uint32(c), Seq: n, Offset: n})
	}
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}}, Start: reliable.Resume, Positions: at})
	q.pass(3 * time.Second)
	for c, from := range []int{3, 0, 9, 0} {
		if !slices.EqualFunc(h.got[uint32(c)], p.sent[c][from:], bytes.Equal) {
			t.Errorf("partition %d: %d messages from %d on", c, len(h.got[uint32(c)]), from)
		}
	}
}

// The partitions of a session share its buffer: half of it is theirs in equal parts in any case,
// and the first that need it take the other half.
func TestPartitionsShareTheBuffer(t *testing.T) {
	l := newListener(t, Config{Memory: Memory{Buffer: 256 << 10}})
	for c := range uint32(4) {
		l.hears(channelData(t, 1, c, 0))
	}
	hear := func(c uint32, n uint64) (kept int) {
		for seq := range n {
			l.hears(channelData(t, 1, c, 2+seq)) // 1 is missing
		}
		for _, s := range l.Sessions() {
			if s.Partition == c {
				kept = s.BufferedBytes
			}
		}
		return kept
	}
	const one = 2 << 10 // a frame
	all := hear(0, 1000)
	if all < 160<<10-one || all > 160<<10 {
		t.Errorf("one takes %d bytes of its 32 KiB and the shared 128 KiB", all)
	}
	for c := uint32(1); c < 4; c++ {
		n := hear(c, 1000)
		if n < 32<<10-one || n > 32<<10 {
			t.Errorf("partition %d has %d bytes, and 32 KiB are its own", c, n)
		}
		all += n
	}
	if all > 256<<10 {
		t.Errorf("all have %d bytes of 256 KiB", all)
	}
}

// Nothing is allocated for the frames of several partitions and feeds.
func TestPartitionsAllocateNothing(t *testing.T) {
	l := newListener(t, Config{Feeds: 2})
	var events [8]reliable.Run
	other := rigFeed
	frames := make([][]byte, 0, 16*200)
	for seq := range uint64(200) {
		for c := range uint32(16) {
			frames = append(frames, channelData(t, 1, c, seq).Raw)
		}
	}
	next := 0
	f := decodable(t)
	step := func(n int) {
		for range n {
			for feed, from := range other {
				f.decode(frames[next])
				f.Feed = feed
				l.Handle(l.now, from, &f.Frame)
				for l.Poll(events[:]) > 0 {
				}
				for b, ok := l.Next(l.now); ok; b, ok = l.Next(l.now) {
					l.Sent(b)
				}
				l.Deadline()
			}
			next++
		}
	}
	step(16 * 50)
	if n := testing.AllocsPerRun(100, func() { step(16) }); n > 0 {
		t.Errorf("%v allocations for 16 frames by two feeds", n)
	}
	if st := l.Sessions(); len(st) != 16 || st[3].Delivered != uint64(next/16) ||
		st[3].Duplicates > 0 {
		t.Errorf("%d streams, %+v", len(st), st[3])
	}
}
