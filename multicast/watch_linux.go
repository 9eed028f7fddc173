//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// retryInterval is how soon a renewal that failed is repeated.
const retryInterval = time.Second

// watch tells a follower of changes of interfaces and, where it matters, of their
// addresses. The kernel reports them over netlink, so a watch costs nothing until there is
// a change. Each socket has its own, in its network namespace, for as long as it is open.
type watch struct {
	// file is nil where netlink is forbidden: nothing is followed then.
	file *os.File
	// addrs says that addresses are followed, too.
	addrs bool
	// listing is what is being listed: RTM_GETLINK, then RTM_GETADDR; 0 for nothing.
	listing uint16
	// again reports that the list has holes, or failed, and has to be repeated.
	again bool
	retry time.Duration
	done  chan struct{}
}

// openWatch begins to receive changes. It is called before a socket joins, so that no
// change is missed. Where netlink is forbidden nothing is followed, which is not an error;
// a lack of descriptors is.
func openWatch(addrs bool, log *slog.Logger) (*watch, error) {
	const kind = unix.SOCK_RAW | unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	fd, err := unix.Socket(unix.AF_NETLINK, kind, unix.NETLINK_ROUTE)
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
	log.Warn("multicast: links cannot be watched, so a group is not joined again after its "+
		"interface was down, nor a new address noticed", "error", err)
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

// run reads changes until the watch is closed.
func (w *watch) run(f *follower) {
	f.settle()
	b := make([]byte, 32<<10) // the kernel's own limit for one answer
	var due time.Time         // when to repeat what failed; zero for never
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
		case errors.Is(err, unix.ENOBUFS): // too many changes at once, and some are lost
			f.lost()
			if w.again, err = true, nil; w.listing == 0 { // else a list is under way
				err = w.ask(unix.RTM_GETLINK)
			}
		case errors.Is(err, unix.EINTR):
			err = nil
		default:
			if !errors.Is(err, os.ErrClosed) {
				f.log.Warn("multicast: links are no longer watched",
					"interface", f.name, "error", err)
			}
			return
		}
		if err != nil {
			f.log.Warn("multicast: links cannot be listed; trying again",
				"interface", f.name, "error", err)
		}
		switch late := f.due() || w.again; {
		case !late:
			due = time.Time{}
		case due.IsZero():
			due = time.Now().Add(w.retry)
		}
		w.file.SetReadDeadline(due) // fails only when closed, which Read will report
	}
}

// ask requests the state of every link, or address. The answers come as changes do.
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

// take gives a follower the changes in b, and asks for addresses once all links are
// listed: the kernel makes one list at a time.
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
				return // another list is under way, and will end
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
