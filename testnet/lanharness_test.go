package testnet

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
)

var testGroup = netip.MustParseAddrPort("239.77.0.1:7700")

// net77 is a LAN with the hosts 10.77.0.1 and up, in a synctest bubble. Hosts
// are named by their last number.
type net77 struct {
	*testing.T
	lan *LAN
}

// onLAN runs a story on a LAN. It fails if any goroutine is left at its end.
func onLAN(t *testing.T, cfg LANConfig, story func(t net77)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		lan, err := NewLAN(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := lan.Close(); err != nil {
				t.Error(err)
			}
		})
		story(net77{t, lan})
	})
}

func (n net77) host(number int) *Host {
	n.Helper()
	h, err := n.lan.Host(fmt.Sprintf("10.77.0.%d", number))
	if err != nil {
		n.Fatal(err)
	}
	return h
}

// link is the path from one host to another.
func (n net77) link(from, to int) *Path {
	n.Helper()
	return n.lan.Link(n.host(from), n.host(to))
}

// pub opens a socket that reaches the whole LAN.
func (n net77) pub(host int) *testSocket {
	n.Helper()
	return n.socket(host, multicast.SocketConfig{TTL: 1})
}

func (n net77) socket(host int, cfg multicast.SocketConfig) *testSocket {
	n.Helper()
	cfg.Interface, cfg.Group = "eth0", testGroup
	c, err := n.host(host).Socket(cfg)
	if err != nil {
		n.Fatal(err)
	}
	return read(c)
}

// sub opens a socket that receives testGroup.
func (n net77) sub(host int) *testSocket {
	n.Helper()
	return n.group(host, multicast.GroupConfig{Group: testGroup})
}

func (n net77) group(host int, cfg multicast.GroupConfig) *testSocket {
	n.Helper()
	cfg.Interface = "eth0"
	c, err := n.host(host).Group(cfg)
	if err != nil {
		n.Fatal(err)
	}
	return read(c)
}

// send writes each text as one datagram.
func (n net77) send(from *testSocket, to netip.AddrPort, texts ...string) {
	n.Helper()
	for _, text := range texts {
		if taken, err := from.Write(to, []byte(text), max(1, len(text))); err != nil || taken != len(text) {
			n.Fatalf("write %q to %v: %d bytes taken, %v", text, to, taken, err)
		}
	}
}

// wantRead lets a second pass and checks what a socket has read since last time.
func (n net77) wantRead(name string, s *testSocket, texts ...string) {
	n.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	var got []string
	for _, p := range s.take() {
		got = append(got, p.text)
	}
	if !slices.Equal(got, texts) {
		n.Errorf("%s read %q, not %q", name, got, texts)
	}
}

// testSocket reads a Conn until it is closed, and keeps what came.
type testSocket struct {
	multicast.Conn
	mu    sync.Mutex
	got   []received
	ended error
}

type received struct {
	text string
	from netip.AddrPort
	at   int64 // nanoseconds of the wall clock
}

func read(c multicast.Conn) *testSocket {
	s := &testSocket{Conn: c}
	go func() {
		ps := make([]multicast.Packet, 8)
		for {
			n, err := c.Read(ps)
			s.mu.Lock()
			for _, p := range ps[:n] {
				s.got = append(s.got, received{string(p.Data), p.From, p.Received})
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

// take returns what was read since the last take.
func (s *testSocket) take() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

// wantClosed checks that the reading goroutine was told of the end.
func (n net77) wantClosed(name string, s *testSocket) {
	n.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !errors.Is(s.ended, net.ErrClosed) {
		n.Errorf("%s: Read ended with %v, not net.ErrClosed", name, s.ended)
	}
}

// numbered returns texts a1, a2 and so on.
func numbered(prefix string, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint(prefix, i+1)
	}
	return texts
}

func wantError(t testing.TB, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("error %v doesn't say %q", err, says)
	}
}
