package check

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
	"crier/reliable/frame"
)

// Join asks whether a socket like crier's can join the group.
func Join(f *host.Facts, q Question) Check {
	const name = "join"
	if f.Trial == nil {
		return Check{Name: name, State: Unknown, Evidence: "not tried"}
	}
	most := mostMemberships(f)
	err := f.Trial.GroupErr
	switch {
	case err == nil && q.Group.Addr().Is6(): // which has no such limit
		return ok(name, "a socket joins %s", q.Group.Addr())
	case err == nil:
		return ok(name, "a socket joins %s; it may join %s", q.Group.Addr(),
			cli.Counted(uint64(most), "group", "groups"))
	case errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM):
		return problem(name, "sysctl -w net.ipv4.igmp_max_memberships=20",
			"a socket may join %s, and %s is one too many (net.ipv4.igmp_max_memberships)",
			cli.Counted(uint64(max(most, 0)), "group", "groups"), q.Group.Addr())
	case errors.Is(err, syscall.EADDRINUSE):
		mend := "stop that program, or give crier another port with --group"
		return problem(name, mend, "%s has port %d for itself", user(f, bound(f, q.Group)),
			q.Group.Port())
	}
	if f.Interface() == nil || !f.Interface().Up {
		return Check{Name: name, State: Unknown, Evidence: "the interface can't be used"}
	}
	return problem(name, "see the error", "%v", err)
}

// mostMemberships returns how many groups of IPv4 a socket may join.
func mostMemberships(f *host.Facts) int {
	if f.Machine == nil || f.Machine.MostMemberships.Err != nil {
		return usualMemberships
	}
	return f.Machine.MostMemberships.Value
}

// usualMemberships is the kernel's default, and how many groups crier joins by a socket at most.
const usualMemberships = 20

// Groups asks whether several groups can be joined together. It has nothing to say of one.
func Groups(f *host.Facts, q Question) Check {
	const name = "groups"
	most := min(mostMemberships(f), usualMemberships)
	switch {
	case q.Groups < 2 || most < 1: // which Join tells
		return Check{Name: name}
	case q.Group.Addr().Is6():
		return ok(name, "%d groups to join", q.Groups)
	}
	sockets := (q.Groups + most - 1) / most
	text := fmt.Sprintf("%d groups take %s, of %s", q.Groups,
		cli.Counted(uint64(sockets), "socket", "sockets"),
		cli.Counted(uint64(most), "group", "groups"))
	if sockets > 1 {
		text += " each at most"
	}
	if most < usualMemberships && q.Groups > most {
		return note(name, "sysctl -w net.ipv4.igmp_max_memberships=20",
			"%s (net.ipv4.igmp_max_memberships)", text)
	}
	return ok(name, "%s", text)
}

// sockets lists the sockets that there are, without those of the trial.
func sockets(f *host.Facts) []host.Socket {
	list := slices.Clone(f.Before.Sockets.Value)
	for _, s := range f.After.Sockets.Value {
		known := slices.ContainsFunc(list, func(o host.Socket) bool { return o.Inode == s.Inode })
		if !known && !s.Own {
			list = append(list, s)
		}
	}
	return list
}

// bound lists the sockets that have a port, at an address or at all.
func bound(f *host.Facts, at netip.AddrPort) []host.Socket {
	var list []host.Socket
	for _, s := range sockets(f) {
		if a := s.Local.Addr(); s.Local.Port() == at.Port() &&
			(a == at.Addr() || a.IsUnspecified()) {
			list = append(list, s)
		}
	}
	return list
}

