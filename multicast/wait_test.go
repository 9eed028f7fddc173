package multicast

import (
	"strings"
	"testing"
	"time"
)

// fakePoller is a fakeConn that can be polled, and reads from another channel.
type fakePoller struct {
	*fakeConn
	in chan string
}

func (p fakePoller) TryRead(ps []Packet) (int, error) {
	select {
	case s := <-p.in:
		ps[0] = Packet{Data: []byte(s)}
		return 1, nil
	case <-p.done:
		return p.fakeConn.Read(ps)
	default:
		return 0, nil
	}
}

func (p fakePoller) Read(ps []Packet) (int, error) {
	select {
	case s := <-p.in:
		ps[0] = Packet{Data: []byte(s)}
		return 1, nil
	case <-p.done:
		return p.fakeConn.Read(ps)
	}
}

// waitTest is a Loop over Pollers, in real time: a spinning goroutine never lets simulated
// time pass.
type waitTest struct {
	*loopTest
	in chan string
	// advanced has the times at which the machine was advanced.
	advanced chan int64
}

func newWaitTest(t *testing.T, wait Wait) *waitTest {
	wt := &waitTest{
		loopTest: newLoopTest(t), in: make(chan string), advanced: make(chan int64, 100),
	}
	wt.loop.cfg.Wait = wait
	wt.loop.sendBy(fakePoller{wt.out, make(chan string)})
	wt.loop.cfg.In = []Conn{fakePoller{newFakeConn(), wt.in}}
	wt.machine.advance = func(now int64) {
		if now > 0 {
			wt.advanced <- now
		}
	}
	wt.run()
	return wt
}

// However a Loop waits, it receives, keeps its deadlines, sends what was offered, and ends.
func TestWaysToWait(t *testing.T) {
	for _, wait := range []Wait{WaitBlock, WaitAdaptive, WaitSpin} {
		t.Run(wait.String(), func(t *testing.T) {
			wt := newWaitTest(t, wait)
			for range 100 { // close enough for WaitAdaptive to poll
				wt.in <- "a"
			}
			at := time.Since(wt.loop.cfg.Start) + time.Millisecond
			wt.due(at)
			if now := time.Duration(<-wt.advanced); now < at {
				t.Errorf("advanced at %v, before it was due at %v", now, at)
			}
			if sets := wt.timer.sets.Load(); (wait == WaitSpin) != (sets == 0) {
				t.Errorf("the timer was set %d times", sets)
			}
			wt.loop.Lock()
			wt.loop.burst.ended = wt.loop.now // as if a send had just ended
			wt.machine.queue = append(wt.machine.queue, "xy"...)
			wt.loop.SettleSoon(1)
			for sent := 0; sent == 0; {
				wt.loop.Lock()
				sent = wt.machine.sent
				wt.loop.Unlock()
			}
			wt.wantWrites("xy")
			wt.close()
		})
	}
}

// A spinning Loop leaves a full socket to the sender, and goes on to receive.
func TestSpinningWithAFullSocket(t *testing.T) {
	wt := newWaitTest(t, WaitSpin)
	wt.out.give(0)
	wt.change("full")
	for range 10 {
		wt.in <- "a"
	}
	at := time.Since(wt.loop.cfg.Start) + time.Millisecond
	wt.due(at)
	<-wt.advanced
	wt.wantWrites("")
	wt.out.give(-1)
	for sent := 0; sent == 0; {
		wt.loop.Lock()
		sent = wt.machine.sent
		wt.loop.Unlock()
	}
	wt.wantWrites("full")
	wt.close()
	if n := len(wt.machine.received); n != 10 {
		t.Errorf("%d datagrams were received, want 10", n)
	}
}

// Sockets that cannot be polled are waited for, which is logged.
func TestNothingToSpinOn(t *testing.T) {
	lt := newLoopTest(t)
	lt.loop.cfg.Wait = WaitSpin
	lt.run()
	lt.out.arrive <- []string{"a"}
	lt.out.arrive <- []string{"b"}
	lt.close()
	if len(lt.machine.received) == 0 {
		t.Error("nothing was received")
	}
	if want := "these sockets can only be waited for"; !strings.Contains(lt.log.String(), want) {
		t.Errorf("the log has no %q: %s", want, lt.log.String())
	}
}

func TestWaitNames(t *testing.T) {
	for _, w := range []Wait{WaitBlock, WaitAdaptive, WaitSpin} {
		if got, err := ParseWait(w.String()); got != w || err != nil {
			t.Errorf("ParseWait(%v) = %v, %v", w, got, err)
		}
		if err := w.Check(); err != nil {
			t.Error(err)
		}
	}
	if _, err := ParseWait("sleep"); err == nil {
		t.Error("ParseWait took a word that names no way to wait")
	}
	if err := Wait(3).Check(); err == nil {
		t.Error("Check took a value that is not a way to wait")
	}
}
