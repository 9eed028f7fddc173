package multicast

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// failureInterval is the shortest time between two log entries about failed sends.
const failureInterval = 10 * time.Second

// failures counts sends that failed for a reason that is not the network's, and logs the
// first, and then at most one entry per interval. The goroutine that settles a change
// writes the entry, with neither the lock nor the send token, since a log may take its
// time.
type failures struct {
	// quiet is until when nothing is logged.
	quiet int64
	// datagrams counts those that were lost and not logged yet.
	datagrams int
	// to and err are the last one's.
	to  netip.AddrPort
	err error
}

// note counts the datagrams of a failed send.
func (f *failures) note(d Datagrams, err error) {
	if errors.Is(err, net.ErrClosed) {
		return // no operator is surprised by that
	}
	f.datagrams += d.count()
	f.to, f.err = d.To, err
}

// due returns what to log, if it is time; else its datagrams are 0.
func (f *failures) due(now int64) failures {
	if f.datagrams == 0 || now < f.quiet {
		return failures{}
	}
	told := *f
	f.quiet, f.datagrams = now+int64(failureInterval), 0
	return told
}

func (f *failures) log(to *slog.Logger) {
	to.Warn("multicast: a send failed; its datagrams are lost",
		"datagrams", f.datagrams, "destination", f.to, "error", f.err)
}