// user names the program that has a socket, as far as that is known.
func user(f *host.Facts, list []host.Socket) string {
	var words []string
	for _, s := range list {
		word := "a program of another user"
		if f.Machine != nil {
			if p, known := f.Machine.Owners.Value[s.Inode]; known {
				word = fmt.Sprintf("%s (process %d)", cli.Printable(p.Name), p.PID)
			} else if word = "a program of root"; s.UID != 0 {
				word = fmt.Sprintf("a program of user %d", s.UID)
			}
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if len(words) == 0 {
		return "another program"
	}
	return strings.Join(words, ", ")
}

// isCrier reports whether a socket is known to be crier's.
func isCrier(f *host.Facts, s host.Socket) bool {
	return f.Machine != nil && f.Machine.Owners.Value[s.Inode].Name == "crier"
}

// Port asks which other programs get what comes to the group's port.
func Port(f *host.Facts, q Question) Check {
	const name = "port"
	if f.Before.Sockets.Err != nil {
		return unknown(name, f.Before.Sockets.Err)
	}
	list := bound(f, q.Group)
	strangers := slices.DeleteFunc(slices.Clone(list),
		func(s host.Socket) bool { return isCrier(f, s) })
	switch {
	case len(list) == 0:
		return ok(name, "no other program uses port %d", q.Group.Port())
	case len(strangers) == 0:
		return ok(name, "%s uses port %d, and shares it", user(f, list), q.Group.Port())
	}
	return note(name, "give crier another port with --group",
		"%s uses port %d, too: what one of them sends to the group, the others get",
		user(f, strangers), q.Group.Port())
}

// ControlPort asks whether the port that NACKs and repairs go to is free.
func ControlPort(f *host.Facts, q Question) Check {
	const name = "control port"
	switch {
	case f.Trial == nil:
		return Check{Name: name, State: Unknown, Evidence: "not tried"}
	case f.Trial.SocketErr == nil && q.ControlPort == 0:
		return ok(name, "any that is free; for a firewall, --control-port fixes it")
	case f.Trial.SocketErr == nil:
		return ok(name, "%d is free", q.ControlPort)
	case errors.Is(f.Trial.SocketErr, syscall.EADDRINUSE):
		source, _ := f.Source()
		list := bound(f, netip.AddrPortFrom(source, q.ControlPort))
		if len(list) > 0 && !slices.ContainsFunc(list,
			func(s host.Socket) bool { return !isCrier(f, s) }) {
			return ok(name, "%s has %d", user(f, list), q.ControlPort)
		}
		return problem(name, "give crier another with --control-port", "%s has %d", user(f, list),
			q.ControlPort)
	case f.Interface() == nil || !f.Interface().Up:
		return Check{Name: name, State: Unknown, Evidence: "the interface can't be used"}
	}
	if _, found := f.Source(); !found {
		return Check{Name: name, State: Unknown, Evidence: "there is no address to send from"}
	}
	return problem(name, "see the error", "%v", f.Trial.SocketErr)
}

// Senders asks who sends to the group at present, and whether it reaches programs.
func Senders(f *host.Facts, q Question) Check {
	const name = "senders"
	if f.Trial == nil || f.Trial.GroupErr != nil {
		return Check{Name: name, State: Unknown, Evidence: "the group was not listened to"}
	}
	if len(f.Trial.Heard) == 0 {
		return silence(f, q)
	}
	var criers, strangers []string
	sessions := make(map[uint64]bool)
	first := ""
	var decoder frame.Decoder
	for _, s := range f.Trial.Heard {
		var fr frame.Frame
		if decoder.Decode(s.First, &fr) == nil {
			sessions[fr.Session] = true
			criers = append(criers, s.From.String())
			continue
		}
		strangers = append(strangers, s.From.String())
		if first == "" {
			first = hex.EncodeToString(s.First[:min(len(s.First), 8)])
		}
	}
	if len(strangers) > 0 {
		return note(name, "give crier a group of its own", "%s sends to %s what crier doesn't "+
			"understand, beginning with %s", strings.Join(few(strangers), ", "), q.Group, first)
	}
	if lost := unreached(f); lost != q.Peer && q.receives() && lost.IsValid() {
		mend := fmt.Sprintf("ip route add %s dev %s", lost, q.Interface)
		if errors.Is(f.Routes[lost].Err, host.ErrBarred) {
			mend = barred(lost)
		}
		return problem(name, mend,
			"%s publishes, and there is no route to it: NACKs can't go there",
			lost)
	}
	return ok(name, "%s publishes, in %s", strings.Join(few(criers), ", "),
		cli.Counted(uint64(len(sessions)), "session", "sessions"))
}

// unreached returns a sender that was heard and that there is no route to, if there is one.
func unreached(f *host.Facts) netip.Addr {
	for _, s := range f.Trial.Heard {
		if errors.Is(f.Routes[s.From.Addr()].Err, host.ErrNoRoute) {
			return s.From.Addr()
		}
	}
	return netip.Addr{}
}

// silence tells what came instead, where nothing came to the group.
func silence(f *host.Facts, q Question) Check {
	const name = "senders"
	var elsewhere []string
	for _, s := range f.Seen.Value {
		switch {
		case s.Group == q.Group && s.Datagrams > 1 && f.Interface() != nil:
			return problem(name, "mend what rp_filter and firewall say, above",
				"%s sends to %s, and it comes by %s, but no socket gets it", s.From, q.Group,
				f.Interface().Name)
		case isFrame(s.First) && !slices.Contains(elsewhere, s.Group.String()):
			elsewhere = append(elsewhere, s.Group.String())
		}
	}
	if len(elsewhere) > 0 {
		return note(name, "--group "+elsewhere[0], "nothing came to %s, but crier publishes to %s",
			q.Group, strings.Join(few(elsewhere), ", "))
	}
	// Of groups that are joined, the kernel counts what comes to ports that nobody has.
	counter := "Udp IgnoredMulti"
	if q.Group.Addr().Is6() {
		counter = "Udp6IgnoredMulti"
	}
	if n, _, err := f.Grown(counter); err == nil && n > 0 {
		iface := q.Interface
		return note(name, fmt.Sprintf("tcpdump -ni %s -c 3 udp and dst host %s", iface,
			q.Group.Addr()),
			"nothing came to %s, but %s to groups at ports that no program has: is the port right?",
			q.Group, cli.Counted(n, "datagram", "datagrams"))
	}
	return ok(name, "nothing came to %s%s", q.Group, span(f))
}

// isFrame reports whether bytes begin as a frame does.
func isFrame(b []byte) bool {
	_, alike := frame.Resembles(b)
	return alike
}

// few shortens a list.
func few(list []string) []string {
	const most = 3
	if len(list) <= most {
		return list
	}
	return append(slices.Clone(list[:most]), fmt.Sprintf("and %d more", len(list)-most))
}

// mld is IGMP for IPv6.
func mld(f *host.Facts, i *host.Interface) Check {
	const name = "MLD"
	switch {
	case f.Machine == nil:
		return Check{Name: name, State: Unknown, Evidence: "not read"}
	case f.Machine.ForcedMLD.Err != nil:
		return unknown(name, f.Machine.ForcedMLD.Err)
	case f.Machine.ForcedMLD.Value == 1:
		return note(name, fmt.Sprintf("sysctl -w net.ipv6.conf.all.force_mld_version=0 "+
			"net.ipv6.conf.%s.force_mld_version=0", strings.ReplaceAll(i.Name, ".", "/")),
			"version 1 is forced: crier sub --source gets the whole group")
	}
	return ok(name, "version 2, unless a querier speaks 1")
}

// IGMP asks which version of the protocol of memberships is in force.
func IGMP(f *host.Facts, q Question) Check {
	const name = "IGMP"
	i := f.Interface()
	switch {
	case i == nil:
		return noInterface(name)
	case i.Loopback:
		return ok(name, "not needed on %s", i.Name)
	case q.Group.Addr().Is6():
		return mld(f, i)
	case q.Group.Addr().IsLinkLocalMulticast():
		return ok(name, "%s is never reported: switches flood it", q.Group.Addr())
	case f.Memberships.Err != nil:
		return unknown(name, f.Memberships.Err)
	}
	forced := 0
	if f.Machine != nil {
		forced = f.Machine.ForcedIGMP.Value
	}
	version, known := f.Memberships.Value.IGMP[i.Name]
	switch {
	case forced != 0 && forced < 3:
		return note(name, fmt.Sprintf("sysctl -w net.ipv4.conf.all.force_igmp_version=0 "+
			"net.ipv4.conf.%s.force_igmp_version=0", strings.ReplaceAll(i.Name, ".", "/")),
			"version %d is forced: crier sub --source gets the whole group", forced)
	case known && version < 3:
		return note(name, "", "version %d, since a querier that speaks it was heard: crier sub "+
			"--source gets the whole group", version)
	case known:
		return ok(name, "version %d", version)
	}
	return ok(name, "no version is known of %s", i.Name)
}
