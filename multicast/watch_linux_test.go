//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"log/slog"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// kernelSide is what a watch talks to in place of the kernel.
type kernelSide struct {
	t    *testing.T
	file *os.File
}

// asked waits for the next request for a list.
func (k kernelSide) asked(want uint16) {
	k.t.Helper()
	b := make([]byte, 4096)
	n, err := k.file.Read(b)
	if err != nil || n < unix.SizeofNlMsghdr {
		k.t.Fatalf("%d bytes, %v", n, err)
	}
	if got := binary.NativeEndian.Uint16(b[4:]); got != want {
		k.t.Fatalf("it asks for list %d, want %d", got, want)
	}
}

func (k kernelSide) tells(messages ...[]byte) {
	k.t.Helper()
	for _, m := range messages {
		if _, err := k.file.Write(m); err != nil {
			k.t.Fatal(err)
		}
	}
}

func netlinkMessage(kind, flags uint16, body ...byte) []byte {
	b := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(body))
	binary.NativeEndian.PutUint32(b, uint32(unix.SizeofNlMsghdr+len(body)))
	binary.NativeEndian.PutUint16(b[4:], kind)
	binary.NativeEndian.PutUint16(b[6:], flags)
	return append(b, body...)
}

// number returns an error as netlink encodes it.
func number(errno int32) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(-errno)) }

// address returns the message that interface 7 has an address.
func address(flags uint16, a string) []byte {
	addr := netip.MustParseAddr(a).As4()
	body := []byte{unix.AF_INET, 24, 0, 0}
	body = binary.NativeEndian.AppendUint32(body, 7)
	body = binary.NativeEndian.AppendUint16(body, 8)
	body = binary.NativeEndian.AppendUint16(body, unix.IFA_LOCAL)
	return netlinkMessage(unix.RTM_NEWADDR, flags, append(body, addr[:]...)...)
}

// A list that has holes, or that the kernel refuses or breaks off, is requested again. Until
// it is complete, the socket follows no address in it.
func TestListIsRepeated(t *testing.T) {
	done := netlinkMessage(unix.NLMSG_DONE, unix.NLM_F_MULTI, number(0)...)
	fails := func(kind uint16, errno unix.Errno) []byte {
		return netlinkMessage(kind, 0, number(int32(errno))...)
	}
	const kind = unix.SOCK_SEQPACKET | unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	fds, err := unix.Socketpair(unix.AF_UNIX, kind, 0)
	if err != nil {
		t.Fatal(err)
	}
	kernel := kernelSide{t, os.NewFile(uintptr(fds[1]), "kernel")}
	defer kernel.file.Close()
	w := &watch{file: os.NewFile(uintptr(fds[0]), "netlink"), addrs: true, retry: time.Millisecond}
	moves := make(chan netip.Addr, 10)
	if err := w.ask(unix.RTM_GETLINK); err != nil {
		t.Fatal(err)
	}
	w.start(&follower{
		name: "v7", index: 7, up: true, mtu: new(atomic.Int64), log: slog.New(slog.DiscardHandler),
		home: &home{
			local: netip.MustParseAddrPort("10.7.0.1:700"), index: 7, lacks: new(atomic.Bool),
			move: func(to netip.Addr, _ int) (netip.AddrPort, error) {
				moves <- to
				return netip.AddrPortFrom(to, 700), nil
			},
		},
	})
	defer w.close()
	kernel.asked(unix.RTM_GETLINK)
	kernel.tells(fails(unix.NLMSG_ERROR, unix.ENOMEM)) // no list
	kernel.asked(unix.RTM_GETLINK)
	kernel.tells(fails(unix.NLMSG_ERROR, unix.EBUSY), done) // that of another one's goes on
	kernel.asked(unix.RTM_GETADDR)
	kernel.tells(address(0, "10.7.0.9"), fails(unix.NLMSG_DONE, unix.EINTR)) // it is broken off
	kernel.asked(unix.RTM_GETLINK)
	kernel.tells(done)
	kernel.asked(unix.RTM_GETADDR)
	// What it lists has changed meanwhile.
	kernel.tells(address(unix.NLM_F_MULTI, "10.7.0.9"),
		address(unix.NLM_F_MULTI|unix.NLM_F_DUMP_INTR, "10.7.0.8"), done)
	kernel.asked(unix.RTM_GETLINK)
	kernel.tells(done)
	kernel.asked(unix.RTM_GETADDR)
	if len(moves) != 0 {
		t.Errorf("it moves to %v by half a list", <-moves)
	}
	kernel.tells(address(unix.NLM_F_MULTI, "10.7.0.5"), done)
	if got := <-moves; got != netip.MustParseAddr("10.7.0.5") {
		t.Errorf("it moves to %v", got)
	}
}
