package echo

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"crier/cmd/crier/check"
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
	nameOthers    = "other senders"
)

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
	if f.ended != nil {
		v.add(nameEcho, check.Unknown, "run it again", "the measurement ended early: %v", f.ended)
	}
	return v.list
}

// judgeSilence says why a Host may not answer.
func (f *figures) judgeSilence(v *verdicts) {
	start := fmt.Sprintf("crier doctor echo --iface IFACE --group %v", f.cfg.Group)
	if f.cfg.Port != 0 || f.cfg.To.Port() != f.cfg.EchoPort() {
		start += fmt.Sprintf(" --port %d", f.cfg.To.Port())
	}
	to := f.cfg.To
	switch {
	case errors.Is(f.err, syscall.ECONNREFUSED):
		v.add(nameEcho, check.Problem, "on that host: "+start,
			"%v is there, but nobody listens on UDP port %d: \"crier doctor echo\" doesn't run "+
				"there, or with another group or port", to.Addr(), to.Port())
	case errors.Is(f.err, syscall.EPERM):
		v.add(nameEcho, check.Problem, "nft list ruleset",
			"this host's own firewall refuses to send to %v", to)
	case errors.Is(f.err, syscall.EHOSTUNREACH) || f.arp == "incomplete":
		v.add(nameEcho, check.Problem, "ping "+to.Addr().String(),
			"no host answers for the address %v on %s (ARP in vain): it is down, on another "+
				"network or VLAN, or the address is wrong", to.Addr(), f.ifi)
	case errors.Is(f.err, syscall.ENETUNREACH):
		v.add(nameEcho, check.Problem, "ip route get "+to.Addr().String(),
			"this host has no route to %v", to.Addr())
	case errors.Is(f.err, errSilent) && f.arp == "complete":
		v.add(nameEcho, check.Problem, fmt.Sprintf("on that host: nft add rule inet filter input "+
			"udp dport %d accept", to.Port()),
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
		v.add(nameSource, check.OK, "", "%v here and %v there, as the other host sees them",
			f.local, f.cfg.To.Addr())
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

// judgeGroup compares what the two hosts were told.
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
	v.add(nameGroup, check.Problem, fmt.Sprintf("use one: --group %v on both hosts", here),
		"the group's %s differs: this host uses %v, %s uses %s", what, here, f.there.Name, there)
	v.add(nameTo, check.Unknown, "", "not tried, since the groups differ")
	v.add(nameFrom, check.Unknown, "", "not tried, since the groups differ")
}

// lost returns a share in percent.
func lost(sent, received int) float64 {
	if sent <= 0 {
		return 0
	}
	return 100 * float64(max(sent-received, 0)) / float64(sent)
}

// Shares of loss, in percent, that are worth a note, and a problem.
const (
	noteLoss    = 0.01
	problemLoss = 0.2
)

func lossState(share float64) check.State {
	switch {
	case share >= problemLoss:
		return check.Problem
	case share >= noteLoss:
		return check.Note
	}
	return check.OK
}

func (f *figures) judgeUnicast(v *verdicts) {
	w := &f.trip
	if !w.done {
		return
	}
	to, from := lost(w.sent, w.there.Received), lost(w.there.Answered, w.here.received)
	state, mend := lossState(max(to, from)), ""
	if state == check.Problem {
		mend = "ethtool -S " + f.ifi
	}
	v.add(nameUnicast, state, mend, "%d of %d arrived there, %d of %d came back: loss %.2f %% and "+
		"%.2f %%", w.there.Received, w.sent, w.here.received, w.there.Answered, to, from)
}

// judgeMulticast says whether the group is heard, each way, and with what loss.
func (f *figures) judgeMulticast(v *verdicts) {
	if f.joinErr != nil {
		v.add(nameFrom, check.Problem, "", "%v", f.joinErr)
	}
	f.judgeTo(v)
	if f.joinErr == nil {
		f.judgeFrom(v)
	}
	if f.joined > 0 {
		v.add(nameJoin, check.OK, "", "%v from joining to the first datagram",
			f.joined.Round(10*time.Microsecond))
	}
}

func (f *figures) judgeTo(v *verdicts) {
	w := f.flood
	if !w.done {
		w = f.group
	}
	if !w.done {
		v.add(nameTo, check.Unknown, "", "not tried")
		return
	}
	if w.there.Received == 0 {
		f.judgeDeaf(v, nameTo, f.there.Name, f.there.Iface, f.group.sent+f.lone.sent,
			f.lone.sent, f.lone.there.Kernel, f.lone.done)
		return
	}
	f.judgeLoss(v, nameTo, w.sent, w.there.Received, w.there.KernelDrops,
		"on "+f.there.Name+": ", f.there.Iface)
}

func (f *figures) judgeFrom(v *verdicts) {
	w, answered := f.flood, f.flood.there.Answered
	if !w.done {
		w, answered = f.group, f.group.there.Answered
	}
	if f.back.done {
		w, answered = f.back, f.back.there.Answered
	}
	answered -= int(w.there.Refused)
	switch {
	case !w.done || w.there.Received == 0:
		v.add(nameFrom, check.Unknown, "", "not tried")
	case answered <= 0 && w.there.Refused > 0:
		v.add(nameFrom, check.Problem, "on "+f.there.Name+": nft list ruleset",
			"%s's own kernel refused all %d datagrams to %v: a firewall there drops what leaves",
			f.there.Name, w.there.Refused, f.cfg.Group)
	case w.here.received == 0:
		f.judgeDeaf(v, nameFrom, "this host", f.ifi, answered, answered, w.kernel, true)
	default:
		f.judgeLoss(v, nameFrom, answered, w.here.received, f.hereDrops, "", f.ifi)
	}
}

// judgeDeaf says how far datagrams to the group came, of which none was heard.
func (f *figures) judgeDeaf(
	v *verdicts, name, host, ifi string, sent, alone int, kernel map[string]uint64, counted bool,
) {
	on := ""
	if host != "this host" {
		on = "on " + host + ": "
	}
	arrived, known := kernel[rxPackets]
	switch {
	case kernel[rpFiltered] >= uint64(alone)/2 && alone > 0 && counted:
		v.add(name, check.Problem, on+"sysctl -w net.ipv4.conf."+ifi+".rp_filter=2",
			"none of %d datagrams to %v was heard; the kernel of %s dropped %d by its reverse "+
				"path filter: no route to their source leads by %s", sent, f.cfg.Group, host,
			kernel[rpFiltered], ifi)
	case counted && known && arrived >= uint64(alone)*3/4 && alone > 0:
		v.add(name, check.Problem, on+"nft list ruleset",
			"none of %d datagrams to %v was heard, though they reach %s of %s: its kernel drops "+
				"them, as a firewall does that has no rule for UDP port %d", sent, f.cfg.Group, ifi,
			host, f.cfg.Group.Port())
	case counted && known:
		v.add(name, check.Problem, on+"crier doctor --soak 6m --iface "+ifi,
			"none of %d datagrams to %v reaches %s of %s, though unicast does: a switch on the way "+
				"doesn't forward the group (IGMP is dropped, or the switch forgot the member), or "+
				"the network carries no multicast", sent, f.cfg.Group, ifi, host)
	default:
		v.add(name, check.Problem, on+"crier doctor --iface "+ifi,
			"none of %d datagrams to %v was heard, though unicast is", sent, f.cfg.Group)
	}
}

func (f *figures) judgeLoss(
	v *verdicts, name string, sent, received int, drops uint64, on, ifi string,
) {
	share := lost(sent, received)
	state, mend, where := lossState(share), "", ""
	if share > 0 && drops > 0 {
		where = fmt.Sprintf(", %d in the socket's receive buffer", drops)
	}
	if state == check.Problem {
		mend = on + "ethtool -S " + ifi
		if drops > 0 {
			mend = on + "sysctl -w net.core.rmem_max=33554432"
		}
	}
	v.add(name, state, mend, "%d of %d datagrams to %v arrived: loss %.2f %%%s", received, sent,
		f.cfg.Group, share, where)
}

// Shares of reordered datagrams, in percent, that are worth a note, and a problem.
const (
	noteOrder    = 0.005
	problemOrder = 0.1
)

func (f *figures) judgeOrder(v *verdicts) {
	w := &f.flood
	if !w.done || w.there.Received == 0 {
		return
	}
	share := func(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }
	to, from := share(w.there.Reordered, w.there.Received),
		share(w.here.reordered, w.here.received)
	state, mend := check.OK, ""
	switch worst := max(to, from); {
	case worst >= problemOrder:
		state, mend = check.Problem,
			"look for parallel links or queues on the way (bonding mode balance-rr, ECMP)"
	case worst >= noteOrder:
		state = check.Note
	}
	v.add(nameReorder, state, mend, "%.2f %% of the datagrams arrived late there, %.2f %% here",
		to, from)
	to, from = share(w.there.Duplicates, w.there.Received), share(w.here.duplicates,
		w.here.received)
	state, mend = check.OK, ""
	if max(to, from) >= noteOrder {
		state, mend = check.Note, "look for a loop or a mirrored port on the way"
	}
	v.add(nameDuplicate, state, mend, "%.2f %% of the datagrams arrived twice there, %.2f %% here",
		to, from)
}

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
			parts = append(parts, fmt.Sprintf("%s p50 %v, p99 %v", s.name,
				quantile(s.trips, 0.5).Round(time.Microsecond),
				quantile(s.trips, 0.99).Round(time.Microsecond)))
		}
	}
	if len(parts) > 0 {
		v.add(nameTrip, check.OK, "", "%s", strings.Join(parts, "; "))
	}
}

