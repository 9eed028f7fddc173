//go:build !crier_plain

package multicast

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"crier/testnet/rig/netns"
)

func TestRejoinAfterAFlapAndARebirth(t *testing.T) {
	for _, group := range []netip.AddrPort{vethGroup, vethGroup6} {
		done := make(chan struct{})
		go func() { // each in a thread, and so a namespace, of its own
			defer close(done)
			rejoins(t, group)
		}()
		<-done
	}
}

func rejoins(t *testing.T, group netip.AddrPort) {
	inNamespace(t)
	log, logger := newLogs()
	r := openTestGroup(t, GroupConfig{Group: group, Interface: "v0", Logger: logger})
	w := openTestSocket(t, SocketConfig{Group: group, Interface: "v1", TTL: 1, Logger: logger})
	send(t, w, group, "before")
	wantReceived(t, r, "before")

	netns.Run(t, "ip link set v0 down")
	log.wait("went down", 2) // both, since v1 has no link now
	netns.Run(t, "ip link set v0 up")
	if group.Addr().Is6() { // which went with the link
		netns.Run(t, "ip addr replace fd77::1/64 dev v0 nodad")
	}
	log.wait("an interface is back", 2)
	send(t, w, group, "after the flap")
	wantReceived(t, r, "after the flap")
	if n := r.Stats().Rejoins; n != 1 {
		t.Errorf("%d rejoins after the flap, want 1", n)
	}

	netns.Run(t, "ip link del v0")
	log.wait("went down", 4)
	makeVeth(t) // with other indexes
	log.wait("an interface is back", 4)
	send(t, w, group, "after the rebirth")
	wantReceived(t, r, "after the rebirth")
	if n := r.Stats().Rejoins; n != 2 {
		t.Errorf("%d rejoins after the rebirth, want 2", n)
	}
	if n := w.Stats().SendErrors; n != 0 {
		t.Errorf("%d send errors", n)
	}
	r.Close()
	w.Close()
}

// Groups that are joined while the interface is gone are members when it is back.
func TestGroupsRejoin(t *testing.T) {
	inNamespace(t)
	log, logger := newLogs()
	r, err := Kernel.Groups(GroupConfig{Group: nth(vethGroup, 0), Interface: "v0", Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	netns.Run(t, "ip link del v0")
	log.wait("went down", 1)
	if err := r.Join(nth(vethGroup, 1), 1); err != nil {
		t.Fatal(err)
	}
	if err := r.Join(nth(vethGroup, 2), 2); err != nil {
		t.Fatal(err)
	}
	if err := r.Leave(nth(vethGroup, 1)); err != nil {
		t.Fatal(err)
	}
	makeVeth(t) // with other indexes
	log.wait("an interface is back", 1)
	w := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1})
	send(t, w, nth(vethGroup, 1), "left")
	for i := 0; i <= 2; i += 2 {
		if p := only(t, w, r, nth(vethGroup, i), "here"); p.Group != i {
			t.Errorf("group %d came with index %d", i, p.Group)
		}
	}
}

// Where the kernel allows a socket no further membership, it is full; and where it allows
// none at all, the error names the setting.
func TestGroupsMeetTheKernelsLimit(t *testing.T) {
	inNamespace(t)
	limit := func(n string) {
		const file = "/proc/sys/net/ipv4/igmp_max_memberships"
		if err := os.WriteFile(file, []byte(n), 0); err != nil {
			t.Skip("the limit of memberships cannot be set:", err)
		}
	}
	limit("3")
	r := openTestGroups(t, GroupConfig{Group: nth(vethGroup, 0), Interface: "v0"})
	for n := 1; n < 3; n++ {
		if err := r.Join(nth(vethGroup, n), n); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Join(nth(vethGroup, 3), 3); err != ErrFull {
		t.Errorf("the fourth of three: %v", err)
	}
	limit("0")
	_, err := Kernel.Groups(GroupConfig{Group: vethGroup, Interface: "v0",
		Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "net.ipv4.igmp_max_memberships") {
		t.Errorf("no membership is allowed: %v", err)
	}
}

func TestSendErrorsPass(t *testing.T) {
	inNamespace(t)
	log, logger := newLogs()
	r := openTestGroup(t, GroupConfig{Group: vethGroup, Interface: "v0", Logger: logger})
	w := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1, Logger: logger})
	b := segments(10, 1000, 1000)

	// More than the MTU of the interface is never fragmented.
	if _, err := w.Write(vethGroup, segments(3, 1473, 1473), 1473); err != nil {
		t.Fatal(err)
	}
	if n := w.Stats().SendErrors; n != 3 {
		t.Errorf("%d send errors for datagrams above the MTU, want 3", n)
	}
	// An address that was taken away: every send fails with EINVAL, offloaded
	// or not, and is no reason to give offload up.
	netns.Run(t, "ip addr del 10.77.0.2/24 dev v1")
	if n, err := w.Write(vethGroup, b, 1000); n != len(b) || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	if n := w.Stats().SendErrors; n != 13 {
		t.Errorf("%d send errors without the address, want 13\n%s", n, log)
	}
	netns.Run(t, "ip addr add 10.77.0.2/24 dev v1")
	netns.Run(t, "ip link set v1 down")
	log.wait("went down", 2)
	if n, err := w.Write(vethGroup, b, 1000); n != len(b) || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	if n := w.Stats().SendErrors; n != 23 {
		t.Errorf("%d send errors with the link down, want 23\n%s", n, log)
	}
	netns.Run(t, "ip link set v1 up")
	log.wait("an interface is back", 2)
	before := w.Stats().Writes
	if _, err := w.Write(vethGroup, b, 1000); err != nil {
		t.Fatal(err)
	}
	received(t, r, 10)
	if n := w.Stats().Writes - before; n != 1 {
		t.Errorf("%d calls sent 10 datagrams afterwards, want 1", n)
	}
}

