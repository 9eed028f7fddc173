//go:build !crier_plain

package multicast

import "golang.org/x/sys/unix"

// writeBatch is how many datagrams one system call sends without offload.
const writeBatch = 128

// writeMessages are the headers of the messages that one system call sends, all to the
// same address.
type writeMessages struct {
	// hdr, iov and control are those of a message that the kernel cuts.
	hdr     unix.Msghdr
	iov     unix.Iovec
	control [segmentSpace]byte
	// hdrs and iovs are those of single datagrams.
	hdrs [writeBatch]mmsghdr
	iovs [writeBatch]unix.Iovec
}

// init points the headers at the address, of size bytes.
func (m *writeMessages) init(name *byte, size uint32) {
	putSegment(m.control[:], 0)
	m.hdr.Name, m.hdr.Namelen = name, size
	m.hdr.Iov = &m.iov
	m.hdr.SetIovlen(1)
	m.hdr.Control = &m.control[0]
	m.hdr.SetControllen(len(m.control))
	for i := range m.hdrs {
		h := &m.hdrs[i].hdr
		h.Name, h.Namelen = name, size
		h.Iov = &m.iovs[i]
		h.SetIovlen(1)
	}
}
