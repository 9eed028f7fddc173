package directory

import (
	"net/netip"
	"time"

	"crier/reliable"
)

const (
	// MaxPublishers is the number of publishers that are known at once.
	MaxPublishers = 16384
	// maxShare is how many of them one address may have. A host may run many.
	maxShare = MaxPublishers / 8
)

// roster is the set of publishers that were heard and are believed to live.
type roster struct {
	index  map[uint64]int // of a session in list
	list   []peer
	shares map[netip.Addr]int
	// swept is when those that are gone were last removed.
	swept reliable.Time
}

// peer is a publisher.
type peer struct {
	session uint64
	// from is the source of its announcements, on the feed by which it was found.
	from  netip.AddrPort
	feed  int
	heard reliable.Time
	// announced is the longest time until its next announcement, as it says.
	announced time.Duration
	// row is its row in a Listener's table, or nil.
	row *Row
}

// verdict tells what became of an announcement.
type verdict uint8

const (
	// fresh: its publisher is new.
	fresh verdict = iota
	// known: its publisher is known.
	known
	// aside: its publisher is known by another feed, and lives.
	aside
	// foreign: its publisher is known at another address.
	foreign
	// crowded: there is no room for its publisher.
	crowded
)

func newRoster() roster {
	return roster{index: map[uint64]int{}, shares: map[netip.Addr]int{}}
}

// size returns the number of publishers.
func (r *roster) size() int { return len(r.list) }

// find returns a publisher, or nil. It is valid until the roster changes.
func (r *roster) find(session uint64) *peer {
	i, ok := r.index[session]
	if !ok {
		return nil
	}
	return &r.list[i]
}

// hear notes an announcement. The publisher is nil if the verdict is foreign or crowded, and valid
// until the roster changes.
func (r *roster) hear(
	now reliable.Time, session uint64, from netip.AddrPort, feed int, announced time.Duration,
) (*peer, verdict) {
	if p := r.find(session); p != nil {
		switch {
		case p.from == from:
		case p.feed != feed:
			p.heard = now
			return p, aside
		default:
			// Its host may have got another address, but it doesn't speak from two.
			if now.Sub(p.heard) < lifetime(p.announced, r.size())/2 {
				return nil, foreign
			}
			r.move(p, from)
		}
		p.heard, p.announced = now, announced
		return p, known
	}
	addr := from.Addr()
	if len(r.list) >= MaxPublishers || r.shares[addr] >= maxShare {
		return nil, crowded
	}
	r.shares[addr]++
	r.index[session] = len(r.list)
	r.list = append(r.list, peer{session: session, from: from, feed: feed, heard: now,
		announced: announced})
	return &r.list[len(r.list)-1], fresh
}

// move changes the address of a publisher.
func (r *roster) move(p *peer, to netip.AddrPort) {
	r.leave(p.from.Addr())
	p.from = to
	r.shares[to.Addr()]++
}

// leave takes a publisher from the share of its address.
func (r *roster) leave(addr netip.Addr) {
	if r.shares[addr]--; r.shares[addr] == 0 {
		delete(r.shares, addr)
	}
}

// remove removes a publisher.
func (r *roster) remove(session uint64) {
	i, ok := r.index[session]
	if !ok {
		return
	}
	r.leave(r.list[i].from.Addr())
	delete(r.index, session)
	last := len(r.list) - 1
	if i != last {
		r.list[i] = r.list[last]
		r.index[r.list[i].session] = i
	}
	r.list[last] = peer{}
	r.list = r.list[:last]
}

// sweepEvery is the least time between two looks for publishers that are gone.
const sweepEvery = time.Second

// sweep removes the publishers that are gone, and calls gone, if not nil, with each of their rows.
func (r *roster) sweep(now reliable.Time, gone func(*Row)) {
	if now < r.swept.Add(sweepEvery) && r.swept != 0 {
		return
	}
	r.swept = now
	n := r.size()
	for i := len(r.list) - 1; i >= 0; i-- {
		p := &r.list[i]
		if now.Sub(p.heard) <= lifetime(p.announced, n) {
			continue
		}
		if p.row != nil && gone != nil {
			gone(p.row)
		}
		r.remove(p.session)
	}
}
