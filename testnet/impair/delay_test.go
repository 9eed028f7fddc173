package impair

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"net"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/testnet/lan/lantest"
	"crier/testnet/link"
	"crier/testnet/link/linktest"
)

var testSender = netip.MustParseAddrPort("10.77.0.1:4000")

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
		b.packets = append(b.packets, multicast.Packet{Data: []byte(text), From: testSender, Received: received})
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
				t.Errorf("%q is said to be received at %v, and came at %v", p.Data, time.Unix(0, p.Received), time.Now())
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

func TestDelays(t *testing.T) {
	onTube(t, "delay=250us", func(t tubeStory) {
		t.tube.put("a", "b")
		t.wantRead(tubeArrival{"a", 250 * time.Microsecond}, tubeArrival{"b", 250 * time.Microsecond})
		t.tube.put("c")
		t.wantRead(tubeArrival{"c", 500 * time.Microsecond})
		if s := t.network.Stats(); s.Delayed != 3 || s.Delivered != 3 || s.Dropped() != 0 {
			t.Errorf("counted %+v", s)
		}
		if s := t.conn.Stats(); s.Received != 3 || s.KernelDrops != 3 || s.MTU != 1500 {
			t.Errorf("the socket counted %+v", s)
		}
	})
}

// A delay counts from when the kernel took the datagram in, however late it is
// read, and from when it is read where the kernel doesn't say.
func TestDelaysFromTheKernelsTime(t *testing.T) {
	onTube(t, "delay=5ms", func(t tubeStory) {
		time.Sleep(10 * time.Millisecond)
		t.tube.putAt(time.Now().Add(-2*time.Millisecond).UnixNano(), "a")
		t.wantRead(tubeArrival{"a", 13 * time.Millisecond})

		t.tube.putAt(0, "b")
		ps := make([]multicast.Packet, 1)
		if n, err := t.conn.Read(ps); n != 1 || err != nil {
			t.Fatalf("Read: %d, %v", n, err)
		}
		if at := time.Since(t.start); at != 18*time.Millisecond || ps[0].Received != 0 {
			t.Errorf("came at %v, received at %d", at, ps[0].Received)
		}
	})
}

func TestKeepsOrderUnderJitter(t *testing.T) {
	texts := lantest.Numbered("d", 500)
	story := func(t tubeStory) (all []tubeArrival) {
		go func() {
			for _, text := range texts {
				t.tube.put(text)
				time.Sleep(100 * time.Microsecond)
			}
		}()
		all = t.read(len(texts))
		synctest.Wait()
		return all
	}
	textOf := func(a tubeArrival) string { return a.text }
	onTube(t, "delay=2ms..3ms", func(t tubeStory) {
		longer := 0
		for i, a := range story(t) {
			if a.text != texts[i] {
				t.Fatalf("datagram %d is %s", i+1, a.text)
			}
			took := a.at - time.Duration(i)*100*time.Microsecond
			if took < 2*time.Millisecond || took > 3*time.Millisecond {
				t.Errorf("%s takes %v", a.text, took)
			}
			if took > 2500*time.Microsecond {
				longer++
			}
		}
		if longer < 300 { // each waits for the slowest before it
			t.Errorf("%d take longer than the mean", longer)
		}
		if s := t.network.Stats(); s.Reordered != 0 || s.Delayed != 500 {
			t.Errorf("counted %+v", s)
		}
	})
	for _, text := range []string{"delay=2ms..3ms unordered", "delay=2ms reorder=10%/350us"} {
		onTube(t, text, func(t tubeStory) {
			var got []string
			last := time.Duration(0)
			for _, a := range story(t) {
				if a.at < last {
					t.Errorf("%s comes back in time", a.text)
				}
				last = a.at
				got = append(got, textOf(a))
			}
			if slices.Equal(got, texts) || t.network.Stats().Reordered == 0 {
				t.Error("nothing overtakes")
			}
			slices.Sort(got)
			want := slices.Sorted(slices.Values(texts))
			if !slices.Equal(got, want) {
				t.Error("other datagrams come out than went in")
			}
		})
	}
}

