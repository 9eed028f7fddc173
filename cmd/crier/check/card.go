package check

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
)

// Offload asks how large writes are cut into datagrams.
func Offload(f *host.Facts, q Question) Check {
	const name = "offload"
	i := f.Interface()
	switch {
	case i == nil:
		return noInterface(name)
	case f.Machine == nil || f.Trial == nil || f.Trial.SocketErr != nil:
		return Check{Name: name, State: Unknown, Evidence: "not tried"}
	case errors.Is(f.Machine.Segments, host.ErrNotReadable):
		return unknown(name, f.Machine.Segments)
	case errors.Is(f.Machine.Segments, host.ErrDamaged):
		return problem(name, "boot another kernel", "Linux %s cuts large writes wrongly, on lo: %v",
			f.Machine.Place.Value.Kernel, f.Machine.Segments)
	case !f.Trial.Cut:
		return note(name, "", "the kernel cuts no large writes: sending takes several times the "+
			"processor's time")
	case f.Trial.Uneven:
		return note(name, "use Linux 7.1.5 or newer",
			"Linux %s may damage datagrams of one length that it cuts; crier ends its writes with "+
				"a shorter one", f.Machine.Place.Value.Kernel)
	case i.Loopback:
		return ok(name, "the kernel cuts large writes into datagrams")
	}
	features := f.Machine.Card.Value.Features
	if f.Machine.Card.Err != nil {
		return ok(name, "the kernel cuts large writes into datagrams")
	}
	if !features["tx-checksum-ip-generic"] && !features["tx-checksum-ipv4"] {
		return note(name, "ethtool -K "+i.Name+" tx on",
			"%s makes no checksums, so that the kernel cuts no large writes: sending takes "+
				"several times the processor's time", i.Name)
	}
	by := "the kernel"
	if features["tx-udp-segmentation"] {
		by = i.Name
		if f.Machine.Card.Value.Driver == "virtio_net" {
			by += ", that is the host of this virtual machine,"
		}
	}
	return ok(name, "%s cuts large writes into datagrams", by)
}

// Merging asks how the kernel merges datagrams that it receives.
func Merging(f *host.Facts, q Question) Check {
	const name = "merging"
	i := f.Interface()
	if i == nil {
		return noInterface(name)
	}
	if f.Machine == nil || f.Machine.Card.Err != nil {
		return Check{Name: name, State: Unknown, Evidence: i.Name + " doesn't say what it can do"}
	}
	features := f.Machine.Card.Value.Features
	var on []string
	for _, feature := range []string{"rx-gro", "rx-gro-hw", "rx-gro-list", "rx-udp-gro-forwarding",
		"rx-lro"} {
		if features[feature] {
			on = append(on, strings.TrimPrefix(feature, "rx-"))
		}
	}
	switch {
	case i.Loopback:
		return ok(name, "not needed on %s", i.Name)
	case features["rx-lro"]:
		return note(name, "ethtool -K "+i.Name+" lro off", "LRO is on, which may merge what it "+
			"shouldn't where this host forwards")
	case !features["rx-gro"] && i.Kind != "": // as is usual: others merge before it
		return ok(name, "off on %s, a %s interface", i.Name, i.Kind)
	case !features["rx-gro"]:
		return note(name, "ethtool -K "+i.Name+" gro on",
			"GRO is off: receiving takes more of the processor's time")
	}
	return ok(name, "%s on %s", strings.Join(on, ", "), i.Name)
}

// Ring asks whether the card's ring and its interrupts fit the rate.
func Ring(f *host.Facts, q Question) Check {
	const name = "ring"
	i := f.Interface()
	if i == nil {
		return noInterface(name)
	}
	if f.Machine == nil || f.Machine.Card.Err != nil || f.Machine.Card.Value.Ring == 0 {
		return ok(name, "%s has none that it tells of", i.Name)
	}
	c := f.Machine.Card.Value
	long := time.Hour
	if q.Rate > 0 {
		long = time.Duration(float64(c.Ring) / q.Rate * float64(time.Second))
	}
	const least = 2 * time.Millisecond // between two turns of a kernel thread
	switch {
	case long < least && c.Ring < c.RingMost:
		return note(name, ringMend(f, i), "%d of at most %d frames: %s at %s", c.Ring, c.RingMost,
			cli.Duration(long), cli.PerSecond(q.Rate))
	case !c.Adaptive && c.Delay > 200:
		return note(name, "ethtool -C "+i.Name+" rx-usecs 50",
			"interrupts wait up to %d µs, which delays each datagram", c.Delay)
	}
	evidence := fmt.Sprintf("%s of at most %s frames", cli.Grouped(uint64(c.Ring)),
		cli.Grouped(uint64(c.RingMost)))
	switch {
	case c.Adaptive:
		evidence += "; interrupts adapt"
	case c.Delay > 0:
		evidence += fmt.Sprintf("; interrupts wait up to %d µs", c.Delay)
	}
	return ok(name, "%s", evidence)
}
