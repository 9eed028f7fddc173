//go:build !crier_plain

package multicast

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// A socket whose move fails, on a port that was asked for, stays where it is, and may be
// moved later.
func TestMoveThatFailedIsTriedAgain(t *testing.T) {
	w := openTestSocket(t, SocketConfig{Group: newGroup(t, 60)}).(*conn)
	old, lo := w.LocalAddr(), loopback(t)
	cfg := SocketConfig{Group: newGroup(t, 60), Interface: lo.Name, Port: old.Port()}
	cfg, err := cfg.complete()
	if err != nil {
		t.Fatal(err)
	}
	to := netip.MustParseAddr("127.0.0.77")
	follows := w.waker.raw
	w.waker.raw = w.raw // not an epoll instance
	for range 2 {
		if _, err := w.move(cfg, to, lo.Index); err == nil || errors.Is(err, unix.EADDRINUSE) {
			t.Fatal("it has moved to where no reader hears of its input:", err)
		}
	}
	send(t, w, old, "still here")
	w.waker.raw = follows
	wantReceived(t, w, "still here")
	moved, err := w.move(cfg, to, lo.Index)
	want := netip.AddrPortFrom(to, old.Port())
	if err != nil || moved != want || w.LocalAddr() != want {
		t.Fatalf("it is at %v, want %v: %v", moved, want, err)
	}
	send(t, w, moved, "here")
	wantReceived(t, w, "here")
}
