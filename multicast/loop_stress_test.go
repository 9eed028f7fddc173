package multicast

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// moodyConn takes all, some or nothing of what is written, and soon has room again.
type moodyConn struct {
	*fakeConn
	mu   sync.Mutex
	rand *rand.Rand
	took atomic.Int64
}

func (c *moodyConn) Write(_ netip.AddrPort, b []byte, _ int) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := len(b), error(nil)
	if c.rand.IntN(4) == 0 {
		n, err = c.rand.IntN(len(b)), ErrWouldBlock
	}
	c.took.Add(int64(n))
	return n, err
}

func (c *moodyConn) WaitWrite() error {
	runtime.Gosched()
	return nil
}

// burstMachine sends as many bytes as were published, 40 at once, and is due at once while
// there are some.
type burstMachine struct {
	published, sent int64
	out             int64
	data            [40]byte
}

func (m *burstMachine) Receive(_ int64, ps []Packet) (int, bool) { return len(ps), false }
func (m *burstMachine) Advance(int64)                            {}
func (m *burstMachine) Deadline(now int64) int64 {
	if m.published > m.sent {
		return now
	}
	return now + int64(time.Hour)
}
func (m *burstMachine) Next(_ int64, all bool) (Datagrams, bool) {
	if !all && !m.full() {
		return Datagrams{}, false
	}
	m.out = min(m.published-m.sent, int64(len(m.data)))
	return Datagrams{Data: m.data[:m.out], Segment: 1}, m.out > 0
}
func (m *burstMachine) Sent()      { m.sent += m.out }
func (m *burstMachine) full() bool { return m.published-m.sent >= int64(len(m.data)) }

// However many callers publish, however fast, and however full the socket is: all is sent
// soon after the last message, and nothing waits without a goroutine that deals with it.
func TestNothingIsLeftBehind(t *testing.T) {
	for _, wait := range []Wait{WaitBlock, WaitSpin} {
		t.Run(wait.String(), func(t *testing.T) {
			out := &moodyConn{fakeConn: newFakeConn(), rand: rand.New(rand.NewPCG(5, 6))}
			m := &burstMachine{}
			timer, err := Kernel.Timer()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLoop(LoopConfig{
				Machine: m, Out: pollableMoody{out}, Timer: timer, Start: time.Now(), Wait: wait,
				Full: m.full, Logger: slog.New(slog.DiscardHandler),
			})
			l.Run()
			rounds := 2000
			if testing.Short() {
				rounds = 200
			}
			published := int64(0)
			for round := range rounds {
				var all sync.WaitGroup
				for range 1 + round%3 {
					n := 1 << (round % 12)
					published += int64(n)
					all.Go(func() {
						for range n {
							busy := l.Enter()
							m.published++
							if busy && m.published%20 != 0 {
								l.Unlock()
								continue
							}
							l.Tick()
							l.SettleSoon(1)
						}
					})
				}
				all.Wait()
				stuck := time.Now().Add(10 * time.Second)
				for ; out.took.Load() < published; runtime.Gosched() {
					if time.Now().After(stuck) {
						l.Lock()
						t.Fatalf("round %d: %d of %d bytes were sent: "+
							"%v, hot %v, armed %v, now %v, machine %+v",
							round, out.took.Load(), published,
							l.token.state, l.burst.hot, l.alarm.at, l.now, m)
					}
				}
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// slowConn takes what is written after a while, all of it or a part. Now and then it
// reports that the socket is full, even after it took all.
type slowConn struct {
	*fakeConn
	rand *rand.Rand // used with the token held
	took atomic.Int64
}

func (c *slowConn) Write(_ netip.AddrPort, b []byte, _ int) (int, error) {
	if c.writing.Swap(true) {
		return 0, errors.New("two at once hold the send token")
	}
	defer c.writing.Store(false)
	time.Sleep(time.Duration(c.rand.IntN(20)) * time.Microsecond)
	n, err := len(b), error(nil)
	switch c.rand.IntN(8) {
	case 0:
		n, err = c.rand.IntN(len(b)+1), ErrWouldBlock
	case 1:
		err = ErrWouldBlock
	}
	c.took.Add(int64(n))
	return n, err
}

func (c *slowConn) WaitWrite() error {
	time.Sleep(time.Duration(c.rand.IntN(300)) * time.Microsecond)
	return nil
}

// slowTimer is a Timer whose goroutine comes late.
type slowTimer struct {
	Timer
	rand *rand.Rand // used by Wait
}

func (t *slowTimer) Wait() error {
	err := t.Timer.Wait()
	time.Sleep(time.Duration(t.rand.IntN(4)*t.rand.IntN(40)) * time.Microsecond)
	return err
}

// In simulated time, with goroutines that wait and come back in any order: the socket has
// all that was published soon after the callers have paused, whichever goroutine held the
// token, and however much the socket took.
func TestTheTokenComesRound(t *testing.T) {
	seeds := 150
	if testing.Short() {
		seeds = 60
	}
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) { tokenRound(t, seed) })
		if t.Failed() {
			return
		}
	}
}

func tokenRound(t *testing.T, seed uint64) {
	source := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
	out := &slowConn{fakeConn: newFakeConn(), rand: source(1)}
	m := &burstMachine{}
	l := NewLoop(LoopConfig{
		Machine: m, Out: out, Timer: &slowTimer{NewTimer(), source(2)}, Start: time.Now(),
		Full: m.full, Logger: slog.New(slog.DiscardHandler),
	})
	l.Run()
	choose := source(3)
	published := int64(0)
	for round := range 40 {
		var all sync.WaitGroup
		for caller := range 1 + choose.IntN(3) {
			n, pause := 1+choose.IntN(400), choose.IntN(30)
			mine := source(uint64(10 + 10*round + caller))
			published += int64(n)
			all.Go(func() {
				for range n {
					if busy := l.Enter(); busy && mine.IntN(20) > 0 {
						m.published++
						l.Unlock()
					} else {
						m.published++
						l.Tick()
						switch mine.IntN(40) {
						case 0:
							l.SettleNow()
						case 1:
							l.Settle()
						default:
							l.SettleSoon(1)
						}
					}
					if pause > 0 && mine.IntN(pause) == 0 {
						time.Sleep(time.Duration(mine.IntN(600)) * time.Microsecond)
					}
				}
			})
		}
		all.Wait()
		// The last callers may not have checked whether what they left fills a batch.
		l.Lock()
		l.SettleSoon(1)
		time.Sleep(tokenPatience)
		if got := out.took.Load(); got != published {
			l.Lock()
			t.Fatalf("seed %d, round %d: %d of %d bytes were sent: "+
				"%v, hot %v, armed %v, now %v, machine %+v",
				seed, round, got, published,
				l.token.state, l.burst.hot, l.alarm.at, l.now, m)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// tokenPatience is how long the last bytes of a burst may take: twice the guard, plus what
// slow sockets and timers add.
const tokenPatience = 20 * time.Millisecond

// pollableMoody is a moodyConn that receives nothing.
type pollableMoody struct{ *moodyConn }

func (p pollableMoody) TryRead(ps []Packet) (int, error) {
	select {
	case <-p.done:
		return p.Read(ps)
	default:
		return 0, nil
	}
}
