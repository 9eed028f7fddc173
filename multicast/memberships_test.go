package multicast

import (
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"
)

// heardMachine tells of each datagram.
type heardMachine struct {
	burstMachine
	heard chan Packet
}

func (m *heardMachine) Receive(_ int64, ps []Packet) (int, bool) {
	for _, p := range ps {
		m.heard <- p
	}
	return len(ps), false
}

// Groups beyond what one socket takes go to further ones, which a Loop reads however it
// waits, and closes.
func TestMembershipsOverSeveralSockets(t *testing.T) {
	const groups = 45
	for _, wait := range []Wait{WaitBlock, WaitAdaptive, WaitSpin} {
		t.Run(wait.String(), func(t *testing.T) {
			if plain && wait != WaitBlock {
				t.Skip("these sockets can only be waited for")
			}
			quiet := slog.New(slog.DiscardHandler)
			group := newGroup(t, 63)
			link, err := LinkConfig{Wait: wait, ReadBuffer: 64 << 10}.Complete()
			if err != nil {
				t.Fatal(err)
			}
			m := &heardMachine{heard: make(chan Packet)}
			out := openTestSocket(t, SocketConfig{Group: group, Polled: wait == WaitSpin})
			timer, err := Kernel.Timer()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLoop(LoopConfig{
				Machine: m, Out: out, Timer: timer, Start: time.Now(), Wait: wait, Logger: quiet,
			})
			l.Run()
			ms := link.Memberships(GroupConfig{
				Interface: loopback(t).Name, Feed: 2, Logger: quiet,
			}, nil)
			for n := range groups {
				if err := ms.Join(nth(group, n), n, l.Add); err != nil {
					t.Fatal(err)
				}
			}
			want := (groups + 19) / 20
			if plain {
				want = groups
			}
			if n := len(ms.Stats()); n != want {
				t.Errorf("%d groups took %d sockets, want %d", groups, n, want)
			}
			hear := func(n, index int) {
				t.Helper()
				send(t, out, nth(group, n), "x")
				if p := <-m.heard; p.Group != index || p.Feed != 2 {
					t.Errorf("group %d: index %d, feed %d", n, p.Group, p.Feed)
				}
			}
			for n := range groups {
				hear(n, n)
			}
			if err := ms.Leave(nth(group, 7)); err != nil {
				t.Fatal(err)
			}
			send(t, out, nth(group, 7), "left")
			if err := ms.Join(nth(group, groups), groups, l.Add); err != nil { // in its place
				t.Fatal(err)
			}
			if err := ms.Join(nth(group, 8), 100, l.Add); err != nil {
				t.Fatal(err)
			}
			hear(groups, groups)
			hear(8, 100)
			if n := len(ms.Stats()); n != want {
				t.Errorf("a group that took another's place has socket %d of %d", n, want)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			for i, c := range ms.conns {
				if n, err := c.Read(make([]Packet, 1)); n != 0 || !errors.Is(err, net.ErrClosed) {
					t.Errorf("socket %d is open: %d, %v", i, n, err)
				}
			}
			for n := groups + 1; ; n++ { // the first that takes another socket
				if err := ms.Join(nth(group, n), n, l.Add); err == nil {
					t.Error("joined when the Loop was closed")
				} else if errors.Is(err, net.ErrClosed) {
					break
				}
			}
		})
	}
}
