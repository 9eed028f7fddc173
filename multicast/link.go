package multicast

import (
	"log/slog"
	"net/netip"
	"sync/atomic"
)

// Link is how a socket stands with its interface at one moment.
type Link struct {
	// Up says that the interface is up and has a link, and the socket an address of
	// it that can be used. Else nothing comes or leaves.
	Up bool
	// MTU is the interface's, in bytes; 0 if unknown.
	MTU int
	// Local is the address and port that the socket is bound to.
	Local netip.AddrPort
}

// Datagram returns the largest datagram that the interface takes whole, in bytes, or 0
// if that is unknown.
func (l Link) Datagram() int {
	headers := 28 // of IPv4 and UDP
	if l.Local.Addr().Is6() {
		headers = 48
	}
	return max(0, l.MTU-headers)
}

// link is what is known of an interface at one moment.
type link struct {
	name  string
	index int
	mtu   int  // 0 if unknown
	up    bool // up, and with a link
	gone  bool // removed; up is false
}

// follower renews what a socket has of an interface, its membership or its way
// out, when the interface comes back after it was down or had been removed; and its
// address, when that goes. One goroutine, the watch's, uses it.
type follower struct {
	name   string // the interface keeps it when it is made again
	index  int
	up     bool
	failed bool // the last renewal failed and is due again

	renew func(old, index int) error
	count *atomic.Uint64 // successful renewals; nil if they are not counted
	mtu   *atomic.Int64
	log   *slog.Logger

	home *home      // the socket's address; nil for a group's
	tell func(Link) // hears of changes; nil if nobody does
	told Link       // what it heard last
}

// begin says so if there is nothing to hear yet. Whoever is told learns of it by the
// first settle.
func (f *follower) begin() {
	f.told = f.link()
	f.told.Up = true
	if !f.up {
		f.log.Warn("multicast: an interface is up, but has no link; nothing passes until it has", "interface", f.name)
	}
}

// observe takes in what became of an interface, ours or another.
func (f *follower) observe(l link) {
	if l.name != f.name && l.index != f.index {
		return
	}
	switch {
	case l.up:
		if l.mtu > 0 {
			f.mtu.Store(int64(l.mtu))
		}
		if f.up && l.index == f.index && !f.failed {
			return // a change of something else
		}
		f.attempt(l.index)
	case l.index == f.index && f.up:
		f.up = false
		f.log.Warn("multicast: an interface went down; nothing passes until it is back", "interface", f.name, "removed", l.gone)
	}
}

// lost says that changes may have been missed: what is up then counts as
// having come back.
func (f *follower) lost() { f.up = false }

// retry tries again what failed.
func (f *follower) retry() {
	if f.failed && f.up {
		f.attempt(f.index)
	}
	if f.home != nil {
		f.home.failed = false // settle tries again
	}
}

// due says whether something failed and is to be tried again.
func (f *follower) due() bool { return f.failed || f.home != nil && f.home.failed }

func (f *follower) attempt(index int) {
	old := f.index
	f.index, f.up = index, true
	err := f.renew(old, index)
	if err != nil {
		if !f.failed { // not at every retry
			f.log.Error("multicast: an interface is back, but cannot be used; trying again", "interface", f.name, "error", err)
		}
		f.failed = true
		return
	}
	f.failed = false
	if f.count != nil {
		f.count.Add(1)
	}
	// As loud as that it went: who has heard the one waits for the other.
	f.log.Warn("multicast: an interface is back", "interface", f.name, "index", index)
}

// settle follows, after some changes, the address that is left, and tells how the
// socket stands now.
func (f *follower) settle() {
	if f.home != nil {
		f.home.settle(f.name, f.index, f.log)
	}
	if now := f.link(); f.tell != nil && now != f.told {
		f.told = now
		f.tell(now)
	}
}

func (f *follower) link() Link {
	l := Link{Up: f.up && !f.failed, MTU: int(f.mtu.Load())}
	if f.home != nil {
		l.Up = l.Up && !f.home.lacks.Load()
		l.Local = f.home.local
	}
	return l
}
