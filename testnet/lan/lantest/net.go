// Package lantest tells stories on a LAN, for tests.
package lantest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/testnet/lan"
	"crier/testnet/link"
)

// Group is where stories on a LAN send to.
var Group = netip.MustParseAddrPort("239.77.0.1:7700")

// Net is a LAN with the hosts 10.77.0.1 and up, in a synctest bubble. Hosts
// are named by their last number.
type Net struct {
	*testing.T
	LAN *lan.LAN
}

// On runs a story on a LAN. It fails if any goroutine is left at its end.
func On(t *testing.T, cfg lan.Config, story func(t Net)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l, err := lan.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
		story(Net{t, l})
	})
}

// Host returns the host with a number.
func (n Net) Host(number int) *lan.Host {
	n.Helper()
	h, err := n.LAN.Host(fmt.Sprintf("10.77.0.%d", number))
	if err != nil {
		n.Fatal(err)
	}
	return h
}

// Link is the path from one host to another.
func (n Net) Link(from, to int) *lan.Path {
	n.Helper()
	return n.LAN.Link(n.Host(from), n.Host(to))
}

// Pub opens a socket that reaches the whole LAN.
func (n Net) Pub(host int) *Socket {
	n.Helper()
	return n.Socket(host, multicast.SocketConfig{TTL: 1})
}

// Socket opens a socket to send from.
func (n Net) Socket(host int, cfg multicast.SocketConfig) *Socket {
	n.Helper()
	cfg.Interface, cfg.Group = "eth0", Group
	c, err := n.Host(host).Socket(cfg)
	if err != nil {
		n.Fatal(err)
	}
	return Read(c)
}

// Sub opens a socket that receives Group.
func (n Net) Sub(host int) *Socket {
	n.Helper()
	return n.Group(host, multicast.GroupConfig{Group: Group})
}

// Group opens a socket that receives a group.
func (n Net) Group(host int, cfg multicast.GroupConfig) *Socket {
	n.Helper()
	cfg.Interface = "eth0"
	c, err := n.Host(host).Group(cfg)
	if err != nil {
		n.Fatal(err)
	}
	return Read(c)
}

// Send writes each text as one datagram.
func (n Net) Send(from *Socket, to netip.AddrPort, texts ...string) {
	n.Helper()
	for _, text := range texts {
		if taken, err := from.Write(to, []byte(text), max(1, len(text))); err != nil ||
			taken != len(text) {
			n.Fatalf("write %q to %v: %d bytes taken, %v", text, to, taken, err)
		}
	}
}

// WantRead lets a second pass and checks what a socket has read since last time.
func (n Net) WantRead(name string, s *Socket, texts ...string) {
	n.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	var got []string
	for _, p := range s.Take() {
		got = append(got, p.Text)
	}
	if !slices.Equal(got, texts) {
		n.Errorf("%s read %q, not %q", name, got, texts)
	}
}

// Socket reads a Conn until it is closed, and keeps what came.
type Socket struct {
	multicast.Conn
	mu    sync.Mutex
	got   []Received
	ended error
}

// Received is a datagram that a Socket has read.
type Received struct {
	Text string
	From netip.AddrPort
	// At is when it arrived, in nanoseconds of the wall clock.
	At int64
}

// Read reads a Conn in a goroutine that ends with it.
func Read(c multicast.Conn) *Socket {
	s := &Socket{Conn: c}
	go func() {
		ps := make([]multicast.Packet, 8)
		for {
			n, err := c.Read(ps)
			s.mu.Lock()
			for _, p := range ps[:n] {
				s.got = append(s.got, Received{string(p.Data), p.From, p.Received})
			}
			s.ended = err
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

// Take returns what was read since the last take.
func (s *Socket) Take() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

// Err returns the error that the last Read ended with.
func (s *Socket) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// WantClosed checks that the reading goroutine was told of the end.
func (n Net) WantClosed(name string, s *Socket) {
	n.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !errors.Is(s.ended, net.ErrClosed) {
		n.Errorf("%s: Read ended with %v, not net.ErrClosed", name, s.ended)
	}
}

// Numbered returns texts a1, a2 and so on.
func Numbered(prefix string, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint(prefix, i+1)
	}
	return texts
}

// Parsed reads a script.
func Parsed(t testing.TB, text string) link.Script {
	t.Helper()
	s, err := link.ParseScript(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
