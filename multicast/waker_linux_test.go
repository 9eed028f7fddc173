//go:build !crier_plain

package multicast

import (
	"testing"

	"golang.org/x/sys/unix"
)

// No goroutine is woken for what comes to a socket that is only polled, nor for what has
// left one that sends.
func TestOnlyInputWakes(t *testing.T) {
	group := newGroup(t, 59)
	r := openTestGroup(t, GroupConfig{Group: group, Polled: true})
	w := openTestSocket(t, SocketConfig{Group: group, Polled: true})
	send(t, w, group, "one")
	for n := 0; n == 0; {
		var err error
		if n, err = r.(*conn).TryRead(make([]Packet, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if r.(*conn).waker.file != nil || w.(*conn).waker.file != nil {
		t.Error("sockets that no goroutine waits for are in the poller")
	}

	raw, err := w.(*conn).waker.follow(w.(*conn).raw)
	if err != nil {
		t.Fatal(err)
	}
	events := func() (events int16) {
		raw.Control(func(fd uintptr) {
			poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT}}
			unix.Poll(poll, 0)
			events = poll[0].Revents
		})
		return events
	}
	send(t, w, group, "two")
	if e := events(); e != 0 {
		t.Errorf("a datagram has left, and that is event %#x", e)
	}
	send(t, w, w.LocalAddr(), "three")
	if e := events(); e != unix.POLLIN {
		t.Errorf("a datagram has come, and that is event %#x", e)
	}
	wantReceived(t, w, "three")
}
