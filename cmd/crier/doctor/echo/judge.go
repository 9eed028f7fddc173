package echo

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
)

// Names of the checks.
const (
	nameEcho      = "echo"
	nameHops      = "hops"
	nameSource    = "addresses"
	nameGroup     = "same group"
	nameUnicast   = "unicast"
	nameTo        = "heard there"
	nameFrom      = "heard here"
	nameJoin      = "join time"
	nameTrip      = "round trip"
	nameReorder   = "order"
	nameDuplicate = "duplicates"
	nameMTU       = "path MTU"
	nameNACKTo    = "NACKs there"
	nameNACKFrom  = "NACKs here"
	nameBurst     = "burst"
	nameClock     = "clocks"
)

// OtherSenders is the name of the check for other senders in the group.
const OtherSenders = "other senders"

// verdicts gathers checks.
type verdicts struct{ list []check.Check }

func (v *verdicts) add(name string, s check.State, mend, format string, args ...any) {
	v.list = append(v.list, check.Check{Name: name, State: s, Mend: mend,
		Evidence: fmt.Sprintf(format, args...)})
}

// judge makes checks of the figures.
func (f *figures) judge() []check.Check {
	v := &verdicts{}
	if f.err != nil {
		f.judgeSilence(v)
		return v.list
	}
	v.add(nameEcho, check.OK, "", "%v answers (%s)", f.cfg.To, f.there.Name)
	f.judgeHops(v)
	f.judgeSource(v)
	f.judgeGroup(v)
	f.judgeUnicast(v)
	if f.sameGroup() {
		f.judgeMulticast(v)
		f.judgeOrder(v)
	}
	f.judgeTrips(v)
	f.judgeMTU(v)
	f.judgeNACKs(v)
	f.judgeBurst(v)
	f.judgeClock(v)
	v.list = append(v.list, f.senders.Check(f.cfg.Group))
	switch {
	case errors.Is(f.ended, context.Canceled):
		v.add(nameEcho, check.Unknown, "run it again", "the measurement was interrupted")
	case f.ended != nil:
		v.add(nameEcho, check.Unknown, "run it again", "the measurement ended early: %v", f.ended)
	}
	return v.list
}

// judgeSilence says why a Host may not answer.
func (f *figures) judgeSilence(v *verdicts) {
	start := "crier doctor echo --iface IFACE --group " + netflags.Quoted(f.cfg.Group.String())
	if f.cfg.To.Port() != DefaultPort {
		start += fmt.Sprintf(" --port %d", f.cfg.To.Port())
	}
	to := f.cfg.To
	switch {
	case errors.Is(f.err, syscall.ECONNREFUSED):
		v.add(nameEcho, check.Problem, "on that host: "+start,
			"%v is there, but nobody listens on UDP port %d: \"crier doctor echo\" doesn't run "+
				"there, or with another group or port", to.Addr(), to.Port())
	case errors.Is(f.err, syscall.EPERM):
		v.add(nameEcho, check.Problem, f.groupRule(f.ifi),
			"this host's own firewall refuses to send to %v", to)
	case errors.Is(f.err, syscall.EHOSTUNREACH) || f.arp == "incomplete":
		v.add(nameEcho, check.Problem, "ping "+to.Addr().String(),
			"no host answers for the address %v on %s (ARP in vain): it is down, on another "+
				"network or VLAN, or the address is wrong", to.Addr(), f.ifi)
	case errors.Is(f.err, syscall.ENETUNREACH):
		v.add(nameEcho, check.Problem, "ip route get "+to.Addr().String(),
			"this host has no route to %v", to.Addr())
	case errors.Is(f.err, errSilent) && f.arp == "complete":
		v.add(nameEcho, check.Problem, "on that host: "+ruleNamer("IFACE", to.Port()),
			"%v is on the network (ARP answers), but nothing came back from UDP port %d: a "+
				"firewall there drops what comes or what leaves, or one here what comes",
			to.Addr(), to.Port())
	case errors.Is(f.err, errSilent):
		v.add(nameEcho, check.Problem, "on that host: "+start,
			"nothing came back from %v: the host is down or can't be reached, or a firewall "+
				"drops UDP port %d", to, to.Port())
	default:
		v.add(nameEcho, check.Problem, "", "%v can't be asked: %v", to, f.err)
	}
}