// A Read that waits for one datagram is woken for another that is due earlier.
func TestWakesForWhatIsDueEarlier(t *testing.T) {
	delays := link.TraceDelay{Delays: []time.Duration{10 * time.Millisecond, time.Millisecond, 0}}
	onTubeLink(t, link.Config{Delay: delays, Unordered: true}, func(t tubeStory) {
		s := lantest.Read(t.conn)
		for i, text := range []string{"slow", "fast", "now"} {
			time.Sleep(time.Millisecond)
			t.tube.put(text)
			synctest.Wait()
			if got := s.Take(); i < 2 && len(got) > 0 || i == 2 && len(got) != 2 {
				t.Errorf("after %q: %v", text, got)
			}
		}
		time.Sleep(time.Second)
		if got := s.Take(); len(got) != 1 || got[0].Text != "slow" || got[0].At != t.start.Add(11*time.Millisecond).UnixNano() {
			t.Errorf("at last: %v", got)
		}
		if n := t.network.Stats().Delayed; n != 2 {
			t.Errorf("%d are counted as delayed, not 2", n)
		}
	})
}

func TestDuplicatesAndCorrupts(t *testing.T) {
	onTube(t, "duplicate=100%/1ms corrupt=50%", func(t tubeStory) {
		const sent, copies = 100, 3 // a copy is copied once again
		whole := "0123456789"
		for range sent {
			t.tube.put(whole)
		}
		got := t.read(sent * copies)
		damaged := 0
		for i, a := range got {
			if want := time.Duration(i/sent) * time.Millisecond; a.at != want {
				t.Errorf("arrival %d comes at %v, not %v", i, a.at, want)
			}
			flips := 0
			for j := range whole {
				flips += bits.OnesCount8(whole[j] ^ a.text[j])
			}
			if flips > 3 {
				t.Errorf("%d bits of arrival %d are flipped", flips, i)
			}
			if flips > 0 {
				damaged++
			}
		}
		mean, sd := linktest.Binomial(len(got), 0.5)
		linktest.Within(t, "damaged", float64(damaged), mean, sd)
		s := t.network.Stats()
		if s.Corrupted != uint64(damaged) || s.Duplicated != 200 || s.Delivered != 100 || s.Delayed != 200 {
			t.Errorf("%d are damaged, and counted are %+v", damaged, s)
		}
		if s := t.conn.Stats(); s.Received != 300 {
			t.Errorf("the socket counted %d", s.Received)
		}
	})
}

