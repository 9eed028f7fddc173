package reliable

import "net/netip"

// Batch is what to send next: one or more datagrams to one place.
type Batch struct {
	// To is a subscriber's or publisher's address; invalid means the group.
	To netip.AddrPort
	// Data holds the datagrams one after the other, each of Segment bytes, the
	// last perhaps shorter. It is a view, valid until Sent.
	Data    []byte
	Segment int
	// Single says that they must be sent one by one: neither the kernel nor a network
	// card may cut them out of one write.
	Single bool

	// Refused is how many of the datagrams, with how many bytes, were not taken by the
	// kernel: a driver says so before Sent.
	Refused, RefusedBytes uint64
}

// Datagrams returns how many datagrams the batch holds.
func (b *Batch) Datagrams() int {
	if b.Segment <= 0 {
		return 0
	}
	return (len(b.Data) + b.Segment - 1) / b.Segment
}

// Datagram returns the i-th datagram.
func (b *Batch) Datagram(i int) []byte {
	end := min((i+1)*b.Segment, len(b.Data))
	return b.Data[i*b.Segment : end : end]
}
