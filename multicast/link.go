package multicast

import (
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
)

// Link is the state of a socket's interface at one moment.
type Link struct {
	// Up reports that the interface is up and has a link, and that the socket has an
	// address of it that can be used. Else no datagram comes or leaves.
	Up bool
	// MTU is the interface's, in bytes; 0 if unknown.
	MTU int
	// Local is the address and port that the socket is bound to.
	Local netip.AddrPort
}

// Datagram returns the size of the largest datagram that the interface takes whole, in
// bytes, or 0 if that is unknown.
func (l Link) Datagram() int {
	headers := 28 // of IPv4 and UDP
	if l.Local.Addr().Is6() {
		headers = 48
	}
	return max(0, l.MTU-headers)
}

// link is what the system says of an interface at one moment.
type link struct {
	name  string
	index int
	// mtu is 0 if it is unknown.
	mtu int
	// up reports that the interface is up and has a link.
	up bool
	// gone reports that the interface was removed; up is false.
	gone bool
}

// running reports whether an interface is up and has a link.
func running(flags net.Flags) bool {
	return flags&net.FlagUp != 0 && flags&net.FlagRunning != 0
}

// follower renews a socket's membership, or its outgoing interface, when the interface
// comes back after it was down or had been removed; and its address when the interface
// loses it. Only the watch's goroutine uses it.
type follower struct {
	// name stays when the interface is made again, and index changes.
	name  string
	index int
	up    bool
	// failed reports that the last renewal failed and is due again.
	failed bool

	renew func(old, index int) error
	// count counts successful renewals; nil if they are not counted.
	count *atomic.Uint64
	mtu   *atomic.Int64
	log   *slog.Logger

	// home is the socket's address; nil for a group's socket.
	home *home
	// tell is called with changes of the link; it may be nil. told is the last.
	tell func(Link)
	told Link
}

// begin logs an interface without a link. The first settle tells of that as a change.
func (f *follower) begin() {
	f.told = f.link()
	f.told.Up = true
	if !f.up {
		f.log.Warn("multicast: an interface is up, but has no link; nothing passes until it has",
			"interface", f.name)
	}
}

// observe notes the state of an interface, which may be another one.
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
			return // something else has changed
		}
		f.attempt(l.index)
	case l.index == f.index && f.up:
		f.up = false
		what := "went down"
		if l.gone {
			what = "was removed"
		}
		f.log.Warn("multicast: an interface "+what+"; nothing passes until it is back",
			"interface", f.name)
	}
}

// lost notes that changes may have been missed: an interface that is up then counts as
// having come back.
func (f *follower) lost() { f.up = false }

// retry repeats what failed.
func (f *follower) retry() {
	if f.failed && f.up {
		f.attempt(f.index)
	}
	if f.home != nil {
		f.home.failed = false // settle repeats the move
	}
}

// due reports whether something failed and is to be repeated.
func (f *follower) due() bool { return f.failed || f.home != nil && f.home.failed }

// attempt renews what the socket has of an interface that is up.
func (f *follower) attempt(index int) {
	old := f.index
	f.index, f.up = index, true
	err := f.renew(old, index)
	if err != nil {
		if !f.failed { // not at every retry
			f.log.Error("multicast: an interface is back, but cannot be used; trying again",
				"interface", f.name, "error", err)
		}
		f.failed = true
		return
	}
	f.failed = false
	if f.count != nil {
		f.count.Add(1)
	}
	// The level is that of the entry that it went down: its reader waits for this one.
	f.log.Warn("multicast: an interface is back", "interface", f.name, "index", index)
}

// settle follows the address after a number of changes, and tells of a new Link.
func (f *follower) settle() {
	if f.home != nil {
		f.home.settle(f.name, f.index, f.log)
	}
	if now := f.link(); f.tell != nil && now != f.told {
		f.told = now
		f.tell(now)
	}
}

// link returns the state of the socket's interface.
func (f *follower) link() Link {
	l := Link{Up: f.up && !f.failed, MTU: int(f.mtu.Load())}
	if f.home != nil {
		l.Up = l.Up && !f.home.lacks.Load()
		l.Local = f.home.local
	}
	return l
}
