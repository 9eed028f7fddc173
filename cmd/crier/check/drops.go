package check

import (
	"fmt"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
)

// OwnDrops asks whether the kernel has dropped datagrams of this process's sockets.
func OwnDrops(f *host.Facts, q Question) Check {
	const name = "socket drops"
	if f.After.Sockets.Err != nil {
		return unknown(name, f.After.Sockets.Err)
	}
	before := make(map[uint64]uint64)
	for _, s := range f.Before.Sockets.Value {
		before[s.Inode] = s.Drops
	}
	sockets, drops := 0, uint64(0)
	for _, s := range f.After.Sockets.Value {
		if s.Own {
			sockets++
			drops += s.Drops - min(s.Drops, before[s.Inode])
		}
	}
	if drops > 0 {
		return problem(name,
			"--read-buffer 32MiB, and as root sysctl -w net.core.rmem_max=33554432",
			"the kernel dropped %s, since the receive buffer was full",
			cli.Counted(drops, "datagram", "datagrams"))
	}
	return ok(name, "none at this process's %s", plural(sockets, "socket"))
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