// 972 bytes and their headers take a millisecond, four times that wait, and the
// rest is dropped.
func TestLimitsTheRate(t *testing.T) {
	onTube(t, "rate=8Mbit queue=4kB", func(t tubeStory) {
		text := string(bytes.Repeat([]byte("x"), 972))
		t.tube.put(text, text, text, text, text, text)
		for i, a := range t.read(4) {
			if want := time.Duration(i+1) * time.Millisecond; a.at != want {
				t.Errorf("datagram %d comes at %v, not %v", i+1, a.at, want)
			}
		}
		t.wantNothing()
		if s := t.network.Stats(); s.QueueDrops != 2 || s.Dropped() != 2 || s.Overflow != 0 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestBoundsWhatItHolds(t *testing.T) {
	onTube(t, "delay=1s", func(t tubeStory) {
		const sent = 1100
		fit := maxHeld / (64<<10 + heldCost)
		text := string(make([]byte, 60_000))
		for range sent {
			t.tube.put(text)
		}
		for _, a := range t.read(fit) {
			if a.at != time.Second {
				t.Fatalf("comes at %v", a.at)
			}
		}
		if s := t.network.Stats(); s.Overflow != uint64(sent-fit) || s.Dropped() != s.Overflow || s.Delivered != sent {
			t.Errorf("%d fit, and counted are %+v", fit, s)
		}
		t.tube.put("there is room again")
		t.wantRead(tubeArrival{"there is room again", 2 * time.Second})
	})
}

// What a Read returned stays as it is until the next one, whatever arrives.
func TestLendsUntilTheNextRead(t *testing.T) {
	onTube(t, "delay=1ms", func(t tubeStory) {
		ps := make([]multicast.Packet, 3)
		for round := range 5 {
			var want []string
			for i := range ps {
				want = append(want, fmt.Sprint(round, i))
			}
			t.tube.put(want...)
			n, err := t.conn.Read(ps)
			if n != len(ps) || err != nil {
				t.Fatalf("Read: %d, %v", n, err)
			}
			t.tube.put("??", "??", "??")
			time.Sleep(time.Second)
			synctest.Wait()
			for i, p := range ps {
				if string(p.Data) != want[i] {
					t.Errorf("%q has become %q", want[i], p.Data)
				}
			}
			if n, err := t.conn.Read(ps); n != len(ps) || err != nil || string(ps[0].Data) != "??" {
				t.Fatalf("Read: %d, %v, %q", n, err, ps[0].Data)
			}
		}
	})
}

func TestCloseEndsARead(t *testing.T) {
	for _, held := range []bool{false, true} {
		onTube(t, "delay=1s", func(t tubeStory) {
			s := lantest.Read(t.conn)
			if held {
				t.tube.put("held back for ever")
			}
			synctest.Wait()
			if err := t.conn.Close(); err != nil {
				t.Fatal(err)
			}
			lantest.Net{T: t.T}.WantClosed("the socket", s)
			if got := s.Take(); len(got) > 0 {
				t.Errorf("read %v", got)
			}
			if _, err := t.conn.Read(make([]multicast.Packet, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Read after Close: %v", err)
			}
			t.tube.closed = make(chan struct{}) // for the second Close
		})
	}
}

// When the socket below fails, what it had received comes still, and then the
// error, each time.
func TestHandsAnErrorOnWhenAllHasArrived(t *testing.T) {
	broken := errors.New("the cable is cut")
	onTube(t, "delay=1ms", func(t tubeStory) {
		t.tube.put("a")
		t.tube.batches <- tubeBatch{packets: []multicast.Packet{{Data: []byte("b"), From: testSender, Received: time.Now().UnixNano()}}, err: broken}
		t.wantRead(tubeArrival{"a", time.Millisecond}, tubeArrival{"b", time.Millisecond})
		for range 2 {
			if _, err := t.conn.Read(make([]multicast.Packet, 1)); err != broken {
				t.Errorf("Read: %v", err)
			}
		}
	})
	onTube(t, "delay=1ms", func(t tubeStory) {
		s := lantest.Read(t.conn)
		synctest.Wait()
		t.tube.batches <- tubeBatch{err: broken}
		synctest.Wait()
		if err := s.Err(); err != broken {
			t.Errorf("the Read that waited: %v", err)
		}
	})
}

func TestWithoutATimerClosesTheSocket(t *testing.T) {
	broken := errors.New("no timers today")
	below := &tube{err: broken}
	_, err := mustImpair(t, below, link.Config{Delay: link.FixedDelay(1)}, 1).Group(multicast.GroupConfig{})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	linktest.WantError(t, err, "delay what 239.77.0.1:7700 receives")
	<-below.conn.closed
}

func TestReadNeedsRoom(t *testing.T) {
	onTube(t, "delay=1ms", func(t tubeStory) {
		_, err := t.conn.Read(nil)
		linktest.WantError(t, err, "room for one packet")
	})
}

func TestDelayDoesNotAllocateOnceItIsFull(t *testing.T) {
	n := mustImpair(t, counting{}, link.Config{Delay: link.FixedDelay(1), Duplicate: 0.5}, 1)
	c := &delayConn{timer: multicast.NewTimer(), inbound: inbound{network: n, link: new(link.Link).Init(n.cfg, 1)}}
	in, out := make([]multicast.Packet, 30), make([]multicast.Packet, 90)
	for i := range in {
		in[i] = multicast.Packet{Data: make([]byte, 50*i), From: testSender}
	}
	round := func() {
		c.take(in, nil)
		for c.queue.len() > 0 {
			if _, err := c.Read(out); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 100 {
		round()
	}
	if allocs := testing.AllocsPerRun(1000, round); allocs != 0 {
		t.Errorf("%v allocations for %d datagrams", allocs, len(in))
	}
}
