package multicast

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/ipv4"
)

func TestGroupReceivesWhatIsSentToIt(t *testing.T) {
	group := newGroup(t, 1)
	r := openTestGroup(t, GroupConfig{Group: group})
	w := openTestSocket(t, SocketConfig{Group: group})
	send(t, w, group, "one", "two", "three")
	for _, p := range wantReceived(t, r, "one", "two", "three") {
		if p.From != w.LocalAddr() {
			t.Errorf("from %v, want %v", p.From, w.LocalAddr())
		}
		if runtime.GOOS == "linux" && !plain && p.Received == 0 {
			t.Error("no receive time")
		}
	}
	if r.LocalAddr() != group {
		t.Errorf("local address %v, want %v", r.LocalAddr(), group)
	}
	if s := r.Stats(); s.Received != 3 || s.ReadBuffer == 0 || s.MTU == 0 ||
		s.Misdirected+s.Truncated+s.KernelDrops != 0 {
		t.Errorf("receiver: %+v", s)
	}
	if s := w.Stats(); s.Sent != 3 || s.SentBytes != 11 || s.SendErrors != 0 || s.WriteBuffer == 0 {
		t.Errorf("sender: %+v", s)
	}
}

func TestSubscribersOnOnePortEachGetEverything(t *testing.T) {
	group := newGroup(t, 2)
	var rs []Conn
	for range 3 {
		rs = append(rs, openTestGroup(t, GroupConfig{Group: group}))
	}
	send(t, openTestSocket(t, SocketConfig{Group: group}), group, "a", "b")
	for _, r := range rs {
		wantReceived(t, r, "a", "b")
	}
}

func TestOtherGroupsOnThePortStayOut(t *testing.T) {
	ours := newGroup(t, 3)
	theirs := netip.AddrPortFrom(netip.MustParseAddr("239.77.9.4"), ours.Port())
	r := openTestGroup(t, GroupConfig{Group: ours})
	other := openTestGroup(t, GroupConfig{Group: theirs})
	w := openTestSocket(t, SocketConfig{Group: ours})
	send(t, w, theirs, "theirs")
	send(t, w, ours, "ours")
	wantReceived(t, r, "ours")
	wantReceived(t, other, "theirs")
}

