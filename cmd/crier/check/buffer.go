package check

import (
	"fmt"
	"slices"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
)

const (
	// bufferCost is what a datagram of 1,472 bytes takes of a receive buffer, as the kernel
	// counts, for most network cards.
	bufferCost = 2304
	// shortest is how long a receive buffer must hold at least what comes: about as long as
	// a process may have to wait for a processor.
	shortest = 10 * time.Millisecond
)

// holds returns how long a buffer of a size takes what comes at a rate. The kernel counts
// twice the size that it names.
func holds(size int, rate float64) time.Duration {
	if rate <= 0 {
		return time.Hour
	}
	return time.Duration(float64(2*size/bufferCost) / rate * float64(time.Second))
}

// ReadBuffer asks how long the receive buffer that the kernel grants holds what comes.
func ReadBuffer(f *host.Facts, q Question) Check {
	const name = "read buffer"
	if f.Trial == nil || f.Trial.ReadBuffer == 0 {
		return Check{Name: name, State: Unknown, Evidence: "none was granted"}
	}
	granted, asked := f.Trial.ReadBuffer, f.Trial.Asked
	long := holds(granted, q.Rate)
	evidence := fmt.Sprintf("%s: %s at %s of 1,472 B", cli.Bytes(granted), cli.Duration(long),
		cli.PerSecond(q.Rate))
	mend := fmt.Sprintf("sysctl -w net.core.rmem_max=%d", max(asked, 8<<20))
	if granted < asked {
		evidence = fmt.Sprintf("%s of the %s asked for: %s at %s of 1,472 B", cli.Bytes(granted),
			cli.Bytes(asked), cli.Duration(long), cli.PerSecond(q.Rate))
	} else {
		mend = "--read-buffer 32MiB, and sysctl -w net.core.rmem_max=33554432"
	}
	switch {
	case long < shortest:
		return problem(name, mend, "%s", evidence)
	case granted < asked:
		return note(name, mend, "%s", evidence)
	}
	return ok(name, "%s", evidence)
}

// WriteBuffer asks whether the kernel grants the send buffer.
func WriteBuffer(f *host.Facts, q Question) Check {
	const name, asked = "write buffer", 1 << 20
	if f.Trial == nil || f.Trial.WriteBuffer == 0 {
		return Check{Name: name, State: Unknown, Evidence: "none was granted"}
	}
	granted := f.Trial.WriteBuffer
	if granted < asked {
		return note(name, fmt.Sprintf("sysctl -w net.core.wmem_max=%d", asked),
			"%s of the %s asked for", cli.Bytes(granted), cli.Bytes(asked))
	}
	return ok(name, "%s", cli.Bytes(granted))
}

// Drops asks whether the kernel drops datagrams on their way to sockets.
func Drops(f *host.Facts, q Question) Check {
	const name = "drops"
	if f.After.Sockets.Err != nil {
		return unknown(name, f.After.Sockets.Err)
	}
	before := make(map[uint64]uint64)
	for _, s := range f.Before.Sockets.Value {
		before[s.Inode] = s.Drops
	}
	var worst host.Socket
	now, total := uint64(0), uint64(0)
	source, _ := f.Source()
	ports := []uint16{q.Group.Port(), q.ControlPort, running(f, source)}
	for _, s := range f.After.Sockets.Value {
		if s.Own || !slices.Contains(ports, s.Local.Port()) {
			continue // this process's own are not those that messages come to
		}
		if was, known := before[s.Inode]; known {
			now += s.Drops - min(s.Drops, was)
		}
		total += s.Drops
		if s.Drops > worst.Drops {
			worst = s
		}
	}
	mend := "--read-buffer 32MiB, and sysctl -w net.core.rmem_max=33554432"
	who := user(f, []host.Socket{worst})
	switch {
	case now > 0:
		return problem(name, mend, "%s dropped at sockets of port %d%s, most at those of %s",
			cli.Counted(now, "datagram was", "datagrams were"), worst.Local.Port(), span(f), who)
	case total > 0:
		return note(name, mend, "%s dropped at sockets of port %d before, most at those of %s",
			cli.Counted(total, "datagram was", "datagrams were"), worst.Local.Port(), who)
	}
	if n, _, err := f.Grown("Udp InCsumErrors"); err == nil && n > 0 {
		return note(name,
			"ethtool -K "+q.Interface+" tx off at the senders, to see whether it helps",
			"%s with a wrong checksum%s, from whomever: a card or a kernel that sends damages them",
			cli.Counted(n, "datagram came", "datagrams came"), span(f))
	}
	all, _, err := f.Grown("Udp RcvbufErrors")
	softnet := softnetDrops(f)
	switch {
	case err == nil && all > 0:
		return note(name, mend, "none at the group's port; %s at others'%s",
			cli.Counted(all, "datagram", "datagrams"), span(f))
	case softnet > 0:
		return note(name, "sysctl -w net.core.netdev_max_backlog=10000", "%s dropped between card "+
			"and sockets%s, of all interfaces", cli.Counted(softnet, "frame was", "frames were"),
			span(f))
	}
	return ok(name, "none at sockets or before them%s", span(f))
}

// softnetDrops returns how many frames found no room in the processors' queues.
func softnetDrops(f *host.Facts) uint64 {
	var n uint64
	for i, s := range f.After.Softnet.Value {
		if i < len(f.Before.Softnet.Value) {
			was := f.Before.Softnet.Value[i].Dropped
			n += s.Dropped - min(s.Dropped, was)
		}
	}
	return n
}

// CardDrops asks whether the network card drops frames.
func CardDrops(f *host.Facts, q Question) Check {
	const name = "card drops"
	i := f.Interface()
	switch {
	case i == nil:
		return noInterface(name)
	case i.Loopback:
		return ok(name, "%s has no card", i.Name)
	case f.After.Card.Err != nil:
		return ok(name, "%s counts none", i.Name)
	}
	var now, total uint64
	which := ""
	for counter, n := range f.After.Card.Value {
		total += n
		was, known := f.Before.Card.Value[counter]
		if known && n > was {
			now += n - was
			which = counter
		}
	}
	if now > 0 {
		return problem(name, ringMend(f, i), "%s dropped %s%s (%s)", i.Name,
			cli.Counted(now, "frame", "frames"), span(f), which)
	}
	if total > 0 {
		return ok(name, "none%s; %s since the start", span(f), cli.Grouped(total))
	}
	return ok(name, "none since the start")
}

// ringMend returns the command that gives a card's ring all its room.
func ringMend(f *host.Facts, i *host.Interface) string {
	if f.Machine != nil && f.Machine.Card.Value.RingMost > f.Machine.Card.Value.Ring {
		return fmt.Sprintf("ethtool -G %s rx %d", i.Name, f.Machine.Card.Value.RingMost)
	}
	return "give the card's interrupts more processors, or send less"
}
