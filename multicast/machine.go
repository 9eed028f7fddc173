package multicast

import "net/netip"

// Machine is a protocol without clock, goroutine, lock and socket. A [Loop] calls its
// methods one at a time. Times are nanoseconds since the Loop's start.
type Machine interface {
	// Receive takes datagrams that came together, at least the first of them, and
	// returns how many. It is called again for the rest, after Deliver. If deliver is
	// true, the datagrams' data are views that stay valid until Deliver has returned,
	// else until Receive has. Other goroutines may call the machine, Receive included,
	// before Deliver is called.
	Receive(now int64, ps []Packet) (taken int, deliver bool)
	// Advance lets time pass.
	Advance(now int64)
	// Deadline returns when to call Advance next; math.MaxInt64 for never. Advance, or
	// Next and Sent, move a deadline that has passed.
	Deadline(now int64) int64
	// Next returns the datagrams to send, if there are any: never an empty batch. The batch
	// does not change until Sent is called, and Next is not called before. Unless all
	// is true, Next leaves messages that gather until they fill a batch.
	Next(now int64, all bool) (Datagrams, bool)
	// Sent reports that the last datagrams are with the kernel, or lost.
	Sent()
}

// Datagrams are one or more datagrams of a machine to one address, laid one
// after the other, each of Segment bytes except that the last may be shorter.
type Datagrams struct {
	To      netip.AddrPort
	Data    []byte
	Segment int
}

// count returns how many datagrams there are.
func (d Datagrams) count() int {
	if len(d.Data) == 0 || d.Segment <= 0 {
		return 0
	}
	return datagrams(len(d.Data), d.Segment)
}

// datagrams returns how many segments so many bytes make.
func datagrams(size, segment int) int { return (size-1)/segment + 1 }