// ruleNamer returns the command that names the rule of a host's firewall which drops what comes
// to a port, and that which mends it.
func ruleNamer(iface string, port uint16) string {
	return fmt.Sprintf("crier doctor --iface %s --control-port %d (it names the rule)", iface, port)
}

// groupRule returns the command that names the rule which drops the group's datagrams.
func (f *figures) groupRule(iface string) string {
	return fmt.Sprintf("crier doctor --iface %s --group %s (it names the rule)", iface,
		netflags.Quoted(f.cfg.Group.String()))
}

// judgeHops counts the routers, which take from the TTL.
func (f *figures) judgeHops(v *verdicts) {
	if f.ttl == 0 || f.there.TTL == 0 {
		v.add(nameHops, check.Unknown, "", "this system doesn't tell a datagram's TTL")
		return
	}
	to, from := sentTTL-f.there.TTL, sentTTL-f.ttl
	ttl := f.cfg.Link.TTL
	switch {
	case to <= 0 && from <= 0:
		v.add(nameHops, check.OK, "", "none: the TTL arrives as %d both ways", f.ttl)
	case to >= ttl:
		v.add(nameHops, check.Problem, fmt.Sprintf("crier pub --ttl %d, and a multicast router "+
			"(PIM) on the way", to+1),
			"%d there, %d back, but datagrams to the group have a TTL of %d and end before them",
			to, from, ttl)
	default:
		v.add(nameHops, check.Note, "", "%d there, %d back: multicast needs a router that "+
			"forwards groups (PIM)", to, from)
	}
}

// judgeSource compares addresses with those that arrive.
func (f *figures) judgeSource(v *verdicts) {
	var seen []string
	add := func(what string, want netip.Addr, sources []string) {
		for _, s := range sources {
			a, err := netip.ParseAddrPort(s)
			if err == nil && a.Addr().WithZone("") != want.WithZone("") {
				seen = append(seen, fmt.Sprintf("%s from %v arrives as from %v", what, want, s))
			}
		}
	}
	add("unicast", f.local, f.trip.there.Sources)
	add("multicast", f.local, f.group.there.Sources)
	add("multicast", f.cfg.To.Addr(), texts(f.group.here.sources))
	add("multicast", f.cfg.To.Addr(), texts(f.back.here.sources))
	if len(seen) == 0 {
		if !f.trip.done || f.trip.there.Received == 0 {
			v.add(nameSource, check.Unknown, "", "nothing arrived to tell it")
			return
		}
		v.add(nameSource, check.OK, "", "%v and %v, as they arrive", f.local, f.cfg.To.Addr())
		return
	}
	v.add(nameSource, check.Problem, "nft list table ip nat", "%s: an address translator is on "+
		"the way, or the host sends from another address; NACKs would go astray",
		strings.Join(seen, "; "))
}

func texts(list []netip.AddrPort) []string {
	var s []string
	for _, a := range list {
		s = append(s, a.String())
	}
	return s
}

// judgeGroup compares the groups of the two hosts.
func (f *figures) judgeGroup(v *verdicts) {
	here, there := f.cfg.Group, f.there.Group
	if f.sameGroup() {
		v.add(nameGroup, check.OK, "", "both use %v", here)
		return
	}
	what := "address and port"
	if g, err := netip.ParseAddrPort(there); err == nil {
		switch {
		case g.Addr() == here.Addr():
			what = "port"
		case g.Port() == here.Port():
			what = "address"
		}
	}
	v.add(nameGroup, check.Problem, fmt.Sprintf("use one: --group %s on both hosts",
		netflags.Quoted(here.String())),
		"the group's %s differs: this host uses %v, %s uses %s", what, here, f.there.Name, there)
	v.add(nameTo, check.Unknown, "", "not tried, since the groups differ")
	v.add(nameFrom, check.Unknown, "", "not tried, since the groups differ")
}

// noteClock is how far clocks may differ before it is worth a note.
const noteClock = 10 * time.Millisecond

func (f *figures) judgeClock(v *verdicts) {
	if f.trip.here.best == 0 {
		return
	}
	offset, margin := f.trip.here.offset, f.trip.here.best/2
	state, mend := check.OK, ""
	if offset.Abs() > noteClock+margin {
		state, mend = check.Note, "chronyc tracking (on both hosts)"
	}
	way := "ahead of"
	if offset < 0 {
		way = "behind"
	}
	v.add(nameClock, state, mend, "the other host's is %s %s this one's, give or take %s",
		cli.Duration(offset.Abs()), way, cli.Duration(margin))
}