func TestSocketsReceiveUnicast(t *testing.T) {
	group := newGroup(t, 5)
	a := openTestSocket(t, SocketConfig{Group: group})
	b := openTestSocket(t, SocketConfig{Group: group})
	send(t, a, b.LocalAddr(), "ask")
	from := wantReceived(t, b, "ask")[0].From
	send(t, b, from, "answer")
	wantReceived(t, a, "answer")

	// A stranger may send an empty datagram.
	stranger, err := net.Dial("udp4", a.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if _, err := stranger.Write(nil); err != nil {
		t.Fatal(err)
	}
	wantReceived(t, a, "")
}

func TestWritesAreCutIntoSegments(t *testing.T) {
	// Few enough to fit the receive buffer that Linux grants by default.
	for _, c := range []struct {
		name             string
		segment, n, last int
		noOffload        bool
	}{
		{"one", 1472, 1, 1472, false},
		{"two, the last short", 1472, 2, 1, false},
		{"more than one write holds", 1472, 100, 700, false},
		{"more segments than the kernel cuts", 10, 600, 3, false},
		{"segments of one byte", 1, 300, 1, false},
		{"segments too large to share a write", 40000, 3, 100, false},
		{"without offload", 100, 300, 70, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			group := newGroup(t, 6)
			r := openTestGroup(t, GroupConfig{Group: group})
			w := openTestSocket(t, SocketConfig{Group: group, NoOffload: c.noOffload})
			b := segments(c.n, c.segment, c.last)
			if n, err := w.Write(group, b, c.segment); n != len(b) || err != nil {
				t.Fatalf("Write = %d, %v; want %d", n, err, len(b))
			}
			ps := received(t, r, c.n)
			for i, p := range ps {
				want := b[i*c.segment : min((i+1)*c.segment, len(b))]
				if !bytes.Equal(p.Data, want) {
					t.Fatalf("datagram %d has %d bytes that differ from the %d sent",
						i, len(p.Data), len(want))
				}
			}
			if s := w.Stats(); s.Sent != uint64(c.n) || s.SentBytes != uint64(len(b)) {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestSourceSpecificGroupTakesOneSender(t *testing.T) {
	lo := loopback(t)
	group := newGroup(t, 7)
	here, there := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	fromHere := openTestGroup(t, GroupConfig{Group: group, Source: here})
	fromThere := openTestGroup(t, GroupConfig{Group: group, Source: there})

	second, err := net.ListenPacket("udp4", "127.0.0.2:0")
	if err != nil {
		t.Skip("this system has no second loopback address:", err)
	}
	defer second.Close()
	if err := ipv4.NewPacketConn(second).SetMulticastInterface(lo); err != nil {
		t.Fatal(err)
	}
	if _, err := second.WriteTo([]byte("there"), net.UDPAddrFromAddrPort(group)); err != nil {
		t.Fatal(err)
	}
	send(t, openTestSocket(t, SocketConfig{Group: group}), group, "here")
	wantReceived(t, fromHere, "here")
	wantReceived(t, fromThere, "there")
}

func TestRefusedDatagramsAreCountedAndLoggedOnce(t *testing.T) {
	group := newGroup(t, 8)
	log, logger := newLogs()
	r := openTestGroup(t, GroupConfig{Group: group})
	w := openTestSocket(t, SocketConfig{Group: group, Logger: logger})
	six := netip.MustParseAddrPort("[2001:db8::1]:9")
	for range 100 {
		if n, err := w.Write(six, make([]byte, 25), 10); n != 25 || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	if n, err := w.Write(netip.AddrPort{}, make([]byte, 10), 10); n != 10 || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	if n, err := w.Write(group, make([]byte, 65508), 65508); n != 65508 || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	if got := w.Stats().SendErrors; got != 302 {
		t.Errorf("%d send errors, want 302", got)
	}
	if got := log.count("address family"); got != 1 {
		t.Errorf("logged %d times, want once:\n%s", got, log)
	}
	if !strings.Contains(log.String(), "use frames that fit the interface's MTU") {
		t.Errorf("no hint for a datagram that is too large:\n%s", log)
	}
	send(t, w, group, "still")
	wantReceived(t, r, "still")
}

func TestMisuseIsAnError(t *testing.T) {
	group := newGroup(t, 9)
	r := openTestGroup(t, GroupConfig{Group: group})
	w := openTestSocket(t, SocketConfig{Group: group})
	if _, err := w.Write(group, []byte("x"), 0); err == nil {
		t.Error("segments of 0 bytes were taken")
	}
	if _, err := w.Read(nil); err == nil {
		t.Error("Read without room returned")
	}
	if _, err := r.Write(group, []byte("x"), 1); !errors.Is(err, ErrReceiveOnly) {
		t.Errorf("a group's Write: %v", err)
	}
	if err := r.WaitWrite(); !errors.Is(err, ErrReceiveOnly) {
		t.Errorf("a group's WaitWrite: %v", err)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	group := newGroup(t, 10)
	r := openTestGroup(t, GroupConfig{Group: group})
	w := openTestSocket(t, SocketConfig{Group: group})
	var reads sync.WaitGroup
	for _, c := range []Conn{r, w} {
		reads.Go(func() {
			if _, err := c.Read(make([]Packet, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Read: %v", err)
			}
		})
	}
	for _, c := range []Conn{r, w, r} {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	reads.Wait()
	if _, err := r.Read(make([]Packet, 1)); err != net.ErrClosed {
		t.Errorf("Read after Close: %v", err)
	}
	if _, err := w.Write(group, []byte("x"), 1); err != net.ErrClosed {
		t.Errorf("Write after Close: %v", err)
	}
	if err := w.WaitWrite(); err != net.ErrClosed {
		t.Errorf("WaitWrite after Close: %v", err)
	}
	w.Stats()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	if bytes.Contains(stacks, []byte("multicast.(*watch)")) {
		t.Errorf("a goroutine is left:\n%s", stacks)
	}
}

func TestConcurrentUse(t *testing.T) {
	group := newGroup(t, 11)
	r := openTestGroup(t, GroupConfig{Group: group})
	w := openTestSocket(t, SocketConfig{Group: group})
	const writers, writes, frames = 4, 20, 5
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			b := segments(frames, 100, 100)
			for range writes {
				if n, err := w.Write(group, b, 100); n != len(b) || err != nil {
					t.Errorf("Write = %d, %v", n, err)
				}
				if err := w.WaitWrite(); err != nil {
					t.Error(err)
				}
				r.Stats()
				w.Stats()
			}
		})
	}
	received(t, r, writers*writes*frames)
	wg.Wait()
}
