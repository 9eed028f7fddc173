package impair

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/multicast"
	"crier/testnet/link"
)

// onLoopback opens a socket that sends to a group of this test's own on the
// loopback interface, and one that receives it over an impaired network. It
// skips the test where that doesn't work without impairment.
func onLoopback(t testing.TB, text string) (pub, sub multicast.Conn, group netip.AddrPort,
	network *Network) {
	t.Helper()
	cfg, err := link.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback interface: %v", err)
	}
	port := free.LocalAddr().(*net.UDPAddr).AddrPort().Port() // nobody else's, and so is the group
	free.Close()
	group = netip.AddrPortFrom(netip.MustParseAddr("239.77.9.60"), port)
	quiet := slog.New(slog.DiscardHandler)
	pub, err = multicast.Kernel.Socket(multicast.SocketConfig{Interface: "127.0.0.1", Group: group,
		Logger: quiet})
	if err != nil {
		t.Skipf("no socket on the loopback interface: %v", err)
	}
	t.Cleanup(func() { pub.Close() })
	gc := multicast.GroupConfig{Group: group, Interface: "127.0.0.1", Logger: quiet}
	plain, err := multicast.Kernel.Group(gc)
	if err != nil {
		t.Skipf("no group on the loopback interface: %v", err)
	}
	defer plain.Close()
	defer time.AfterFunc(5*time.Second, func() { plain.Close() }).Stop()
	if _, err := pub.Write(group, []byte("hello"), 5); err != nil {
		t.Skipf("nothing can be sent on the loopback interface: %v", err)
	}
	if _, err := plain.Read(make([]multicast.Packet, 1)); errors.Is(err, net.ErrClosed) {
		t.Skip("multicast on the loopback interface doesn't work: what was sent didn't come " +
			"back within 5 s")
	} else if err != nil {
		t.Fatal(err)
	}

	network = mustImpair(t, multicast.Kernel, cfg, 7)
	if sub, err = network.Group(gc); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Close() })
	return pub, sub, group, network
}

// Over real sockets: what isn't lost comes whole, from whom it was sent, in
// order, and not before its time.
func TestOnLoopback(t *testing.T) {
	for _, text := range []string{"script=drop 3-5", "script=drop 3-5 delay=2ms..3ms",
		"script=drop 3-5 rate=100Mbit delay=300us"} {
		pub, sub, group, network := onLoopback(t, text)
		var want, got []string
		before := time.Now()
		for i := range 40 {
			text := fmt.Sprintf("datagram %02d", i+1)
			if n, err := pub.Write(group, []byte(text), len(text)); err != nil || n != len(text) {
				t.Fatalf("Write: %d, %v", n, err)
			}
			if i < 2 || i > 4 {
				want = append(want, text)
			}
		}
		least := time.Duration(0)
		if d, ok := network.cfg.Delay.(link.UniformDelay); ok {
			least = d.Min
		} else if d, ok := network.cfg.Delay.(link.FixedDelay); ok {
			least = time.Duration(d)
		}
		ps := make([]multicast.Packet, 16)
		for len(got) < len(want) {
			n, err := sub.Read(ps)
			if err != nil {
				t.Fatal(err)
			}
			if since := time.Since(before); since < least {
				t.Errorf("%q: a datagram came after %v already", text, since)
			}
			for _, p := range ps[:n] {
				got = append(got, string(p.Data))
				if p.From != pub.LocalAddr() {
					t.Errorf("%q: %q is from %v, not %v", text, p.Data, p.From, pub.LocalAddr())
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: read %q", text, got)
		}
		if s, c := network.Stats(), sub.Stats(); s.Sent != 40 || s.Lost != 3 || c.Received != 37 ||
			least > 0 && s.Delayed != 37 {
			t.Errorf("%q: counted %+v, the socket %+v", text, s, c)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkImpairDelay shows how much later than due a datagram is read that
// comes alone over the loopback interface.
func BenchmarkDelay(b *testing.B) {
	for _, delay := range []time.Duration{50 * time.Microsecond, 500 * time.Microsecond,
		2 * time.Millisecond} {
		b.Run(delay.String(), func(b *testing.B) {
			pub, sub, group, _ := onLoopback(b, "delay="+delay.String())
			ps := make([]multicast.Packet, 1)
			var late []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := pub.Write(group, []byte("tick"), 4); err != nil {
					b.Fatal(err)
				}
				if n, err := sub.Read(ps); n != 1 || err != nil {
					b.Fatalf("Read: %d, %v", n, err)
				}
				late = append(late, time.Since(start)-delay)
			}
			slices.Sort(late)
			b.ReportMetric(float64(late[len(late)/2].Microseconds()), "p50-late-us")
			b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "p99-late-us")
		})
	}
}

// BenchmarkImpairStream shows what a datagram costs that is delayed among many.
func BenchmarkStream(b *testing.B) {
	const size, batch = 1472, 40
	for _, text := range []string{"loss=1%", "loss=1% delay=2ms..3ms"} {
		b.Run(text, func(b *testing.B) {
			pub, sub, group, network := onLoopback(b, text)
			go func() {
				ps := make([]multicast.Packet, 64)
				for {
					if _, err := sub.Read(ps); err != nil {
						return
					}
				}
			}()
			data := make([]byte, size*batch)
			sent := 0
			b.SetBytes(size * batch)
			b.ReportAllocs()
			for b.Loop() {
				for rest := data; len(rest) > 0; {
					n, err := pub.Write(group, rest, size)
					rest = rest[n:]
					if errors.Is(err, multicast.ErrWouldBlock) {
						err = pub.WaitWrite()
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				sent += batch
			}
			s := network.Stats()
			b.ReportMetric(100*float64(s.Sent)/float64(sent), "%received")
			b.ReportMetric(100*float64(s.Overflow)/float64(sent), "%overflow")
		})
	}
}
