//go:build !crier_plain

package multicast

import (
	"fmt"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"
)

// options sets socket options and keeps the first error.
type options struct {
	fd  int
	err error
}

// set sets an option that is needed.
func (o *options) set(level, option, value int, what string) {
	if o.err != nil {
		return
	}
	if err := unix.SetsockoptInt(o.fd, level, option, value); err != nil {
		o.err = fmt.Errorf("multicast: %s: %w", what, os.NewSyscallError("setsockopt", err))
	}
}

// try sets an option that older kernels lack and that is not needed.
func (o *options) try(level, option, value int) bool {
	return o.err == nil && unix.SetsockoptInt(o.fd, level, option, value) == nil
}

// boolInt returns the value of an option that is on or off.
func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// receive sets what Read uses: receive times, and several datagrams of one sender merged
// into one.
func (o *options) receive(noOffload bool) {
	o.set(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1, "ask for receive times")
	if !noOffload {
		o.try(unix.SOL_UDP, unix.UDP_GRO, 1)
	}
}

// readBuffer asks for a receive buffer and returns what was granted.
func (o *options) readBuffer(want int, log *slog.Logger) int {
	return o.buffer(want, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF,
		"receive", "net.core.rmem_max", log)
}

// writeBuffer asks for a send buffer and returns what was granted.
func (o *options) writeBuffer(want int, log *slog.Logger) int {
	return o.buffer(want, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, "send", "net.core.wmem_max", log)
}

// buffer asks for a buffer, with force where that is permitted, and returns its size.
func (o *options) buffer(
	want, force, plain int, what, sysctl string, log *slog.Logger,
) int {
	if !o.try(unix.SOL_SOCKET, force, want) {
		o.set(unix.SOL_SOCKET, plain, want, "set the "+what+" buffer")
	}
	if o.err != nil {
		return 0
	}
	n, err := unix.GetsockoptInt(o.fd, unix.SOL_SOCKET, plain)
	if err != nil {
		o.err = fmt.Errorf("multicast: read the %s buffer's size back: %w",
			what, os.NewSyscallError("getsockopt", err))
		return 0
	}
	n /= 2 // the kernel doubles the size, to cover its own overhead
	if n < want {
		log.Warn("multicast: the kernel granted less "+what+
			" buffer than was asked for, so a burst may not fit",
			"requested_bytes", want, "granted_bytes", n,
			"hint", fmt.Sprintf("raise the limit: sysctl -w %s=%d", sysctl, want))
	}
	return n
}
