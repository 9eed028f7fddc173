//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// retryInterval is how soon a renewal that failed is tried again.
const retryInterval = time.Second

// watch tells a follower what becomes of the interfaces, and of their addresses where
// that matters. It asks the kernel over netlink, and so costs nothing until something
// happens. Each socket has its own: it lives and ends with it, in its network namespace.
type watch struct {
	file    *os.File // nil where netlink is forbidden: nothing is followed then
	addrs   bool     // addresses, too
	listing uint16   // what is being listed: RTM_GETLINK, then RTM_GETADDR; 0 if nothing
	again   bool     // the list has holes, or failed: it is to be had anew
	retry   time.Duration
	done    chan struct{}
}

// openWatch starts to listen. It is called before a socket joins, so that
// nothing in between is missed. Where netlink is forbidden nothing is followed; that
// there is no descriptor for it is an error.
func openWatch(addrs bool, log *slog.Logger) (*watch, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err == nil {
		w := &watch{file: os.NewFile(uintptr(fd), "netlink"), addrs: addrs, retry: retryInterval}
		groups := uint32(unix.RTMGRP_LINK)
		if addrs {
			groups |= unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR
		}
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups})
		if err == nil {
			err = w.ask(unix.RTM_GETLINK)
		}
		if err == nil {
			return w, nil
		}
		w.file.Close()
	}
	if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
		return &watch{}, os.NewSyscallError("socket", err)
	}
	log.Warn("multicast: links cannot be watched, so a group is not joined again after its interface was down, nor a new address noticed", "error", err)
	return &watch{}, nil
}

// start follows links until close.
func (w *watch) start(f *follower) {
	f.begin()
	if w.file == nil {
		return
	}
	w.done = make(chan struct{})
	go func() {
		defer close(w.done)
		w.run(f)
	}()
}

// close ends the watch, and its goroutine if it was started.
func (w *watch) close() {
	if w.file == nil {
		return
	}
	w.file.Close()
	if w.done != nil {
		<-w.done
	}
}

func (w *watch) run(f *follower) {
	f.settle()
	b := make([]byte, 32<<10) // the kernel's own limit for one answer
	var due time.Time         // when to try again what failed; zero for nothing
	for {
		n, err := w.file.Read(b)
		switch {
		case err == nil:
			err = w.take(b[:n], f)
			f.settle()
		case errors.Is(err, os.ErrDeadlineExceeded):
			due, err = time.Time{}, nil
			f.retry()
			f.settle()
			if w.again && w.listing == 0 {
				err = w.ask(unix.RTM_GETLINK)
			}
		case errors.Is(err, unix.ENOBUFS): // too many changes at once: some are lost
			f.lost()
			if w.again, err = true, nil; w.listing == 0 { // else the kernel is busy with a list
				err = w.ask(unix.RTM_GETLINK)
			}
		case errors.Is(err, unix.EINTR):
			err = nil
		default:
			if !errors.Is(err, os.ErrClosed) {
				f.log.Warn("multicast: links are no longer watched", "interface", f.name, "error", err)
			}
			return
		}
		if err != nil {
			f.log.Warn("multicast: links cannot be listed; trying again", "interface", f.name, "error", err)
		}
		switch late := f.due() || w.again; {
		case !late:
			due = time.Time{}
		case due.IsZero():
			due = time.Now().Add(w.retry)
		}
		w.file.SetReadDeadline(due) // fails when closed only, as Read will
	}
}

// ask asks for the state of every link, or address; the answers come like changes
// do.
func (w *watch) ask(what uint16) error {
	w.listing, w.again = what, false
	size := unix.SizeofNlMsghdr + unix.SizeofIfInfomsg // longer than a struct ifaddrmsg
	b := make([]byte, size)
	ne := binary.NativeEndian
	ne.PutUint32(b[0:], uint32(size))
	ne.PutUint16(b[4:], what)
	ne.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	if _, err := w.file.Write(b); err != nil {
		w.listing, w.again = 0, true
		return fmt.Errorf("ask for all links: %w", err)
	}
	return nil
}

// take gives a follower what a netlink message says, and asks for addresses when all
// links are listed: the kernel lists one thing at a time.
func (w *watch) take(b []byte, f *follower) error {
	var failed error
	parseNetlink(b, func(kind uint16, body []byte) {
		switch kind {
		case unix.RTM_NEWLINK, unix.RTM_DELLINK:
			parseLink(body, kind == unix.RTM_DELLINK, f.observe)
		case unix.RTM_NEWADDR, unix.RTM_DELADDR:
			if f.home != nil {
				parseAddr(body, kind == unix.RTM_DELADDR, f.home.observe)
			}
		case unix.NLMSG_OVERRUN:
			w.again = w.again || w.listing != 0
		case unix.NLMSG_ERROR, unix.NLMSG_DONE:
			was, errno := w.listing, netlinkError(body)
			if was == 0 || kind == unix.NLMSG_ERROR && (errno == 0 || errno == unix.EBUSY) {
				return // another list is under way, and ends by itself
			}
			w.listing = 0
			if errno != 0 {
				failed = fmt.Errorf("list links and addresses: %w", errno)
			}
			if w.again = w.again || errno != 0; w.again || f.home == nil {
				return
			}
			if was == unix.RTM_GETADDR {
				f.home.listed = true
				return
			}
			f.home.relist()
			failed = w.ask(unix.RTM_GETADDR)
		}
	})
	return failed
}

// netlinkError returns what an error, or the end of a list, says; 0 for none.
func netlinkError(body []byte) syscall.Errno {
	if len(body) < 4 {
		return 0
	}
	return syscall.Errno(max(0, -int32(binary.NativeEndian.Uint32(body))))
}

// parseNetlink calls f for each part of a netlink message. What is damaged is passed
// over. That a list has holes, since what it lists changed meanwhile, is told before the
// part that says so, as NLMSG_OVERRUN.
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

// parseAddr calls f with the address of a message about one.
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
		case unix.IFA_LOCAL, unix.IFA_ADDRESS: // which is the peer's, where both are there
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
	// One that another host has is none of ours, though the interface still lists it.
	a.gone = a.gone || flags&unix.IFA_F_DADFAILED != 0
	a.ready = flags&unix.IFA_F_TENTATIVE == 0 || flags&unix.IFA_F_OPTIMISTIC != 0
	f(a)
}

// parseAttributes calls f for each attribute of a part of a netlink message.
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

func parseLink(b []byte, gone bool, f func(link)) {
	ne := binary.NativeEndian
	// Another family is a bridge's word about its ports.
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

func align4(n int) int { return (n + 3) &^ 3 }