func (f *figures) judgeMTU(v *verdicts) {
	if f.mtuTo == 0 && f.mtuFrom == 0 {
		v.add(nameMTU, check.Unknown, "", "not measured")
		return
	}
	head := headers(f.local)
	text := fmt.Sprintf("datagrams of %d bytes pass to the other host, of %d from it (MTU %d and "+
		"%d; the interfaces have %d here, %d there)", f.mtuTo, f.mtuFrom, f.mtuTo+head,
		f.mtuFrom+head, f.mtu, f.there.MTU)
	path := min(f.mtuTo, f.mtuFrom) + head
	switch {
	case f.mtuTo == 0 || f.mtuFrom == 0:
		v.add(nameMTU, check.Unknown, "", "%s", text)
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
			"%s: larger ones vanish without a word", text)
	default:
		v.add(nameMTU, check.OK, "", "%s", text)
	}
}

func (f *figures) judgeNACKs(v *verdicts) {
	one := func(name string, n arrivals, to netip.AddrPort, by, at string) {
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
			v.add(name, check.Problem, where+"nft list ruleset",
				"the kernel of %s refused to send to %v: its firewall drops what leaves", by, to)
		case n.received == 0:
			v.add(name, check.Problem, fmt.Sprintf("%snft add rule inet filter input udp dport %d "+
				"accept (crier pub --control-port %d keeps it)", on, to.Port(), to.Port()),
				"none of %d datagrams from a new port of %s reached %v: a firewall drops NACKs, "+
					"and nothing would be repaired", n.sent, by, to)
		default:
			v.add(name, check.OK, "", "%d of %d datagrams from a new port reached %v", n.received,
				n.sent, to)
		}
	}
	one(nameNACKTo, f.nackTo, netip.AddrPortFrom(f.cfg.To.Addr(), f.there.Control), "this host",
		f.there.Name)
	one(nameNACKFrom, f.nackFrom, netip.AddrPortFrom(f.local, f.control), f.there.Name, "")
}

