package world

import (
	"fmt"
	"net/netip"

	"crier/testnet/link"
)

// Feeds are networks that carry the same datagrams side by side. A host with several has an
// address on each, and links and a segment of its own; what a publisher sends to a group goes
// over all of its feeds, and what is sent to an address over that one's feed.

// MaxFeeds is the greatest number of feeds.
const MaxFeeds = 4

// Feed is a subscriber's way to the group besides its first one: its place on another network.
type Feed struct {
	// Segment, Down and Up are as those of a SubscriberConfig.
	Segment  *Segment
	Down, Up link.Config
}

// feeds returns how many feeds the subscriber has.
func (c *SubscriberConfig) feeds() int { return 1 + len(c.Feeds) }

// segment returns the segment that the subscriber is behind on a feed, or nil.
func (c *SubscriberConfig) segment(feed int) *Segment {
	if feed == 0 {
		return c.Segment
	}
	return c.Feeds[feed-1].Segment
}

// links returns how the links from and to a publisher behave on a feed.
func (c *SubscriberConfig) links(feed int) (down, up link.Config) {
	if feed == 0 {
		return c.Down, c.Up
	}
	return c.Feeds[feed-1].Down, c.Feeds[feed-1].Up
}

// validateFeeds returns the first mistake in a subscriber's feeds.
func (w *World) validateFeeds(c *SubscriberConfig) error {
	if c.feeds() > MaxFeeds {
		return fmt.Errorf("testnet: %s has %d feeds, and may have %d", c.Name, c.feeds(), MaxFeeds)
	}
	for i := range c.feeds() {
		g := c.segment(i)
		if g != nil && g.w != w {
			return fmt.Errorf("testnet: %s: segment %v is part of another World", c.Name, g)
		}
		if g != nil && g.feed != i && len(g.subs) > 0 {
			return fmt.Errorf("testnet: %s: segment %v is part of feed %d, and not of feed %d",
				c.Name, g, g.feed, i)
		}
		down, up := c.links(i)
		if err := down.Validate(); err != nil {
			return fmt.Errorf("%w (the way down to %s)", err, c.Name)
		}
		if err := up.Validate(); err != nil {
			return fmt.Errorf("%w (the way up from %s)", err, c.Name)
		}
	}
	return nil
}

// onFeed returns the address of a host on a feed.
func onFeed(a netip.AddrPort, feed int) netip.AddrPort {
	if feed == 0 {
		return a
	}
	b := a.Addr().As4()
	b[0] = 10 + byte(feed)
	return netip.AddrPortFrom(netip.AddrFrom4(b), a.Port())
}

// feedOf returns the feed that an address is on, and the address of its host on the first.
func feedOf(a netip.AddrPort) (netip.AddrPort, int) {
	if !a.Addr().Is4() {
		return a, 0
	}
	b := a.Addr().As4()
	feed := int(b[0]) - 10
	if feed <= 0 || feed >= MaxFeeds {
		return a, 0
	}
	b[0] = 10
	return netip.AddrPortFrom(netip.AddrFrom4(b), a.Port()), feed
}

// by returns the packet as it goes over a feed.
func (p *Datagram) by(feed int) *Datagram {
	if feed == p.Feed {
		return p
	}
	other := *p
	other.Feed, other.From = feed, onFeed(p.From, feed)
	if other.Frame != nil {
		other.Frame = &other.frame
	}
	return &other
}

// FeedDown returns the link from a publisher to a subscriber on a feed, to look at or to
// change; FeedUp the one back. They are nil where one of the two isn't on that feed.
func (w *World) FeedDown(p *Publisher, s *Subscriber, feed int) *link.Link {
	if way := p.way(s, feed); way != nil {
		return way.down
	}
	return nil
}

// FeedUp returns the link from a subscriber to a publisher on a feed.
func (w *World) FeedUp(s *Subscriber, p *Publisher, feed int) *link.Link {
	if way := p.way(s, feed); way != nil {
		return way.up
	}
	return nil
}

// way returns the way between the publisher and a subscriber on a feed, or nil.
func (p *Publisher) way(s *Subscriber, feed int) *path {
	if feed >= len(p.paths) || p.paths[feed][s.index].down == nil {
		return nil
	}
	return &p.paths[feed][s.index]
}

// Feeds returns how many feeds the publisher sends over, and the subscriber listens on.
func (p *Publisher) Feeds() int { return len(p.paths) }

// Feeds returns how many feeds the subscriber listens on.
func (s *Subscriber) Feeds() int { return s.cfg.feeds() }
