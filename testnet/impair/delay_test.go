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

func TestDelays(t *testing.T) {
	onTube(t, "delay=250us", func(t tubeStory) {
		t.tube.put("a", "b")
		t.wantRead(tubeArrival{"a", 250 * time.Microsecond},
			tubeArrival{"b", 250 * time.Microsecond})
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
		if got := s.Take(); len(got) != 1 || got[0].Text != "slow" ||
			got[0].At != t.start.Add(11*time.Millisecond).UnixNano() {
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
		if s.Corrupted != uint64(damaged) || s.Duplicated != 200 || s.Delivered != 100 ||
			s.Delayed != 200 {
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
		if s := t.network.Stats(); s.Overflow != uint64(sent-fit) || s.Dropped() != s.Overflow ||
			s.Delivered != sent {
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
		t.tube.batches <- tubeBatch{packets: []multicast.Packet{{Data: []byte("b"),
			From: testSender, Received: time.Now().UnixNano()}}, err: broken}
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
	_, err := mustImpair(t, below, link.Config{Delay: link.FixedDelay(1)},
		1).Group(multicast.GroupConfig{})
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
	c := &delayConn{timer: multicast.NewTimer(),
		inbound: inbound{network: n, link: new(link.Link).Init(n.cfg, 1)}}
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
