package testnet

import (
	"encoding/binary"
	"errors"
	"math"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
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

func mustDrop(t *testing.T, network multicast.Network, share float64, seed uint64) *DropNetwork {
	t.Helper()
	d, err := Drop(network, share, seed)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mustGroup(t *testing.T, n multicast.Network) multicast.Conn {
	t.Helper()
	c, err := n.Group(multicast.GroupConfig{Group: testGroup, Interface: "eth0"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDropThrowsAwayItsShare(t *testing.T) {
	const n = 50_000
	for _, share := range []float64{0, 0.01, 0.5, 0.99, 1} {
		d := mustDrop(t, counting{limit: n}, share, 7)
		c := mustGroup(t, d)
		got := numbersOf(t, c)
		mean, sd := binomial(n, 1-share)
		within(t, "kept", float64(len(got)), mean, sd)
		if d.Dropped() != uint64(n-len(got)) {
			t.Errorf("%d are counted, not %d", d.Dropped(), n-len(got))
		}
		if !slices.IsSorted(got) {
			t.Error("what is kept is out of order")
		}
		if s := c.Stats(); s.Received != uint64(len(got)) || s.KernelDrops != 3 {
			t.Errorf("counted %+v", s)
		}
	}
}

func TestDropRepeatsForASeedAndDiffersBetweenSockets(t *testing.T) {
	run := func(seed uint64) (a, b []uint64) {
		d := mustDrop(t, counting{limit: 1000}, 0.3, seed)
		s, err := d.Socket(multicast.SocketConfig{})
		if err != nil {
			t.Fatal(err)
		}
		a, b = numbersOf(t, mustGroup(t, d)), numbersOf(t, s)
		if got := int(d.Dropped()); got != 2000-len(a)-len(b) {
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

func TestDropRefusesAShareThatIsNone(t *testing.T) {
	for _, share := range []float64{-0.01, 1.01, math.NaN(), math.Inf(1)} {
		_, err := Drop(counting{}, share, 1)
		wantError(t, err, "the share of datagrams to drop is from 0 to 1, not ")
	}
}

func TestDropDoesNotAllocate(t *testing.T) {
	c := mustGroup(t, mustDrop(t, counting{limit: math.MaxInt32}, 0.5, 1))
	ps := make([]multicast.Packet, 8)
	if allocs := testing.AllocsPerRun(1000, func() { c.Read(ps) }); allocs != 0 {
		t.Errorf("%v allocations a Read", allocs)
	}
}

// Around a LAN's host: all of a group's and of a socket's own datagrams are lost,
// what is sent is not, and Read waits on until Close.
func TestDropOnALAN(t *testing.T) {
	onLAN(t, LANConfig{}, func(n net77) {
		pub, clean := n.pub(1), n.sub(3)
		d := mustDrop(t, n.host(2), 1, 1)
		group := read(mustGroup(t, d))
		c, err := d.Socket(multicast.SocketConfig{Group: testGroup, Interface: "eth0", TTL: 1})
		if err != nil {
			t.Fatal(err)
		}
		socket := read(c)
		n.send(pub, testGroup, "a", "b")
		n.send(pub, socket.LocalAddr(), "c")
		n.wantRead("a group socket that drops all", group)
		n.wantRead("a socket that drops all", socket)
		n.wantRead("another host", clean, "a", "b")
		n.send(socket, testGroup, "sent")
		n.wantRead("another host", clean, "sent")
		if d.Dropped() != 4 { // its own, looped back, too
			t.Errorf("%d are counted, not 4", d.Dropped())
		}
		if err := errors.Join(group.Close(), socket.Close()); err != nil {
			t.Fatal(err)
		}
		n.wantClosed("the group socket", group)
		n.wantClosed("the socket", socket)
		if _, err := d.Group(multicast.GroupConfig{}); err == nil {
			t.Error("the network's own errors are hidden")
		}
		timer, err := d.Timer()
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

func BenchmarkDropRead(b *testing.B) {
	d, err := Drop(counting{limit: math.MaxInt}, 0.01, 1)
	if err != nil {
		b.Fatal(err)
	}
	c, err := d.Group(multicast.GroupConfig{})
	if err != nil {
		b.Fatal(err)
	}
	ps := make([]multicast.Packet, 8)
	b.ReportAllocs()
	for range b.N {
		c.Read(ps)
	}
}
