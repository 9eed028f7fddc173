package checker

import (
	"slices"
	"strings"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/testnet/world"
)

// What the streams of one session share: the budgets of its publisher, and at each subscriber
// the STATUS and the order within a key. A session at rest costs few datagrams, however many
// partitions it has.

// whole is what the Checker knows of a session's publisher beside its streams.
type whole struct {
	spent spent
	rest  rest
}

// rest is how many datagrams a publisher sends that has nothing to do.
type rest struct {
	busy  reliable.Time // when it last sent or heard anything but what passes at rest
	from  reliable.Time // of the second that is counted
	count int
}

const (
	// restAfter is how long after the last of its work a publisher is at rest: heartbeats have
	// become rare by then.
	restAfter = 3 * time.Second
	// restHome and restEach are how many datagrams a second it sends at rest, in all and for
	// each partition: 60 with 16 partitions.
	restHome, restEach = 12, 3
)

// sent counts a datagram that the publisher sends at a time, and returns how many it has sent
// in a second of rest.
func (r *rest) sent(now reliable.Time, f *frame.Frame) int {
	if f.Kind != frame.Heartbeat && f.Kind != frame.Session {
		r.busy, r.count = now, 0
	}
	if now.Sub(r.busy) < restAfter {
		r.from, r.count = now, 0
		return 0
	}
	if now.Sub(r.from) >= time.Second {
		r.from, r.count = now, 0
	}
	r.count++
	return r.count
}

// heard notes what came to the publisher: a question is answered.
func (r *rest) heard(now reliable.Time, f *frame.Frame) {
	if f.Kind != frame.Status || f.Flags&frame.WantSession != 0 {
		r.busy = now
	}
}

// judgeRest asks whether a publisher that has nothing to do sends more than it may.
func (t *truth) judgeRest(now reliable.Time, f *frame.Frame) {
	partitions := len(t.s.Publisher.Streams())
	if most := restHome + restEach*partitions; t.rest.sent(now, f) > most {
		t.c.fail("%v sends more than %d datagrams in a second of rest, with %d partitions",
			t.s.Publisher, most, partitions)
		t.rest.busy = now
	}
}

// follower is what a subscriber and a whole session share.
type follower struct {
	first    *world.Session
	life     life
	heard    bool          // anything at all of the session
	age      time.Duration // how old its first frame was
	opened   bool          // with topics: a SESSION was heard
	addr     address       // move.go: where the publisher is
	feeds    feeds         // feeds.go: what came by each
	statuses *statuses
	firstBy  int           // the feed by which the session was heard first
	second   bool          // it was heard by another one, too
	nacks    int           // that it sent the publisher
	data     bool          // some came from the publisher: its address is proven
	keys     index[string] // that it was told of
	orders   []uint64      // of the last message with each, among all of the session
}

// follower returns what a subscriber and the session of a stream share.
func (e *ear) follower(c *Checker, s *world.Session) *follower {
	first := c.w.Sessions()[s.Index()-int(s.Partition)]
	for _, one := range e.followers {
		if one.first == first {
			return one
		}
	}
	one := &follower{first: first, life: life{interval: 100 * time.Millisecond}}
	e.followers = append(e.followers, one)
	return one
}

// siblings returns the views of all streams of the session, some of which may be nil.
func (v *view) siblings() []*view {
	views := v.c.ear(v.sub).views
	first := v.s.Index() - int(v.s.Partition)
	return views[min(first, len(views)):min(first+len(v.s.Publisher.Streams()), len(views))]
}

// opens reports whether a packet of the publisher's is taken by a subscriber that follows topics:
// one of a session of which it has heard SESSION, or that it has begun, and of a partition that it
// wants. Of others SESSION tells that the publisher lives.
func (v *view) opens(d *world.Datagram) bool {
	if len(v.cfg.Receiver.Topics) == 0 {
		return true
	}
	now, w := v.c.w.Now(), v.follower
	begun := func(o *view) bool { return o != nil && o.app.phase != 0 }
	if w.opened && now.Sub(w.life.lastHeard) >= v.pulse.silence() &&
		!slices.ContainsFunc(v.siblings(), begun) {
		w.opened, w.heard = false, false // it is forgotten
		for _, o := range v.siblings() {
			if o != nil {
				o.pulse.heard = o.pulse.heard && (o.start.hasData || o.start.hasBeat)
				w.heard = w.heard || o.pulse.heard
			}
		}
	}
	switch {
	case d.Frame.Kind == frame.Session:
		w.opened = true
	case !w.opened:
		w.opened = slices.ContainsFunc(v.sub.Sessions(),
			func(st receive.SessionStats) bool { return st.ID == v.s.ID })
	}
	if w.opened && !v.sub.Wants(v.s) {
		if d.Frame.Kind == frame.Session && v.brings(d) && !v.elsewhere(d) {
			v.meet(d)
			w.life.aliveBy(now, d.Frame.Time)
		}
		return false
	}
	return w.opened
}

// looksBack reports whether a subscriber takes up sessions by the word of a holder.
func (v *view) looksBack() bool {
	past := v.cfg.Receiver.Start != reliable.Latest && v.cfg.Receiver.Start != reliable.Resume ||
		len(v.cfg.Receiver.Positions) > 0
	return past && !v.recovery.Off
}

// revives notes that the word of a holder may let a subscriber take up the session.
func (v *view) revives(f *frame.Frame) {
	if f.Kind == frame.Digest && f.Flags&frame.Live == 0 && v.looksBack() {
		v.follower.opened = true
	}
}

// judgeOrder asks whether a message comes behind all that were published before it with its
// key, in whatever partition.
func (v *view) judgeOrder(offset uint64) {
	key := v.s.Properties(offset).Key()
	if len(key) == 0 || !v.inOrder {
		return
	}
	one, order := v.follower, v.s.Order(offset)
	i, ok := one.keys.find(string(key), strings.Compare)
	if !ok {
		i = len(one.orders)
		one.keys.add(string(key), strings.Compare, i)
		one.orders = append(one.orders, order)
		return
	}
	if order <= one.orders[i] {
		v.fail("offset %d of partition %d, with the key %q, is message %d of the session, and "+
			"comes behind message %d with that key", offset, v.s.Partition, key, order, one.orders[i])
	}
	one.orders[i] = order
}
