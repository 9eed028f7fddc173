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

// retryInterval is how soon a renewal that failed is tried again.
const retryInterval = time.Second

// watch tells a follower what becomes of the interfaces. It asks the kernel
// over netlink and so costs nothing until something happens. Each socket has
// its own: it lives and ends with it, in its network namespace.
type watch struct {
	file *os.File // nil where netlink is forbidden: nothing is followed then
	done chan struct{}
}

// openWatch starts to listen. It is called before a socket joins, so that
// nothing in between is missed. Where netlink is forbidden nothing is followed; that
// there is no descriptor for it is an error.
func openWatch(log *slog.Logger) (*watch, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err == nil {
		w := &watch{file: os.NewFile(uintptr(fd), "netlink")}
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK})
		if err == nil {
			err = w.askAll()
		}
		if err == nil {
			return w, nil
		}
		w.file.Close()
	}
	if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
		return &watch{}, os.NewSyscallError("socket", err)
	}
	log.Warn("multicast: links cannot be watched, so a group is not joined again after its interface was down", "error", err)
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
	b := make([]byte, 32<<10) // the kernel's own limit for one answer
	for {
		n, err := w.file.Read(b)
		switch {
		case err == nil:
			parseLinks(b[:n], f.observe)
		case errors.Is(err, os.ErrDeadlineExceeded):
			f.retry()
		case errors.Is(err, unix.ENOBUFS): // too many changes at once: some are lost
			f.lost()
			err = w.askAll()
		case errors.Is(err, unix.EINTR):
		default:
			if !errors.Is(err, os.ErrClosed) {
				f.log.Warn("multicast: links are no longer watched", "interface", f.name, "error", err)
			}
			return
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, unix.EINTR) {
			f.log.Warn("multicast: links cannot be listed", "interface", f.name, "error", err)
		}
		var due time.Time // none
		if f.failed {
			due = time.Now().Add(retryInterval)
		}
		w.file.SetReadDeadline(due) // fails when closed only, as Read will
	}
}

// askAll asks for the state of every link; the answers come like changes do.
func (w *watch) askAll() error {
	b := make([]byte, unix.SizeofNlMsghdr+unix.SizeofIfInfomsg)
	ne := binary.NativeEndian
	ne.PutUint32(b[0:], uint32(len(b)))
	ne.PutUint16(b[4:], unix.RTM_GETLINK)
	ne.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	if _, err := w.file.Write(b); err != nil {
		return fmt.Errorf("ask for all links: %w", err)
	}
	return nil
}

// parseLinks calls f for each link in a netlink message. What is damaged or of
// another kind is passed over.
func parseLinks(b []byte, f func(link)) {
	ne := binary.NativeEndian
	for len(b) >= unix.SizeofNlMsghdr {
		size := int(ne.Uint32(b))
		if size < unix.SizeofNlMsghdr || size > len(b) {
			return
		}
		kind, body := ne.Uint16(b[4:]), b[unix.SizeofNlMsghdr:size]
		if kind == unix.RTM_NEWLINK || kind == unix.RTM_DELLINK {
			parseLink(body, kind == unix.RTM_DELLINK, f)
		}
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
	b = b[unix.SizeofIfInfomsg:]
	for len(b) >= unix.SizeofRtAttr {
		size := int(ne.Uint16(b))
		if size < unix.SizeofRtAttr || size > len(b) {
			break
		}
		kind, value := ne.Uint16(b[2:]), b[unix.SizeofRtAttr:size]
		switch {
		case kind == unix.IFLA_IFNAME:
			l.name = unix.ByteSliceToString(value)
		case kind == unix.IFLA_MTU && len(value) >= 4:
			l.mtu = int(ne.Uint32(value))
		}
		b = b[min(align4(size), len(b)):]
	}
	f(l)
}

func align4(n int) int { return (n + 3) &^ 3 }
