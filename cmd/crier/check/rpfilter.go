package check

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
)

// ReversePath asks whether the kernel drops what comes by the interface from addresses that it
// would not send to by it.
func ReversePath(f *host.Facts, q Question) Check {
	const name = "rp_filter"
	i := f.Interface()
	switch {
	case q.Group.Addr().Is6():
		return ok(name, "IPv6 has none")
	case i == nil:
		return noInterface(name)
	case f.ReversePath.Err != nil:
		return unknown(name, f.ReversePath.Err)
	case f.ReversePath.Value == 0:
		return ok(name, "off")
	case i.Loopback:
		return ok(name, "doesn't apply to %s", i.Name)
	}
	mode := "strict"
	if f.ReversePath.Value == 2 {
		mode = "loose"
	}
	// The larger of two settings counts, so that both have to be set.
	mend := fmt.Sprintf("sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.%s.rp_filter=0",
		strings.ReplaceAll(i.Name, ".", "/"))
	drops, total, err := f.Grown("TcpExt IPReversePathFilter")
	if err == nil && drops > 0 {
		return problem(name, mend, "%s, and it dropped %s%s: their senders' addresses aren't "+
			"reached by the interface that they came by", mode,
			cli.Counted(drops, "datagram", "datagrams"), span(f))
	}
	if q.Peer.IsValid() {
		if why := unreachable(f, i, q.Peer, mode); why != "" {
			return problem(name, mend, "%s, and %s: what comes from there is dropped", mode, why)
		}
		return ok(name, "%s; %s is reached by %s", mode, q.Peer, i.Name)
	}
	if total > 0 && mode == "strict" {
		return note(name, mend, "strict; it has dropped %s since the start, none of them now",
			cli.Counted(total, "datagram", "datagrams"))
	}
	return ok(name, "%s; it has dropped nothing", mode)
}

// unreachable says why the kernel would take a sender's address for forged, or nothing.
func unreachable(f *host.Facts, i *host.Interface, peer netip.Addr, mode string) string {
	r, known := f.Routes[peer]
	switch {
	case !known || r.Err != nil && !errors.Is(r.Err, host.ErrNoRoute):
		return ""
	case r.Err != nil:
		return fmt.Sprintf("there is no route to %s", peer)
	case mode == "strict" && r.Value.Interface != i.Name && !r.Value.Local:
		return fmt.Sprintf("the route to %s is by %s, not by %s", peer, r.Value.Interface, i.Name)
	}
	return ""
}

// span tells in which time counters have grown.
func span(f *host.Facts) string {
	if f.Before.At.IsZero() {
		return ""
	}
	return " in " + cli.Duration(f.After.At.Sub(f.Before.At).Round(100*time.Millisecond))
}
