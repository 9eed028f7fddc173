package echo

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
)

// grouped formats a number.
func grouped[T int | uint64](n T) string { return cli.Grouped(uint64(n)) }

// quantile returns a quantile of durations.
func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[min(int(q*float64(len(list))), len(list)-1)]
}

func (f *figures) judgeTrips(v *verdicts) {
	var parts []string
	for _, s := range []struct {
		name  string
		trips []time.Duration
	}{{"unicast", f.trip.here.trips}, {"multicast", f.group.here.trips}} {
		if len(s.trips) > 0 {
			parts = append(parts, fmt.Sprintf("%s p50 %s, p99 %s", s.name,
				cli.Duration(quantile(s.trips, 0.5)), cli.Duration(quantile(s.trips, 0.99))))
		}
	}
	if len(parts) > 0 {
		v.add(nameTrip, check.OK, "", "%s", strings.Join(parts, "; "))
	}
}

func (f *figures) judgeMTU(v *verdicts) {
	if f.mtuTo == 0 || f.mtuFrom == 0 {
		v.add(nameMTU, check.Unknown, "", "not measured")
		return
	}
	head := headers(f.local)
	text := fmt.Sprintf("%s there, %s back: datagrams of %s B and %s B pass; the interfaces "+
		"have %s here, %s there", grouped(f.mtuTo+head), grouped(f.mtuFrom+head), grouped(f.mtuTo),
		grouped(f.mtuFrom), grouped(f.mtu), grouped(f.there.MTU))
	path := min(f.mtuTo, f.mtuFrom) + head
	switch {
	case path < f.mtu || path < f.there.MTU:
		var mends []string
		if f.mtu > path {
			mends = append(mends, fmt.Sprintf("ip link set %s mtu %d", f.ifi, path))
		}
		if f.there.MTU > path {
			mends = append(mends, fmt.Sprintf("on %s: ip link set %s mtu %d", f.there.Name,
				f.there.Iface, path))
		}
		v.add(nameMTU, check.Problem, strings.Join(mends, "; "),
			"%s, and larger ones vanish without a word", text)
	default:
		v.add(nameMTU, check.OK, "", "%s", text)
	}
}

func (f *figures) judgeNACKs(v *verdicts) {
	one := func(name string, n arrivals, to netip.AddrPort, by, here, at, there string) {
		on := ""
		if at != "" {
			on = "on " + at + ": "
		}
		switch {
		case n.sent == 0:
			v.add(name, check.Unknown, "", "not tried")
		case n.refused >= n.sent:
			where := ""
			if by != "this host" {
				where = "on " + by + ": "
			}
			v.add(name, check.Problem, where+f.groupRule(here),
				"the kernel of %s refused to send to %v: its firewall drops what leaves", by, to)
		case n.received == 0:
			v.add(name, check.Problem, on+ruleNamer(there, to.Port()),
				"none of %s datagrams from a new port of %s reached %v: a firewall drops NACKs, "+
					"and nothing would be repaired", grouped(n.sent), by, to)
		default:
			v.add(name, check.OK, "", "%s datagrams to %v came from a new port",
				of(n.received, n.sent), to)
		}
	}
	one(nameNACKTo, f.nackTo, netip.AddrPortFrom(f.cfg.To.Addr(), f.there.Control), "this host",
		f.ifi, f.there.Name, f.there.Iface)
	one(nameNACKFrom, f.nackFrom, netip.AddrPortFrom(f.local, f.control), f.there.Name,
		f.there.Iface, "", f.ifi)
}
