package multicast

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// loopTest is a Loop over a fake machine, socket and timer.
type loopTest struct {
	*testing.T
	loop    *Loop
	machine *fakeMachine
	out     *fakeConn
	timer   *fakeTimer
	// log may be read once the Loop is closed.
	log bytes.Buffer
}

// newLoopTest makes a Loop that is not running. No goroutine may hold its lock while it
// writes or sets the timer. The fakes can only check that while there is no other
// goroutine: after run they do not.
func newLoopTest(t *testing.T, in ...Conn) *loopTest {
	lt := &loopTest{T: t, out: newFakeConn(), timer: &fakeTimer{Timer: NewTimer()}}
	lt.machine = &fakeMachine{t: t, deadline: never}
	cfg := LoopConfig{
		Machine: lt.machine, Out: lt.out, In: in, Timer: lt.timer, Start: time.Now(),
		Logger: slog.New(slog.NewTextHandler(&lt.log, nil)),
	}
	cfg.Full = func() bool { return lt.machine.full }
	lt.loop = NewLoop(cfg)
	unlocked := func(what string) {
		if !lt.loop.mu.TryLock() {
			t.Errorf("%s was called with the lock held", what)
			return
		}
		lt.loop.mu.Unlock()
	}
	lt.out.look = func() { unlocked("Write") }
	lt.timer.look = func() { unlocked("Set") }
	return lt
}

func (lt *loopTest) run() {
	lt.out.look, lt.timer.look = nil, nil
	lt.loop.Run()
}

// change has the machine send something.
func (lt *loopTest) change(data string) {
	lt.loop.Lock()
	lt.machine.queue = append(lt.machine.queue, data...)
	lt.loop.Settle()
}

// soon has the machine send a message, as one of many.
func (lt *loopTest) soon(data string, full bool) {
	lt.loop.Lock()
	lt.machine.queue = append(lt.machine.queue, data...)
	lt.machine.full = full
	lt.loop.SettleSoon(1)
}

// due sets the machine's deadline.
func (lt *loopTest) due(at time.Duration) {
	lt.loop.Lock()
	lt.machine.deadline = int64(at)
	lt.loop.Settle()
}

func (lt *loopTest) close() {
	lt.Helper()
	if err := lt.loop.Close(); err != nil {
		lt.Errorf("Close: %v", err)
	}
}

func (lt *loopTest) wantWrites(want string) {
	lt.Helper()
	if got := lt.out.writes(); got != want {
		lt.Errorf("the writes were %q, want %q", got, want)
	}
}

func (lt *loopTest) wantAdvanced(want ...time.Duration) {
	lt.Helper()
	lt.loop.Lock()
	defer lt.loop.Unlock()
	m := lt.machine
	if len(m.advanced) != len(want) {
		lt.Fatalf("the machine was advanced at %v, want %v", m.advanced, want)
	}
	for i, at := range want {
		if m.advanced[i] != at {
			lt.Errorf("the machine was advanced at %v, want %v", m.advanced, want)
		}
	}
}

// fakeMachine sends its queue, in datagrams of one byte.
type fakeMachine struct {
	t     *testing.T
	queue []byte
	// urgent is sent at once.
	urgent []byte
	// one makes it send a byte at a time.
	one bool
	// out reports that Next was called, and Sent was not.
	out  bool
	sent int
	// full reports that there is a batch's worth.
	full     bool
	deadline int64
	// stuck lets a deadline pass while there is something to send.
	stuck bool
	// advanced is when Advance was called.
	advanced []time.Duration
	advance  func(now int64)
	received []string
	receive  func()
	// over reports that the Loop is closed.
	over atomic.Bool
}

func (m *fakeMachine) called() {
	if m.over.Load() {
		m.t.Error("the machine was called after Close")
	}
}

func (m *fakeMachine) Receive(_ int64, ps []Packet) (int, bool) {
	m.called()
	m.received = append(m.received, string(ps[0].Data))
	if m.receive != nil {
		m.receive()
	}
	return 1, true
}

func (m *fakeMachine) Advance(now int64) {
	m.called()
	m.advanced = append(m.advanced, time.Duration(now))
	if m.deadline <= now {
		m.deadline = never
	}
	if m.advance != nil {
		m.advance(now)
	}
}

func (m *fakeMachine) Deadline(now int64) int64 {
	if m.stuck && (m.out || len(m.queue) > 0) {
		return min(m.deadline, now-1)
	}
	return m.deadline
}

