package subscriber

import (
	"net/netip"
	"slices"
)

// A Stranger is an address that sent datagrams to a Subscriber which it can't decode.
type Stranger struct {
	// From is the sender's address. It is the zero AddrPort for all senders beyond the first 16.
	From netip.AddrPort
	// Datagrams counts what it sent of that kind.
	Datagrams uint64
	// Newer says that the last of them was a frame that needs a newer crier.
	Newer bool
	// Size is the size of the last of them, in bytes, and Head a copy of its first 32 bytes, or
	// of as many as it has.
	Size int
	Head []byte
}

const (
	// maxStrangers bounds the strangers that are known by address.
	maxStrangers = 16
	// strangerHead is the number of bytes that are kept of a datagram.
	strangerHead = 32
)

// strangers are those that were heard, in the order in which they came. The last one has no
// address and stands for others, if there were too many.
type strangers []Stranger

// note takes a datagram that can't be decoded.
func (s *strangers) note(from netip.AddrPort, data []byte, newer bool) {
	at := slices.IndexFunc(*s, func(o Stranger) bool { return o.From == from })
	if at < 0 && len(*s) >= maxStrangers {
		from = netip.AddrPort{}
		at = slices.IndexFunc(*s, func(o Stranger) bool { return o.From == from })
	}
	if at < 0 {
		at = len(*s)
		*s = append(*s, Stranger{From: from})
	}
	o := &(*s)[at]
	o.Datagrams++
	o.Newer, o.Size = newer, len(data)
	o.Head = append(o.Head[:0], data[:min(len(data), strangerHead)]...)
}

// copy returns a copy that doesn't change.
func (s strangers) copy() []Stranger {
	list := slices.Clone(s)
	for i := range list {
		list[i].Head = slices.Clone(list[i].Head)
	}
	return list
}

// Strangers returns the addresses that sent datagrams which are not frames of crier, are
// damaged, or need a newer crier, in the order in which they were first heard: up to 16, and
// one entry for the rest. It may be called after Close, and by a Handler.
func (s *Subscriber) Strangers() []Stranger {
	s.loop.Lock()
	defer s.loop.Unlock()
	return s.machine.strangers.copy()
}
