package checker

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// The promise about feeds: that one is down is told if nothing comes by it for a while and
// something by another, and only then; that it is up again is told as something comes.

// feeds is what came to a subscriber of a session by its feeds.
type feeds struct {
	list [world.MaxFeeds]feed
	last reliable.Time // when anything came by any
	// resumed is when something came after nothing had come by any for the pause.
	resumed reliable.Time
}

// feed is what came by one.
type feed struct {
	last reliable.Time // when anything came
	down bool          // it was told that it is down
	late bool          // that wasn't told in time
	// quiet is the longest time for which nothing came since the last word about it, up to now or
	// to something that came, and from is when that began.
	quiet time.Duration
	from  reliable.Time
	since reliable.Time // when that began about which the last word was that it is down
}

const (
	// downAfter is for how long at least nothing comes by a feed that is down, and downBy within
	// how long that is told.
	downAfter = 300 * time.Millisecond
	downBy    = 3 * time.Second
	// pause is for how long nothing comes by any feed as the publisher stands still.
	pause = downBy / 2
)

// several reports whether the session comes by several feeds.
func (p *pair) several() bool { return p.sub.Feeds() > 1 && p.s.Publisher.Feeds() > 1 }

// hearFeed notes a packet of the publisher's that came by a feed, and asks whether the silence of
// the others was told.
func (v *view) hearFeed(d *world.Datagram) {
	if !v.several() || d.Aside() || d.Holder != nil {
		return
	}
	switch d.Frame.Kind {
	case frame.Data, frame.Heartbeat, frame.Session, frame.Bye: // not what was asked for
	default:
		return
	}
	now, f := v.c.w.Now(), &v.follower.feeds
	if now.Sub(f.last) >= pause {
		f.resumed = now
	}
	f.last = now
	this := &f.list[d.Feed]
	this.lull(now)
	this.last, this.late = now, false
	if v.works || v.app.phase == 0 || v.app.over() || v.app.inquires() {
		return
	}
	for i := range min(v.sub.Feeds(), d.Session.Publisher.Feeds()) {
		one := &f.list[i]
		quiet := now.Sub(max(one.last, f.resumed, v.app.begun, v.woke))
		if i != d.Feed && one.last > v.app.begun && !one.down && !one.late &&
			quiet > downBy+v.bound() {
			one.late = true
			v.fail("nothing came by feed %d for %v, and it wasn't told that it is down", i, quiet)
		}
	}
}

// brings reports whether a packet by a feed counts: messages by a second feed of a session don't
// before there was anything else of their stream, and answers not before anything else of the
// session. A SESSION that names several feeds speaks for all of them.
func (v *view) brings(d *world.Datagram) bool {
	w, kind := v.follower, d.Frame.Kind
	switch answer := kind == frame.Repair || kind == frame.Confirm || kind == frame.Gone; {
	case !v.several():
		return true
	case !w.heard:
		w.firstBy, w.second = d.Feed, false
	case d.Feed == w.firstBy || w.second:
	case answer, kind == frame.Data && !v.pulse.heard:
		return false
	default:
		w.second = true
	}
	w.second = w.second || kind == frame.Session && len(d.Frame.Controls) > 1
	return true
}

// lull notes for how long nothing has come by a feed. The word that it is down waits, as others do,
// for what is missing before it.
func (f *feed) lull(now reliable.Time) {
	if now.Sub(f.last) > f.quiet {
		f.quiet, f.from = now.Sub(f.last), f.last
	}
}

// feed judges the word that a feed is down, or up again.
func (v *view) feed(ev *reliable.Event) {
	now := v.c.w.Now()
	if ev.Feed < 0 || ev.Feed >= v.sub.Feeds() {
		v.fail("%v is told of feed %d, and it has %d", ev.Kind, ev.Feed, v.sub.Feeds())
		return
	}
	f := &v.follower.feeds.list[ev.Feed]
	f.lull(now)
	switch ev.Kind {
	case reliable.FeedDown:
		if f.down {
			v.fail("feed %d is said to be down again, and wasn't up", ev.Feed)
		}
		if f.quiet < downAfter {
			v.fail("feed %d is said to be down, and was quiet for %v, not %v", ev.Feed, f.quiet,
				downAfter)
		}
		f.down, f.quiet, f.since = true, 0, f.from
	case reliable.FeedUp:
		switch {
		case !f.down:
			v.fail("feed %d is said to be up, and wasn't down", ev.Feed)
		case f.last <= f.since:
			v.fail("feed %d is said to be up, and nothing came by it since %s", ev.Feed,
				world.Stamp(f.last))
		}
		f.down = false
	}
}
