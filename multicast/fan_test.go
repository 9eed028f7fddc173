package multicast

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// outletConn is a feed's socket that takes as many bytes as it is told to.
type outletConn struct {
	Conn
	local netip.AddrPort

	mu     sync.Mutex
	room   int // bytes; negative: any number
	more   chan struct{}
	closed bool
	err    error // of writes, and of Close
	// got has what was written, and to where.
	got strings.Builder
}

func newOutletConn(room int) *outletConn {
	return &outletConn{room: room, more: make(chan struct{})}
}

func (c *outletConn) Write(to netip.AddrPort, b []byte, segment int) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	if c.err != nil {
		return 0, c.err
	}
	n := len(b)
	if c.room >= 0 {
		n = min(n, c.room/segment*segment)
		c.room -= n
	}
	if n > 0 {
		fmt.Fprintf(&c.got, "%v:%s ", to.Addr().As4()[1], b[:n])
	}
	if n < len(b) {
		return n, ErrWouldBlock
	}
	return n, nil
}

func (c *outletConn) WaitWrite() error {
	c.mu.Lock()
	more, room, closed := c.more, c.room, c.closed
	c.mu.Unlock()
	switch {
	case closed:
		return net.ErrClosed
	case room == 0:
		<-more
	}
	return nil
}

// give makes room for so many bytes more.
func (c *outletConn) give(room int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room = room
	close(c.more)
	c.more = make(chan struct{})
}

func (c *outletConn) Close() error {
	c.give(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return c.err
}

// refuse has all writes fail.
func (c *outletConn) refuse(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

func (c *outletConn) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.TrimSpace(c.got.String())
}

func (c *outletConn) LocalAddr() netip.AddrPort { return c.local }
func (c *outletConn) Stats() ConnStats          { return ConnStats{MTU: 1500} }

var (
	fanGroup = netip.MustParseAddrPort("239.1.0.1:7700")
	fanFeeds = Feeds{{fanGroup, "a"}, {netip.MustParseAddrPort("239.2.0.1:7700"), "b"}}
)

func newTestFan(rooms ...int) (*Fan, []*outletConn) {
	var outlets []*outletConn
	var conns []Conn
	for _, room := range rooms {
		outlets = append(outlets, newOutletConn(room))
		conns = append(conns, outlets[len(outlets)-1])
	}
	return NewFan(fanFeeds, conns), outlets
}

// Groups get a write on each feed, at the feed's address, and hosts on one.
func TestFanWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, outlets := newTestFan(-1, -1)
		host := netip.MustParseAddrPort("10.9.0.1:1000")
		write := func(to netip.AddrPort, text string) {
			t.Helper()
			if n, err := f.Write(to, []byte(text), 1); n != len(text) || err != nil {
				t.Errorf("Write = %d, %v", n, err)
			}
		}
		write(fanGroup, "home")
		write(further(fanGroup, 3), "data")
		write(netip.MustParseAddrPort("239.77.0.2:7700"), "both")
		write(host, "unheard")
		f.route.heard([]Packet{{From: host, Feed: 1}, {From: host, Feed: 1}})
		write(host, "heard")
		f.route.heard([]Packet{{From: host, Feed: 0}})
		write(host, "moved")
		// Another socket of the host listens to the other feed alone.
		f.route.heard([]Packet{{From: netip.AddrPortFrom(host.Addr(), 1001), Feed: 1}})
		write(host, "still")
		got := outlets[0].text()
		if want := "1:home 1:data 77:both 9:unheard 9:moved 9:still"; got != want {
			t.Errorf("the first feed got %q, want %q", got, want)
		}
		if got, want := outlets[1].text(), "2:home 2:data 77:both 9:heard"; got != want {
			t.Errorf("the second feed got %q, want %q", got, want)
		}
		if datagrams, bytes := f.Taken(); datagrams != 34 || bytes != 34 {
			t.Errorf("%d datagrams of %d bytes were taken", datagrams, bytes)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if n, err := f.Write(fanGroup, []byte("x"), 1); n != 0 || !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write when closed = %d, %v", n, err)
		}
		if n, err := f.Read(make([]Packet, 1)); n != 0 || !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read when closed = %d, %v", n, err)
		}
	})
}

