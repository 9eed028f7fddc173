package impair

import (
	"net"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/testnet/lan/lantest"
	"crier/testnet/link"
)

// tube is a network with one socket at a time, which receives what a test puts
// into it.
type tube struct {
	multicast.Network
	conn *tubeConn
	err  error // of Timer
}

func (n *tube) Group(multicast.GroupConfig) (multicast.Conn, error) {
	n.conn = &tubeConn{batches: make(chan tubeBatch, 10_000), closed: make(chan struct{})}
	return n.conn, nil
}

func (n *tube) Timer() (multicast.Timer, error) {
	if n.err != nil {
		return nil, n.err
	}
	return multicast.NewTimer(), nil
}

type tubeBatch struct {
	packets []multicast.Packet
	err     error
}

type tubeConn struct {
	multicast.Conn
	batches chan tubeBatch
	closed  chan struct{}
	shown   []multicast.Packet // by the last Read
}

// put makes one Read return datagrams that the kernel takes in now.
func (c *tubeConn) put(texts ...string) {
	c.putAt(time.Now().UnixNano(), texts...)
}

func (c *tubeConn) putAt(received int64, texts ...string) {
	var b tubeBatch
	for _, text := range texts {
		b.packets = append(b.packets, multicast.Packet{Data: []byte(text), From: testSender,
			Received: received})
	}
	c.batches <- b
}

func (c *tubeConn) Read(ps []multicast.Packet) (int, error) {
	for _, p := range c.shown { // the views end
		for i := range p.Data[:min(len(p.Data), 100)] {
			p.Data[i] = 0xDB
		}
	}
	c.shown = nil
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	case b := <-c.batches:
		c.shown = b.packets
		return copy(ps, b.packets), b.err
	}
}

func (c *tubeConn) Stats() multicast.ConnStats {
	return multicast.ConnStats{MTU: 1500, Received: 1000, KernelDrops: 3}
}

func (c *tubeConn) LocalAddr() netip.AddrPort { return lantest.Group }

func (c *tubeConn) Close() error {
	close(c.closed)
	return nil
}

// tubeStory is a test with a socket at the end of an impaired tube.
type tubeStory struct {
	*testing.T
	network *Network
	conn    multicast.Conn
	tube    *tubeConn
	start   time.Time
}

// onTube runs a story. It fails if any goroutine is left at its end.
func onTube(t *testing.T, text string, story func(t tubeStory)) {
	t.Helper()
	cfg, err := link.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	onTubeLink(t, cfg, story)
}

func onTubeLink(t *testing.T, cfg link.Config, story func(t tubeStory)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		below := &tube{}
		n := mustImpair(t, below, cfg, 1)
		s := tubeStory{T: t, network: n, conn: mustGroup(t, n), tube: below.conn, start: time.Now()}
		story(s)
		if err := s.conn.Close(); err != nil {
			t.Error(err)
		}
	})
}

// tubeArrival is what a Read returned and when, since the start of the story.
type tubeArrival struct {
	text string
	at   time.Duration
}

// read reads n datagrams. Each must come at the time that it carries.
func (t tubeStory) read(n int) []tubeArrival {
	t.Helper()
	var all []tubeArrival
	ps := make([]multicast.Packet, 5)
	for len(all) < n {
		k, err := t.conn.Read(ps)
		if err != nil || k == 0 {
			t.Fatalf("Read after %d of %d datagrams: %d, %v", len(all), n, k, err)
		}
		for _, p := range ps[:k] {
			all = append(all, tubeArrival{string(p.Data), time.Since(t.start)})
			if p.Received != time.Now().UnixNano() {
				t.Errorf("%q is said to be received at %v, and came at %v", p.Data,
					time.Unix(0, p.Received), time.Now())
			}
			if p.From != testSender {
				t.Errorf("%q is from %v", p.Data, p.From)
			}
		}
	}
	return all
}

func (t tubeStory) wantRead(want ...tubeArrival) {
	t.Helper()
	if got := t.read(len(want)); !slices.Equal(got, want) {
		t.Errorf("read %v, not %v", got, want)
	}
}

// wantNothing checks that nothing comes within a second.
func (t tubeStory) wantNothing() {
	t.Helper()
	s := lantest.Read(t.conn)
	time.Sleep(time.Second)
	synctest.Wait()
	if got := s.Take(); len(got) > 0 {
		t.Errorf("read %v", got)
	}
}
