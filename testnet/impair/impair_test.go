package impair

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/testnet/lan"
	"crier/testnet/lan/lantest"
	"crier/testnet/link"
	"crier/testnet/link/linktest"
)

// counting is a network whose sockets receive the numbers 0, 1, 2 and so on, in
// batches of 7, up to a limit.
type counting struct {
	multicast.Network
	limit int
}

func (n counting) Group(multicast.GroupConfig) (multicast.Conn, error) {
	return &countingConn{limit: n.limit}, nil
}

func (n counting) Socket(multicast.SocketConfig) (multicast.Conn, error) {
	return &countingConn{limit: n.limit}, nil
}

type countingConn struct {
	multicast.Conn
	next, limit int
	buf         [7][8]byte
}

func (c *countingConn) Read(ps []multicast.Packet) (int, error) {
	k := 0
	for k < min(len(ps), len(c.buf)) && c.next < c.limit {
		binary.LittleEndian.PutUint64(c.buf[k][:], uint64(c.next))
		ps[k].Data = c.buf[k][:]
		c.next++
		k++
	}
	if c.next == c.limit {
		return k, net.ErrClosed // together with the last ones
	}
	return k, nil
}

func (c *countingConn) Stats() multicast.ConnStats {
	return multicast.ConnStats{Received: uint64(c.next), KernelDrops: 3}
}

// numbersOf reads all of a socket.
func numbersOf(t *testing.T, c multicast.Conn) []uint64 {
	t.Helper()
	var numbers []uint64
	ps := make([]multicast.Packet, 5)
	for {
		k, err := c.Read(ps)
		for _, p := range ps[:k] {
			numbers = append(numbers, binary.LittleEndian.Uint64(p.Data))
		}
		if errors.Is(err, net.ErrClosed) {
			return numbers
		}
		if err != nil {
			t.Fatal(err)
		}
		if k == 0 {
			t.Fatal("Read returned nothing, and no error")
		}
	}
}