// A feed that takes nothing holds up no other. What fits its queue goes out in order once it
// takes something, and the rest is counted.
func TestFanGoesOnWithoutAFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, outlets := newTestFan(-1, 5000)
		defer f.Close()
		b := make([]byte, 1000)
		const writes = 400
		for i := range writes {
			copy(b, fmt.Sprintf("%03d", i))
			if n, err := f.Write(fanGroup, b, 100); n != len(b) || err != nil {
				t.Fatalf("Write %d = %d, %v", i, n, err)
			}
		}
		synctest.Wait()
		if got := len(outlets[0].got.String()); got != writes*len("1:"+string(b)+" ") {
			t.Errorf("the feed that takes all got %d bytes", got)
		}
		stats := f.FeedStats()
		if a, b := stats[0].PassedOver, stats[1].PassedOver; a != 0 || b == 0 {
			t.Errorf("%d and %d datagrams were left out", a, b)
		}
		if datagrams, _ := f.Taken(); datagrams != 10*writes {
			t.Errorf("%d datagrams were taken, want %d", datagrams, 10*writes)
		}
		outlets[1].give(-1)
		synctest.Wait()
		got := 0
		for _, w := range strings.Fields(outlets[1].text()) {
			if text := w[len("2:"):]; text != "" {
				n := 0
				if fmt.Sscanf(text, "%03d", &n); n != got {
					t.Fatalf("write %d came behind %d others", n, got)
				}
				got++
			}
		}
		if left := uint64(writes-got) * 10; left != stats[1].PassedOver || got < 200 {
			t.Errorf("%d writes of %d came, and %d datagrams were left out", got, writes,
				stats[1].PassedOver)
		}
	})
}

// Only when no feed takes anything does a Fan say so; and it waits for the first that does.
func TestFanIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, outlets := newTestFan(0, 0)
		b := make([]byte, 64<<10)
		writes := 0
		for ; writes < 100; writes++ {
			n, err := f.Write(fanGroup, b, 1000)
			if err == ErrWouldBlock && n == 0 {
				break
			}
			if n != len(b) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
		}
		if writes != backlogSize/len(b) {
			t.Errorf("%d writes were taken", writes)
		}
		var waits sync.WaitGroup
		ready := false
		waits.Go(func() {
			if err := f.WaitWrite(); err != nil {
				t.Error(err)
			}
			ready = true
		})
		synctest.Wait()
		if ready {
			t.Error("a full Fan was ready")
		}
		outlets[1].give(-1)
		waits.Wait()
		if n, err := f.Write(fanGroup, b, 1000); n != len(b) || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
		// A host whose feed is full gets nothing, and nobody waits for it.
		n, err := f.Write(netip.MustParseAddrPort("10.0.0.1:1"), b, 1000)
		if n != len(b) || err != nil {
			t.Errorf("Write to a host = %d, %v", n, err)
		}
		if n := f.FeedStats()[0].PassedOver; n != 2*66 {
			t.Errorf("%d datagrams were left out on the full feed", n)
		}
		synctest.Wait() // until the feed that takes all has nothing left that waits
		outlets[1].give(0)
		for {
			if _, err := f.Write(fanGroup, b, 1000); err == ErrWouldBlock {
				break
			}
		}
		waits.Go(func() {
			if err := f.WaitWrite(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("WaitWrite when closed: %v", err)
			}
		})
		synctest.Wait()
		// One to a host doesn't wait for a feed that is full, though all are.
		n, err = f.Write(netip.MustParseAddrPort("10.0.0.1:1"), b, 1000)
		if n != len(b) || err != nil {
			t.Errorf("Write to a host = %d, %v", n, err)
		}
		f.Close()
		waits.Wait()
		if n, err := f.Write(fanGroup, b, 1000); n != 0 || !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write when full and closed = %d, %v", n, err)
		}
	})
}

// What a socket took in part is not sent twice, and what it refuses for good is left out, and
// counted: the rest goes on.
func TestFanTakesParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, outlets := newTestFan(-1, 4)
		write := func(text string) {
			t.Helper()
			if n, err := f.Write(fanGroup, []byte(text), 2); n != len(text) || err != nil {
				t.Errorf("Write = %d, %v", n, err)
			}
		}
		write("aabbcc") // of which two datagrams fit
		write("ddeeff")
		outlets[1].give(2)
		synctest.Wait()
		outlets[1].refuse(errRefused)
		outlets[1].give(-1)
		synctest.Wait()
		outlets[1].refuse(nil)
		write("gg")
		if got := outlets[1].text(); got != "2:aabb 2:cc 2:gg" {
			t.Errorf("the feed got %q", got)
		}
		if datagrams, bytes := f.Taken(); datagrams != 7 || bytes != 14 {
			t.Errorf("%d datagrams of %d bytes were taken", datagrams, bytes)
		}
		if n := f.FeedStats()[1].PassedOver; n != 3 {
			t.Errorf("%d datagrams were left out", n)
		}
		outlets[0].refuse(errRefused)
		if err := f.Close(); !errors.Is(err, errRefused) {
			t.Errorf("Close returned %v", err)
		}
	})
}

