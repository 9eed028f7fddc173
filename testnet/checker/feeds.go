package checker

import (
	"time"

	"crier/reliable"
	"crier/testnet/world"
)

// The promise about feeds: that one is down is told if nothing comes by it for a while and
// something by another, and only then; that it is up again is told as something comes.

// feeds is what came to a subscriber of a session by each feed.
type feeds [world.MaxFeeds]struct {
	last reliable.Time // when anything came
	told reliable.Time // when it was told that it is down; 0: it is up
	late bool          // that wasn't told in time
}

const (
	// downAfter is for how long at least nothing comes by a feed that is down, and downBy within
	// how long that is told.
	downAfter = 300 * time.Millisecond
	downBy    = 3 * time.Second
)

// hearFeed notes a packet of the publisher's that came by a feed, and asks whether the silence of
// the others was told.
func (v *view) hearFeed(d *world.Datagram) {
	if v.sub.Feeds() == 1 || d.Session.Publisher.Feeds() == 1 {
		return
	}
	now, f := v.c.w.Now(), &v.follower.feeds
	f[d.Feed].last, f[d.Feed].late = now, false
	if v.works || v.app.phase == 0 || v.app.over() || v.app.inquires() {
		return
	}
	for i := range min(v.sub.Feeds(), d.Session.Publisher.Feeds()) {
		quiet := now.Sub(max(f[i].last, v.app.begun, v.woke))
		if i != d.Feed && f[i].told == 0 && quiet > downBy && !f[i].late {
			f[i].late = true
			v.fail("nothing came by feed %d for %v, and it wasn't told that it is down", i, quiet)
		}
	}
}

// feed judges the word that a feed is down, or up again.
func (v *view) feed(ev *reliable.Event) {
	now := v.c.w.Now()
	if ev.Feed < 0 || ev.Feed >= v.sub.Feeds() {
		v.fail("%v is told of feed %d, and it has %d", ev.Kind, ev.Feed, v.sub.Feeds())
		return
	}
	f := &v.follower.feeds[ev.Feed]
	switch ev.Kind {
	case reliable.FeedDown:
		if f.told != 0 {
			v.fail("feed %d is said to be down again, and wasn't up", ev.Feed)
		}
		if quiet := now.Sub(f.last); quiet < downAfter {
			v.fail("feed %d is said to be down, and was quiet for %v, not %v", ev.Feed, quiet,
				downAfter)
		}
		f.told = max(now, 1)
	case reliable.FeedUp:
		switch {
		case f.told == 0:
			v.fail("feed %d is said to be up, and wasn't down", ev.Feed)
		case f.last < f.told && !v.works:
			v.fail("feed %d is said to be up, and nothing came by it since %s", ev.Feed,
				world.Stamp(f.last))
		}
		f.told = 0
	}
}
