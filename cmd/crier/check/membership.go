package check

import (
	"crier/cmd/crier/host"
)

// Membership asks whether this machine is a member of the group on the interface.
func Membership(f *host.Facts, q Question) Check {
	const name = "membership"
	group, i := q.Group.Addr(), f.Interface()
	switch {
	case f.Memberships.Err != nil:
		return unknown(name, f.Memberships.Err)
	case i == nil:
		return noInterface(name)
	}
	m := f.Memberships.Value
	if n := m.On(i.Name, group); n > 0 {
		return ok(name, "%s is joined on %s", group, i.Name)
	}
	others := ""
	for _, g := range m.Groups {
		if g.Group == group && g.Users > 0 {
			others = g.Interface
		}
	}
	switch {
	case q.Joined && others != "":
		return problem(name, "start it again", "%s is joined on %s, and no more on %s", group,
			others,
			i.Name)
	case q.Joined:
		return problem(name, "start it again", "%s is not joined on %s any more", group, i.Name)
	case others != "" && q.Peer.IsValid() && !i.Loopback:
		return problem(name, "start the subscriber with --iface "+i.Name,
			"a program here has joined %s on %s alone, and not on %s", group, others, i.Name)
	case others != "":
		return note(name, "--iface "+i.Name, "a program here has joined %s on %s, and not on %s",
			group, others, i.Name)
	}
	return ok(name, "no program here has joined %s on %s", group, i.Name)
}
