package multicast

import (
	"net/netip"
	"sync"
)

// routeSize is how many addresses a route knows at least of those heard last.
const routeSize = 4096

// route knows by which feed an address was heard last, the port with it: the sockets of one
// machine may listen to different feeds, and each knows the publisher by its own. Of more than
// routeSize addresses it forgets those that were not heard for the longest time.
type route struct {
	// last has each feed's last address. The Loop's lock guards it.
	last [MaxFeeds]netip.AddrPort

	mu sync.Mutex
	// recent and older hold feeds by address. When recent is full, it becomes older.
	recent, older map[netip.AddrPort]int
}

func (r *route) init() {
	r.recent = make(map[netip.AddrPort]int)
	r.older = make(map[netip.AddrPort]int)
}

// heard notes where datagrams came from. The caller holds the Loop's lock.
func (r *route) heard(ps []Packet) {
	for i := range ps {
		from, feed := ps[i].From, ps[i].Feed
		if uint(feed) < MaxFeeds && r.last[feed] != from {
			r.last[feed] = from
			r.note(from, feed)
		}
	}
}

// note notes where an address was heard.
func (r *route) note(from netip.AddrPort, feed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.recent) >= routeSize {
		if _, known := r.recent[from]; !known {
			r.recent, r.older = r.older, r.recent
			clear(r.recent)
		}
	}
	r.recent[from] = feed
}

// feed returns where to send to an address: the first feed, if it was not heard.
func (r *route) feed(to netip.AddrPort) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if feed, ok := r.recent[to]; ok {
		return feed
	}
	return r.older[to]
}