// A Fan cuts if one of its sockets does, and lets all of them cut or none.
func TestFanCuts(t *testing.T) {
	for _, which := range [][2]bool{{true, false}, {false, true}} {
		var conns [2]cuttingConn
		for i := range conns {
			conns[i] = cuttingConn{outletConn: newOutletConn(-1), cut: which[i], uneven: which[i]}
		}
		f := NewFan(fanFeeds, []Conn{&conns[0], &conns[1]})
		if cut, uneven := f.Segments(); !cut || !uneven {
			t.Errorf("%v: cuts %v, uneven %v", which, cut, uneven)
		}
		f.SetSegments(true)
		if !conns[0].cut || !conns[1].cut {
			t.Errorf("%v: not all may cut", which)
		}
		f.Close()
	}
}

// cuttingConn is a socket that cuts what is written.
type cuttingConn struct {
	*outletConn
	cut, uneven bool
}

func (c *cuttingConn) Segments() (cut, uneven bool) { return c.cut, c.uneven }
func (c *cuttingConn) SetSegments(on bool)          { c.cut = on }

var errRefused = errors.New("refused")

// A backlog is a queue, whatever is pushed and taken.
func TestBacklogIsAQueue(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	var q backlog
	var all [][]byte // what waits, by push
	calm := 0
	for step := range 20000 {
		if r.IntN(9) < 5 {
			b := bytes.Repeat([]byte{byte(step)}, 1+r.IntN(1<<uint(r.IntN(17))))
			if fits := q.mode(len(b)) != passed; fits != q.push(fanGroup, b, step) {
				t.Fatalf("seed %d, step %d: mode says it fits: %v", seed, step, fits)
			} else if fits {
				all = append(all, b)
			} else if len(all) < backlogWrites && len(b) < backlogSize/4 && q.calm() {
				t.Fatalf("seed %d, step %d: a calm queue has no room for %d", seed, step, len(b))
			}
		} else if w := q.first(); w != nil {
			if got := q.data(w); !slices.Equal(got, all[0]) {
				t.Fatalf("seed %d, step %d: %d bytes came, want %d", seed, step, len(got),
					len(all[0]))
			}
			n := 1 + r.IntN(len(all[0]))
			if q.took(n); n == len(all[0]) {
				all = all[1:]
			} else {
				all[0] = all[0][n:]
			}
		} else if len(all) > 0 {
			t.Fatalf("seed %d, step %d: %d writes are gone", seed, step, len(all))
		}
		if q.calm() {
			calm++
		}
	}
	if calm == 0 || calm == 20000 {
		t.Errorf("seed %d: calm %d times", seed, calm)
	}
}

// A route knows what was heard last, and is bounded.
func TestRouteForgets(t *testing.T) {
	var r route
	r.init()
	address := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8),
			byte(i)}), 1)
	}
	kept := netip.MustParseAddrPort("192.0.2.1:1")
	for i := range 10 * routeSize {
		r.heard([]Packet{{From: address(i), Feed: 1 + i%3}})
		r.heard([]Packet{{From: kept, Feed: 2}})
		r.heard([]Packet{{From: kept, Feed: 3}})
		if got := r.feed(address(i)); got != 1+i%3 {
			t.Fatalf("address %d was heard on %d", i, got)
		}
	}
	if n := len(r.recent) + len(r.older); n > 2*routeSize {
		t.Errorf("%d addresses are known", n)
	}
	if got := r.feed(kept); got != 3 {
		t.Errorf("the address that is heard often is at feed %d", got)
	}
	if got := r.feed(address(0)); got != 0 {
		t.Errorf("the first of many is at feed %d", got)
	}
	r.heard([]Packet{{From: kept, Feed: -1}}) // must not panic
}
