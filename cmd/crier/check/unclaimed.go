package check

import (
	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
)

// Unclaimed asks whether datagrams came to groups that are joined here, for a port that no
// socket has: then another port is meant.
func Unclaimed(f *host.Facts, _ Question) Check {
	const name = "other ports"
	n, _, err := f.Grown("Udp IgnoredMulti")
	if n6, _, err6 := f.Grown("Udp6IgnoredMulti"); err6 == nil {
		n += n6
	}
	switch {
	case err != nil:
		return unknown(name, err)
	case n > 0:
		return note(name, "", "%s to a joined group and a port that no socket here listens to: "+
			"the --group of its publisher may have another port",
			cli.Counted(n, "datagram came", "datagrams came"))
	}
	return ok(name, "nothing came for a port that no socket here listens to")
}
