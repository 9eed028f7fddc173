package multicast

import (
	"errors"
	"sync"
)

// Fan opens a unicast socket on each feed, as Socket does on cfg.Interface, and returns a Fan
// over them; or just the one Socket if there are no feeds. With feeds, cfg.Changed is called
// with the least MTU, with Up if one feed is up, and with the first feed's address; also when
// only another's address has changed.
func (c LinkConfig) Fan(cfg SocketConfig, feeds Feeds) (Conn, error) {
	if len(feeds) == 0 {
		return c.Socket(cfg)
	}
	links := &linkSum{changed: cfg.Changed, ready: make(chan struct{})}
	var conns []Conn
	fail := func(err error) (Conn, error) {
		close(links.ready)
		for _, o := range conns {
			err = errors.Join(err, o.Close())
		}
		return nil, err
	}
	group := cfg.Group
	for i, feed := range feeds {
		one := cfg
		one.Interface, one.Feed, one.Group = feed.Interface, i, feeds.Translate(i, group)
		if cfg.Changed != nil {
			one.Changed = func(l Link) { links.set(i, l) }
		}
		conn, err := c.Socket(one)
		if err != nil {
			return fail(feeds.blame(i, err))
		}
		for j, o := range conns {
			if o.LocalAddr().Addr() == conn.LocalAddr().Addr() &&
				feeds.Translate(j, group) == one.Group {
				conns = append(conns, conn)
				return fail(badConfig("feeds", feeds.String(), "have one interface twice, "+
					"that of %v, with one group; two feeds need two interfaces, or two groups",
					conn.LocalAddr().Addr()))
			}
		}
		conns = append(conns, conn)
	}
	links.begin(conns)
	return NewFan(feeds, conns), nil
}

// linkSum is the state of several feeds' links.
type linkSum struct {
	changed func(Link)
	// ready is closed when all sockets are open, or one failed to.
	ready chan struct{}

	// mu guards what follows, and is held while changed is called.
	mu sync.Mutex
	// links has each feed's; nil if a socket failed to open.
	links []Link
}

// begin fills in the links of sockets that have told nothing yet.
func (s *linkSum) begin(conns []Conn) {
	for _, c := range conns {
		s.links = append(s.links, Link{Up: true, MTU: c.Stats().MTU, Local: c.LocalAddr()})
	}
	close(s.ready)
}

// set notes a feed's link, and tells of the sum.
func (s *linkSum) set(feed int, l Link) {
	<-s.ready
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.links == nil {
		return
	}
	s.links[feed] = l
	sum := Link{Local: s.links[0].Local}
	for _, l := range s.links {
		sum.Up = sum.Up || l.Up
		if l.MTU > 0 && (sum.MTU == 0 || l.MTU < sum.MTU) {
			sum.MTU = l.MTU
		}
	}
	s.changed(sum)
}