func mustImpair(t testing.TB, network multicast.Network, cfg link.Config, seed uint64) *Network {
	t.Helper()
	n, err := Wrap(network, cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func mustGroup(t testing.TB, n multicast.Network) multicast.Conn {
	t.Helper()
	c, err := n.Group(multicast.GroupConfig{Group: lantest.Group, Interface: "eth0"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLosesItsShare(t *testing.T) {
	const n = 50_000
	for _, share := range []float64{0, 0.01, 0.5, 0.99, 1} {
		d, err := Wrap(counting{limit: n}, link.Config{Loss: link.Bernoulli{P: share}}, 7)
		if err != nil {
			t.Fatal(err)
		}
		c := mustGroup(t, d)
		got := numbersOf(t, c)
		mean, sd := linktest.Binomial(n, 1-share)
		linktest.Within(t, "kept", float64(len(got)), mean, sd)
		lost := uint64(n - len(got))
		if s := d.Stats(); s.Sent != n || s.Lost != lost || s.Dropped() != lost ||
			s.Delivered != uint64(len(got)) {
			t.Errorf("%d are lost, and counted are %+v", lost, s)
		}
		if !slices.IsSorted(got) {
			t.Error("what is kept is out of order")
		}
		if s := c.Stats(); s.Received != uint64(len(got)) || s.KernelDrops != 3 {
			t.Errorf("the socket counted %+v", s)
		}
	}
}

func TestLosesWhatAScriptSays(t *testing.T) {
	n := mustImpair(t, counting{limit: 20}, link.Config{Loss: lantest.Parsed(t,
		"drop 1, 3-15, 20")}, 1)
	if got, want := numbersOf(t, mustGroup(t, n)),
		[]uint64{1, 15, 16, 17, 18}; !slices.Equal(got, want) {
		t.Errorf("kept %v, not %v", got, want)
	}
}

// The short way through the link ends where the long one does.
func TestInPlaceDoesAsTheLinkSays(t *testing.T) {
	const limit = 5000
	cfg := link.Config{Loss: link.AnyLoss{link.GilbertElliott{GoodToBad: 0.1, BadToGood: 0.3,
		LossBad: 0.9}, link.Bernoulli{P: 0.05}}, Corrupt: 0.2}
	n := mustImpair(t, counting{limit: limit}, cfg, 7)
	got := numbersOf(t, mustGroup(t, n))

	var want []uint64
	l, err := link.New(cfg, link.Seed(7, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(limit) {
		out := l.Send(0, 8)
		for _, a := range out.Arrivals() {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], i)
			if a.Corrupt {
				l.Corrupt(b[:])
			}
			want = append(want, binary.LittleEndian.Uint64(b[:]))
		}
	}
	if !slices.Equal(got, want) {
		t.Error("other datagrams are lost or damaged")
	}
	if s := n.Stats().Stats; s != l.Stats() {
		t.Errorf("counted %+v, the link %+v", s, l.Stats())
	}
}

func TestRepeatsForASeedAndDiffersBetweenSockets(t *testing.T) {
	run := func(seed uint64) (a, b []uint64) {
		n := mustImpair(t, counting{limit: 1000}, link.Config{Loss: link.Bernoulli{P: 0.3}}, seed)
		s, err := n.Socket(multicast.SocketConfig{})
		if err != nil {
			t.Fatal(err)
		}
		a, b = numbersOf(t, mustGroup(t, n)), numbersOf(t, s)
		if got := n.Stats().Lost; got != uint64(2000-len(a)-len(b)) {
			t.Errorf("%d are counted over both sockets", got)
		}
		return a, b
	}
	a, b := run(7)
	again, _ := run(7)
	other, _ := run(8)
	if slices.Equal(a, b) || slices.Equal(a, other) || !slices.Equal(a, again) {
		t.Error("not one generator a socket from the seed")
	}
}

// What is damaged is damaged where it lies; the rest stays as it was.
func TestCorruptsItsShareInPlace(t *testing.T) {
	const limit = 20_000
	n := mustImpair(t, counting{limit: limit}, link.Config{Corrupt: 0.1}, 7)
	damaged := 0
	for i, got := range numbersOf(t, mustGroup(t, n)) {
		if flips := bits.OnesCount64(got ^ uint64(i)); flips > 3 {
			t.Fatalf("%d bits of datagram %d are flipped", flips, i)
		} else if flips > 0 {
			damaged++
		}
	}
	mean, sd := linktest.Binomial(limit, 0.1)
	linktest.Within(t, "damaged", float64(damaged), mean, sd)
	if s := n.Stats(); s.Corrupted != uint64(damaged) || s.Delivered != limit || s.Dropped() != 0 {
		t.Errorf("%d are damaged, and counted are %+v", damaged, s)
	}
}

func TestRefusesALinkThatMakesNoSense(t *testing.T) {
	for _, share := range []float64{-0.01, 1.01, math.NaN(), math.Inf(1)} {
		_, err := Wrap(counting{}, link.Config{Loss: link.Bernoulli{P: share}}, 1)
		linktest.WantError(t, err, "Bernoulli.P is a probability from 0 to 1, not ")
	}
	_, err := Wrap(counting{}, link.Config{Delay: link.FixedDelay(-1)}, 1)
	linktest.WantError(t, err, "FixedDelay is from 0 to 1h0m0s, not -1ns")
}

func TestInPlaceDoesNotAllocate(t *testing.T) {
	for _, cfg := range []link.Config{
		{Loss: link.Bernoulli{P: 0.5}},
		{Loss: link.GilbertElliott{GoodToBad: 0.1, BadToGood: 0.1, LossBad: 1},
			Delay: link.FixedDelay(0), Corrupt: 0.5},
	} {
		c := mustGroup(t, mustImpair(t, counting{limit: math.MaxInt32}, cfg, 1))
		if _, ok := c.(*instantConn); !ok {
			t.Fatalf("%+v needs a %T", cfg, c)
		}
		ps := make([]multicast.Packet, 8)
		if allocs := testing.AllocsPerRun(1000, func() { c.Read(ps) }); allocs != 0 {
			t.Errorf("%v allocations a Read", allocs)
		}
	}
}

// Around a LAN's host: all of a group's and of a socket's own datagrams are lost,
// what is sent is not, and Read waits on until Close.
func TestOnALAN(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		pub, clean := t.Pub(1), t.Sub(3)
		n := mustImpair(t, t.Host(2), link.Config{Loss: link.Bernoulli{P: 1}}, 1)
		group := lantest.Read(mustGroup(t, n))
		c, err := n.Socket(multicast.SocketConfig{Group: lantest.Group, Interface: "eth0", TTL: 1})
		if err != nil {
			t.Fatal(err)
		}
		socket := lantest.Read(c)
		t.Send(pub, lantest.Group, "a", "b")
		t.Send(pub, socket.LocalAddr(), "c")
		t.WantRead("a group socket that drops all", group)
		t.WantRead("a socket that drops all", socket)
		t.WantRead("another host", clean, "a", "b")
		t.Send(socket, lantest.Group, "sent")
		t.WantRead("another host", clean, "sent")
		if lost := n.Stats().Lost; lost != 4 { // its own, looped back, too
			t.Errorf("%d are counted, not 4", lost)
		}
		if err := errors.Join(group.Close(), socket.Close()); err != nil {
			t.Fatal(err)
		}
		t.WantClosed("the group socket", group)
		t.WantClosed("the socket", socket)
		if _, err := n.Group(multicast.GroupConfig{}); err == nil {
			t.Error("the network's own errors are hidden")
		}
		timer, err := n.Timer()
		if err != nil {
			t.Fatal(err)
		}
		timer.Set(time.Millisecond)
		if err := timer.Wait(); err != nil {
			t.Fatal(err)
		}
		timer.Close()
		synctest.Wait()
	})
}

func BenchmarkRead(b *testing.B) {
	for _, bb := range []struct{ name, link string }{{"loss", "loss=1%"},
		{"burst", "burst=4%/12 corrupt=0.1%"}} {
		b.Run(bb.name, func(b *testing.B) {
			cfg, err := link.Parse(bb.link)
			if err != nil {
				b.Fatal(err)
			}
			c := mustGroup(b, mustImpair(b, counting{limit: math.MaxInt}, cfg, 1))
			ps := make([]multicast.Packet, 8)
			b.ReportAllocs()
			for b.Loop() {
				c.Read(ps)
			}
		})
	}
}
