//go:build !crier_plain

package multicast

import (
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/testnet/rig/netns"
)

// secondPair makes a second pair of interfaces beside v0 and v1: w0 and w1.
func secondPair(t *testing.T) {
	t.Helper()
	netns.Prepare(t, "ip link add w0 type veth peer name w1")
	for i, w := range []string{"w0", "w1"} {
		for _, set := range []string{"accept_local", "rp_filter"} {
			value := map[string]string{"accept_local": "1", "rp_filter": "0"}[set]
			file := "/proc/sys/net/ipv4/conf/" + w + "/" + set
			if err := os.WriteFile(file, []byte(value), 0); err != nil {
				t.Skip("a veth pair within one host:", err)
			}
		}
		netns.Prepare(t, "ip addr add 10.79.0."+string(rune('1'+i))+"/24 dev "+w)
		netns.Prepare(t, "ip link set "+w+" up")
	}
	waitForLinks(t, "w0", "w1")
}

// counted is a group's socket whose datagrams are counted.
type counted struct {
	Conn
	mu   sync.Mutex
	n    int
	more chan struct{}
}

func countReceived(t *testing.T, cfg GroupConfig) *counted {
	c := &counted{Conn: openTestGroup(t, cfg), more: make(chan struct{}, 1)}
	go func() {
		ps := make([]Packet, 64)
		for {
			n, err := c.Read(ps)
			if err != nil {
				return
			}
			c.mu.Lock()
			c.n += n
			c.mu.Unlock()
			select {
			case c.more <- struct{}{}:
			default:
			}
		}
	}()
	return c
}

// wait waits until so many datagrams have come.
func (c *counted) wait(t *testing.T, n int) {
	t.Helper()
	for late := time.After(20 * time.Second); ; {
		c.mu.Lock()
		got := c.n
		c.mu.Unlock()
		if got >= n {
			return
		}
		select {
		case <-c.more:
		case <-late:
			t.Fatalf("%d datagrams came, want %d", got, n)
		}
	}
}

// Whatever happens to one feed, its interface down, removed, or its socket full: the other
// carries everything, and no write takes long.
func TestFanOutlivesAFeed(t *testing.T) {
	inNamespace(t)
	secondPair(t)
	log, logger := newLogs()
	feeds := Feeds{{vethGroup, "v1"}, {further(vethGroup, 1), "w1"}}
	link, err := LinkConfig{WriteBuffer: 64 << 10, ReadBuffer: 4 << 20}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var links []Link
	out, err := link.Fan(SocketConfig{
		Group: vethGroup, Logger: logger, Changed: func(l Link) {
			mu.Lock()
			defer mu.Unlock()
			links = append(links, l)
		},
	}, feeds)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	fan := out.(*Fan)
	a := countReceived(t, GroupConfig{Group: vethGroup, Interface: "v0", ReadBuffer: 4 << 20})
	b := countReceived(t, GroupConfig{
		Group: feeds[1].Group, Interface: "w0", ReadBuffer: 4 << 20, Logger: logger,
	})
	sent := 0
	batch := segments(20, 1000, 900)
	write := func() {
		t.Helper()
		for range 50 {
			began := time.Now()
			if n, err := fan.Write(vethGroup, batch, 1000); n != len(batch) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
			if took := time.Since(began); took > 500*time.Millisecond {
				t.Errorf("a write took %v", took)
			}
			sent += 20
			a.wait(t, sent)
		}
	}
	write()
	b.wait(t, sent)

	netns.Prepare(t, "tc qdisc add dev w1 root tbf rate 1mbit burst 10kb limit 10mb")
	write() // 8 s of it
	if s := fan.FeedStats(); s[0].PassedOver != 0 || s[1].PassedOver == 0 {
		t.Errorf("%d datagrams were left out, and %d on the feed that is full", s[0].PassedOver,
			s[1].PassedOver)
	}
	netns.Run(t, "tc qdisc del dev w1 root")

	netns.Run(t, "ip link set w1 down")
	log.wait("went down", 2) // b's, too
	write()
	if s := fan.FeedStats(); s[0].SendErrors != 0 {
		t.Errorf("the feed that is up refused %d datagrams", s[0].SendErrors)
	}
	netns.Run(t, "ip link set w1 up")
	log.wait("an interface is back", 2)
	write()

	netns.Run(t, "ip link del w1")
	log.wait("went down", 4)
	write()
	secondPair(t)
	log.wait("an interface is back", 4)
	b.mu.Lock()
	before := b.n
	b.mu.Unlock()
	write()
	b.wait(t, before+1)
	mu.Lock()
	defer mu.Unlock()
	for _, l := range links {
		if !l.Up || l.MTU != 1500 || l.Local != fan.LocalAddr() {
			t.Errorf("one feed is up, and the link was said to be %+v", l)
		}
	}
}

// Feeds that cannot be opened are named.
func TestFanRefuses(t *testing.T) {
	inNamespace(t)
	link, err := LinkConfig{}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		feeds Feeds
		want  string
	}{
		{Feeds{{vethGroup, "v0"}, {vethGroup, "v9"}},
			"feed 239.77.8.1:7700@v9: interface v9 does not exist; there are"},
		{Feeds{{vethGroup, "v0"}, {vethGroup, "10.77.0.1"}},
			"have one interface twice, that of 10.77.0.1, with one group"},
		{Feeds{{Interface: "v0"}, {Interface: "10.77.0.1"}},
			"have one interface twice, that of 10.77.0.1, with one group"},
	} {
		out, err := link.Fan(SocketConfig{
			Group: vethGroup, Logger: slog.New(slog.DiscardHandler), Changed: func(Link) {},
		}, c.feeds)
		if err == nil {
			out.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v; want %q", c.feeds, err, c.want)
		}
	}
	two, err := link.Fan(SocketConfig{Group: vethGroup, Logger: slog.New(slog.DiscardHandler)},
		Feeds{{vethGroup, "v0"}, {further(vethGroup, 1), "10.77.0.1"}})
	if err != nil {
		t.Fatal("one interface with two groups:", err)
	}
	locals := two.(*Fan).LocalAddrs()
	if locals[0].Addr() != locals[1].Addr() || locals[0] == locals[1] ||
		locals[0].Addr() != netip.MustParseAddr("10.77.0.1") {
		t.Errorf("they are at %v", locals)
	}
	two.Close()
}
