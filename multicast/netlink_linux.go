//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// netlinkError returns the error of an NLMSG_ERROR or NLMSG_DONE; 0 for none.
func netlinkError(body []byte) syscall.Errno {
	if len(body) < 4 {
		return 0
	}
	return syscall.Errno(max(0, -int32(binary.NativeEndian.Uint32(body))))
}

// parseNetlink calls f for each message in b, as described in RFC 3549, section 2.2. It
// skips what is damaged. A message that says that its list has holes, since the listed
// objects changed meanwhile, follows an NLMSG_OVERRUN.
func parseNetlink(b []byte, f func(kind uint16, body []byte)) {
	ne := binary.NativeEndian
	for len(b) >= unix.SizeofNlMsghdr {
		size := int(ne.Uint32(b))
		if size < unix.SizeofNlMsghdr || size > len(b) {
			return
		}
		if ne.Uint16(b[6:])&unix.NLM_F_DUMP_INTR != 0 {
			f(unix.NLMSG_OVERRUN, nil)
		}
		f(ne.Uint16(b[4:]), b[unix.SizeofNlMsghdr:size])
		b = b[min(align4(size), len(b)):]
	}
}

// parseAddr calls f with the address that a message is about.
func parseAddr(b []byte, gone bool, f func(ifAddr)) {
	if len(b) < unix.SizeofIfAddrmsg {
		return
	}
	ne := binary.NativeEndian
	flags := uint32(b[2])
	a := ifAddr{index: int(int32(ne.Uint32(b[4:]))), gone: gone}
	own := false
	parseAttributes(b[unix.SizeofIfAddrmsg:], func(kind uint16, value []byte) {
		switch kind {
		case unix.IFA_LOCAL, unix.IFA_ADDRESS: // the second is the peer's if both exist
			if addr, ok := netip.AddrFromSlice(value); ok && !own {
				a.addr, own = addr, kind == unix.IFA_LOCAL
			}
		case unix.IFA_FLAGS:
			if len(value) >= 4 {
				flags = ne.Uint32(value)
			}
		}
	})
	if !a.addr.IsValid() {
		return
	}
	// An address that another host has is not ours, though the interface still lists it.
	a.gone = a.gone || flags&unix.IFA_F_DADFAILED != 0
	a.ready = flags&unix.IFA_F_TENTATIVE == 0 || flags&unix.IFA_F_OPTIMISTIC != 0
	f(a)
}

// parseAttributes calls f for each attribute of a message.
func parseAttributes(b []byte, f func(kind uint16, value []byte)) {
	ne := binary.NativeEndian
	for len(b) >= unix.SizeofRtAttr {
		size := int(ne.Uint16(b))
		if size < unix.SizeofRtAttr || size > len(b) {
			return
		}
		f(ne.Uint16(b[2:]), b[unix.SizeofRtAttr:size])
		b = b[min(align4(size), len(b)):]
	}
}

// parseLink calls f with the link that a message is about.
func parseLink(b []byte, gone bool, f func(link)) {
	ne := binary.NativeEndian
	// Messages of other families come from a bridge, about its ports.
	if len(b) < unix.SizeofIfInfomsg || b[0] != unix.AF_UNSPEC {
		return
	}
	flags := ne.Uint32(b[8:])
	l := link{
		index: int(int32(ne.Uint32(b[4:]))),
		up:    !gone && flags&unix.IFF_UP != 0 && flags&unix.IFF_RUNNING != 0,
		gone:  gone,
	}
	parseAttributes(b[unix.SizeofIfInfomsg:], func(kind uint16, value []byte) {
		switch {
		case kind == unix.IFLA_IFNAME:
			l.name = unix.ByteSliceToString(value)
		case kind == unix.IFLA_MTU && len(value) >= 4:
			l.mtu = int(ne.Uint32(value))
		}
	})
	f(l)
}

// align4 rounds n up to a multiple of 4.
func align4(n int) int { return (n + 3) &^ 3 }
