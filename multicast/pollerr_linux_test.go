//go:build !crier_plain

package multicast

import (
	"net/netip"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"crier/testnet/rig/netns"
)

// A datagram to a port without listeners comes back as an error, while more than half of
// the socket's buffer waits to be sent: then there is an error to be read and nothing else,
// not even room to write. A reader must not take that for the socket's end.
func TestReadOutlivesAnErrorOfAFullSocket(t *testing.T) {
	done := make(chan struct{})
	go func() { // in a thread, and so a namespace, of its own
		defer close(done)
		inNamespace(t)
		netns.Run(t, "tc qdisc add dev v1 root tbf rate 8kbit burst 2000 latency 1000s")
		w := openTestSocket(t, SocketConfig{
			Group: vethGroup, Interface: "v1", TTL: 1, WriteBuffer: 64 << 10,
		})
		from := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1})
		type read struct {
			n   int
			err error
		}
		got := make(chan read, 1)
		go func() {
			n, err := w.Read(make([]Packet, 8))
			got <- read{n, err}
		}()
		for range 40 {
			if _, err := w.Write(vethGroup, make([]byte, 1472), 1472); err != nil {
				t.Errorf("the socket is full too early: %v", err)
				return
			}
		}
		closed := netip.AddrPortFrom(w.LocalAddr().Addr(), 9)
		if _, err := w.Write(closed, []byte("is anybody there?"), 17); err != nil {
			t.Errorf("Write: %v", err)
		}
		for pending := true; pending; runtime.Gosched() { // until the reader has seen the error
			poll := []unix.PollFd{{Events: unix.POLLOUT}}
			w.(*conn).raw.Control(func(fd uintptr) {
				poll[0].Fd = int32(fd)
				unix.Poll(poll, 0)
			})
			if poll[0].Revents&unix.POLLOUT != 0 {
				t.Error("the socket has room: this tests nothing")
				return
			}
			pending = poll[0].Revents&unix.POLLERR != 0 && len(got) == 0
		}
		send(t, from, w.LocalAddr(), "a request")
		if r := <-got; r.n != 1 || r.err != nil {
			t.Errorf("Read returned %d, %v", r.n, r.err)
		}
	}()
	<-done
}