func (m *fakeMachine) Next(_ int64, all bool) (Datagrams, bool) {
	m.called()
	if m.out {
		m.t.Error("Next was called before Sent")
	}
	if len(m.urgent) > 0 {
		d := Datagrams{Data: m.urgent, Segment: 1}
		m.urgent, m.out = nil, true
		return d, true
	}
	if len(m.queue) == 0 || !all && !m.full {
		return Datagrams{}, false
	}
	m.full = false
	n := len(m.queue)
	if m.one {
		n = 1
	}
	d := Datagrams{Data: m.queue[:n:n], Segment: 1}
	m.queue, m.out = m.queue[n:], true
	return d, true
}

func (m *fakeMachine) Sent() {
	m.called()
	if !m.out {
		m.t.Error("Sent was called without Next")
	}
	m.out = false
	m.sent++
}

// fakeConn writes into a list, and reads from a channel.
type fakeConn struct {
	// arrive has what each Read returns; if it is closed, Read fails.
	arrive  chan []string
	look    func()
	closes  atomic.Int32
	done    chan struct{}
	writing atomic.Bool

	mu    sync.Mutex
	wrote []string
	// gate holds up Write, if it is not nil.
	gate chan struct{}
	// room is how many datagrams Write still takes; all if it is negative.
	room int
	// more is closed when there is room again.
	more chan struct{}
	// fail is Write's error, and wait is WaitWrite's.
	fail, wait error
}

func newFakeConn() *fakeConn {
	return &fakeConn{
		arrive: make(chan []string), done: make(chan struct{}), room: -1, more: make(chan struct{}),
	}
}

var errFake = errors.New("the socket is broken")

func (c *fakeConn) Read(ps []Packet) (int, error) {
	select {
	case list, ok := <-c.arrive:
		if !ok {
			return 0, errFake
		}
		for i, s := range list {
			ps[i] = Packet{Data: []byte(s)}
		}
		return len(list), nil
	case <-c.done:
		return 0, net.ErrClosed
	}
}

func (c *fakeConn) Write(_ netip.AddrPort, b []byte, segment int) (int, error) {
	if c.look != nil {
		c.look()
	}
	if c.writing.Swap(true) {
		return 0, errors.New("two at once hold the send token")
	}
	defer c.writing.Store(false)
	c.mu.Lock()
	gate := c.gate
	c.mu.Unlock()
	if gate != nil {
		<-gate
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return 0, c.fail
	}
	n := len(b)
	if c.room >= 0 {
		n = min(n, c.room*segment)
		c.room -= (n + segment - 1) / segment
	}
	if n > 0 {
		c.wrote = append(c.wrote, string(b[:n]))
	}
	if n < len(b) {
		return n, ErrWouldBlock
	}
	return n, nil
}

func (c *fakeConn) WaitWrite() error {
	c.mu.Lock()
	more, room, err := c.more, c.room, c.wait
	c.mu.Unlock()
	if err != nil || room != 0 {
		return err
	}
	select {
	case <-more:
		return nil
	case <-c.done:
		return net.ErrClosed
	}
}

// give makes room for so many datagrams.
func (c *fakeConn) give(room int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room = room
	close(c.more)
	c.more = make(chan struct{})
}

// writes returns what was written, with a space between writes.
func (c *fakeConn) writes() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.wrote, " ")
}

func (c *fakeConn) LocalAddr() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:7") }
func (c *fakeConn) Stats() ConnStats          { return ConnStats{} }

func (c *fakeConn) Close() error {
	if c.closes.Add(1) == 1 {
		close(c.done)
	}
	return nil
}

// fakeTimer is a Timer that counts.
type fakeTimer struct {
	Timer
	look   func()
	sets   atomic.Int32
	closes atomic.Int32
	fail   atomic.Bool
}

func (t *fakeTimer) Set(d time.Duration) {
	if t.look != nil {
		t.look()
	}
	t.sets.Add(1)
	for range 10 {
		runtime.Gosched() // lets other goroutines run in between
	}
	t.Timer.Set(d)
}

func (t *fakeTimer) Wait() error {
	if err := t.Timer.Wait(); err != nil || !t.fail.Load() {
		return err
	}
	return errFake
}

func (t *fakeTimer) Close() error {
	t.closes.Add(1)
	return t.Timer.Close()
}

// sink is a Conn that discards what it is to send.
type sink struct{ *fakeConn }

func (sink) Write(_ netip.AddrPort, b []byte, _ int) (int, error) { return len(b), nil }