// writeAll writes all of b, and waits where it must.
func writeAll(t *testing.T, w Conn, b []byte, segment int) {
	t.Helper()
	for len(b) > 0 {
		n, err := w.Write(vethGroup, b, segment)
		if b = b[n:]; errors.Is(err, ErrWouldBlock) {
			err = w.WaitWrite()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The kernel does not report a full transmit queue unless it is asked. One that stays full
// costs datagrams, after a while, and those that follow at once.
func TestFullTransmitQueueIsCounted(t *testing.T) {
	inNamespace(t)
	shape(t, "rate 8kbit burst 2000 limit 3000")
	w := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1, NoOffload: true})
	writeAll(t, w, segments(20, 1000, 1000), 1000)
	if s := w.Stats(); s.SendErrors < 10 || s.Sent+s.SendErrors != 20 ||
		s.Starved < maxStarved || s.Starved > 2*maxStarved {
		t.Errorf("%+v", s)
	}
}

// A transmit queue that is full for a moment costs nothing, of a large write neither.
func TestFullTransmitQueueIsWaitedFor(t *testing.T) {
	for shaped, noOffload := range map[string]bool{
		"rate 20mbit burst 2000 limit 20000":   true,
		"rate 20mbit burst 70000 limit 100000": false, // a large write is one packet there
	} {
		t.Run(shaped, func(t *testing.T) {
			inNamespace(t)
			shape(t, shaped)
			r := openTestGroup(t, GroupConfig{Group: vethGroup, Interface: "v0"})
			w := openTestSocket(t, SocketConfig{
				Group: vethGroup, Interface: "v1", TTL: 1, NoOffload: noOffload,
			})
			const batch, batches = 30, 15 // faster than the queue also from a busy machine
			for range batches {
				writeAll(t, w, segments(batch, 1400, 1400), 1400)
			}
			s := w.Stats()
			if s.Starved == 0 || s.SendErrors != 0 || s.Sent != uint64(batches*batch) {
				t.Fatalf("%+v", s)
			}
			received(t, r, batches*batch)
		})
	}
}

func TestFullSendBufferWouldBlock(t *testing.T) {
	inNamespace(t)
	shape(t, "rate 50mbit burst 2000 limit 100000000")
	for _, noOffload := range []bool{false, true} {
		r := openTestGroup(t, GroupConfig{Group: vethGroup, Interface: "v0"})
		w := openTestSocket(t, SocketConfig{
			Group: vethGroup, Interface: "v1", TTL: 1, WriteBuffer: 32 << 10, NoOffload: noOffload,
		})
		const segment, n = 1400, 500
		read := make(chan struct{})
		go func() {
			defer close(read)
			received(t, r, n)
		}()
		b := segments(n, segment, segment)
		blocked := 0
		for rest := b; len(rest) > 0; {
			k, err := w.Write(vethGroup, rest, segment)
			rest = rest[k:]
			if errors.Is(err, ErrWouldBlock) {
				blocked++
				if k%segment != 0 {
					t.Fatalf("%d bytes taken are not whole datagrams", k)
				}
				err = w.WaitWrite()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		<-read
		if s := w.Stats(); blocked == 0 || s.Sent != n || s.SendErrors != 0 {
			t.Errorf("blocked %d times: %+v", blocked, s)
		}
		r.Close()
		w.Close()
	}
}

func TestCloseEndsWaitWrite(t *testing.T) {
	inNamespace(t)
	shape(t, "rate 8kbit burst 2000 limit 100000000")
	w := openTestSocket(t, SocketConfig{
		Group: vethGroup, Interface: "v1", TTL: 1, WriteBuffer: 8 << 10,
	})
	_, err := w.Write(vethGroup, segments(1000, 1400, 1400), 1400)
	if !errors.Is(err, ErrWouldBlock) {
		t.Fatalf("Write: %v; want %v", err, ErrWouldBlock)
	}
	waited := make(chan error)
	go func() { waited <- w.WaitWrite() }()
	// Others still may try, and don't wait for the one that waits.
	n, err := w.Write(vethGroup, make([]byte, 10), 10)
	if n != 0 || !errors.Is(err, ErrWouldBlock) {
		t.Errorf("Write = %d, %v", n, err)
	}
	w.Close()
	if err := <-waited; !errors.Is(err, net.ErrClosed) {
		t.Errorf("WaitWrite: %v", err)
	}
}
