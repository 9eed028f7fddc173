package multicast

import (
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// refusalInterval is the shortest time between two log entries about one kind of refusal: a
// link that is down refuses hundreds of thousands of datagrams a second.
const refusalInterval = 10 * time.Second

// refusals counts the datagrams that the kernel refused, and logs them, once for each kind
// of error and interval.
type refusals struct {
	log    *slog.Logger
	ifname string
	count  *counters

	mu    sync.Mutex
	kinds map[syscall.Errno]*refusal
}

// refusal is one kind.
type refusal struct {
	logged time.Time
	// datagrams counts those since it was logged.
	datagrams uint64
}

func newRefusals(log *slog.Logger, ifname string, count *counters) *refusals {
	return &refusals{
		log: log, ifname: ifname, count: count, kinds: make(map[syscall.Errno]*refusal),
	}
}

// note counts datagrams to one address that were refused with err.
func (r *refusals) note(to netip.AddrPort, err error, datagrams int) {
	r.count.sendErrors.Add(uint64(datagrams))
	var errno syscall.Errno // 0, a kind like any other, if err is not the system's
	errors.As(err, &errno)

	r.mu.Lock()
	k := r.kinds[errno]
	if k == nil {
		k = new(refusal)
		r.kinds[errno] = k
	}
	k.datagrams += uint64(datagrams)
	now := time.Now()
	quiet := !k.logged.IsZero() && now.Sub(k.logged) < refusalInterval
	n := k.datagrams
	if !quiet {
		k.logged, k.datagrams = now, 0
	}
	r.mu.Unlock()

	if !quiet {
		r.log.Warn("multicast: the kernel refused datagrams, which are lost on this interface",
			"error", err, "datagrams", n, "destination", to, "interface", r.ifname,
			"hint", hint(err))
	}
}