func (f *figures) judgeBurst(v *verdicts) {
	w := &f.burst
	if !w.done {
		return
	}
	share := lost(w.sent, w.there.Received)
	if share == 0 {
		v.add(nameBurst, check.OK, "", "all of %d datagrams of %d bytes at once arrived", w.sent,
			w.there.Largest)
		return
	}
	missing := w.sent - w.there.Received
	var where []string
	if n := w.there.KernelDrops; n > 0 {
		where = append(where, fmt.Sprintf("%d in the socket's receive buffer of %d KiB", n,
			w.there.ReadBuffer>>10))
	}
	for _, c := range []struct{ name, words string }{{rxDropped, "by the interface"},
		{softnet, "by the network stack (net.core.netdev_max_backlog)"}} {
		if n := w.there.Kernel[c.name]; n > 0 {
			where = append(where, fmt.Sprintf("%d %s", n, c.words))
		}
	}
	if len(where) == 0 {
		where = append(where, "the rest on the way")
	}
	mend := ""
	if w.there.KernelDrops > 0 {
		mend = "on " + f.there.Name + ": sysctl -w net.core.rmem_max=33554432"
	}
	v.add(nameBurst, check.Note, mend, "%d of %d datagrams of %d bytes at once arrived; %d were "+
		"lost: %s", w.there.Received, w.sent, w.there.Largest, missing, strings.Join(where, ", "))
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
	v.add(nameClock, state, mend, "the other host's is %v %s this one's, give or take %v",
		offset.Abs().Round(time.Microsecond), way, margin.Round(time.Microsecond))
}
