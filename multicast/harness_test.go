package multicast

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// loopback is the interface that traffic never leaves this machine by.
func loopback(t testing.TB) *net.Interface {
	t.Helper()
	ifs, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, ifi := range ifs {
		if ifi.Flags&net.FlagLoopback != 0 && ifi.Flags&net.FlagUp != 0 {
			return &ifi
		}
	}
	t.Skip("no loopback interface is up")
	return nil
}

// newGroup is a group that only this test uses: the last byte of its address is
// the test's own, and its port is one that is free.
func newGroup(t testing.TB, last byte) netip.AddrPort {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	port := pc.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, 9, last}), port)
}

func openTestGroup(t testing.TB, cfg GroupConfig) Conn {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Interface == "" {
		cfg.Interface = loopback(t).Name
	}
	c, err := Kernel.Group(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func openTestSocket(t testing.TB, cfg SocketConfig) Conn {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Interface == "" {
		cfg.Interface = loopback(t).Name
	}
	c, err := Kernel.Socket(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// send writes datagrams that all must be taken.
func send(t testing.TB, c Conn, to netip.AddrPort, datagrams ...string) {
	t.Helper()
	for _, d := range datagrams {
		if n, err := c.Write(to, []byte(d), len(d)); n != len(d) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", d, n, err)
		}
	}
}

// received reads n datagrams and returns what was in them. It never gives up;
// the test's own deadline does.
func received(t testing.TB, c Conn, n int) []Packet {
	t.Helper()
	var all []Packet
	ps := make([]Packet, 5) // fewer than one merged datagram may bring
	for len(all) < n {
		k, err := c.Read(ps)
		if err != nil {
			t.Fatalf("Read after %d of %d datagrams: %v", len(all), n, err)
		}
		for _, p := range ps[:k] {
			p.Data = bytes.Clone(p.Data)
			all = append(all, p)
		}
	}
	if len(all) > n {
		t.Fatalf("%d datagrams came, want %d", len(all), n)
	}
	return all
}

func wantReceived(t testing.TB, c Conn, want ...string) []Packet {
	t.Helper()
	ps := received(t, c, len(want))
	for i, p := range ps {
		if string(p.Data) != want[i] {
			t.Fatalf("datagram %d is %q, want %q", i, p.Data, want[i])
		}
	}
	return ps
}

// segments makes n datagrams of size bytes, the last of which is shorter, each
// different.
func segments(n, size, last int) []byte {
	b := make([]byte, (n-1)*size+last)
	for i := range b {
		b[i] = byte(i/size) ^ byte(i*7)
	}
	return b
}

// logs keeps what was logged, and says when.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // gets a value after each line, unless one waits
}

func newLogs() (*logs, *slog.Logger) {
	l := &logs{more: make(chan struct{}, 1)}
	return l, slog.New(slog.NewTextHandler(l, nil))
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	l.text.Write(b)
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logs) count(s string) int { return bytes.Count([]byte(l.String()), []byte(s)) }

// wait waits until s was logged n times.
func (l *logs) wait(s string, n int) {
	for l.count(s) < n {
		<-l.more
	}
}
