package multicast

import (
	"log/slog"
	"sync/atomic"
)

// link is what is known of an interface at one moment.
type link struct {
	name  string
	index int
	mtu   int  // 0 if unknown
	up    bool // up, and with a link
	gone  bool // removed; up is false
}

// follower renews what a socket has of an interface, its membership or its way
// out, when the interface comes back after it was down or had been removed.
// One goroutine, the watch's, uses it.
type follower struct {
	name   string // the interface keeps it when it is made again
	index  int
	up     bool
	failed bool // the last renewal failed and is due again

	renew func(old, index int) error
	count *atomic.Uint64 // successful renewals; nil if they are not counted
	mtu   *atomic.Int64
	log   *slog.Logger
}

// begin says so if there is nothing to hear yet.
func (f *follower) begin() {
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
}

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
	f.log.Info("multicast: an interface is back", "interface", f.name, "index", index)
}
