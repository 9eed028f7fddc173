//go:build !crier_plain

package multicast

import "golang.org/x/sys/unix"

// readSkew keeps the starts of the buffers out of one cache set.
const readSkew = 2 << 10

// mmsghdr is the kernel's struct of that name.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// readBuffers are what one system call receives into.
type readBuffers struct {
	hdrs     []mmsghdr
	iovs     []unix.Iovec
	names    []sockaddr
	controls [][controlSize]byte
	bufs     [][]byte
}

// newReadBuffers returns buffers for batch datagrams of up to size bytes.
func newReadBuffers(batch, size int) readBuffers {
	b := readBuffers{
		hdrs:     make([]mmsghdr, batch),
		iovs:     make([]unix.Iovec, batch),
		names:    make([]sockaddr, batch),
		controls: make([][controlSize]byte, batch),
		bufs:     make([][]byte, batch),
	}
	all := make([]byte, batch*(size+readSkew))
	for i := range b.hdrs {
		b.bufs[i] = all[i*(size+readSkew):][:size:size]
		b.iovs[i].Base = &b.bufs[i][0]
		b.iovs[i].SetLen(size)
		h := &b.hdrs[i].hdr
		h.Name = &b.names[i][0]
		h.Iov = &b.iovs[i]
		h.SetIovlen(1)
		h.Control = &b.controls[i][0]
	}
	b.reset(batch)
	return b
}

// reset prepares the first n headers for the next call.
func (b *readBuffers) reset(n int) {
	for i := range n {
		h := &b.hdrs[i].hdr
		h.Namelen = uint32(len(b.names[i]))
		h.SetControllen(controlSize)
		h.Flags = 0
	}
}
