package reliable

import "net/netip"

// Batch is one or more datagrams to one destination.
type Batch struct {
	// To is a subscriber's or publisher's address; invalid means the group.
	To netip.AddrPort
	// Group is the index of the group if To is invalid: 0 for a session's home group.
	Group int
	// Data holds the datagrams one after the other, each of Segment bytes, the
	// last perhaps shorter. It is a view, valid until Sent.
	Data    []byte
	Segment int
	// Single says that the datagrams must be sent one by one, so that neither the kernel
	// nor a network card cuts them out of one write.
	Single bool

	// Refused is the number of datagrams that the kernel didn't take, and RefusedBytes
	// the sum of their sizes. A driver sets them before Sent.
	Refused, RefusedBytes uint64
}

// Datagrams returns the number of datagrams in the batch.
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
