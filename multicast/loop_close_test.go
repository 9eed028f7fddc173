package multicast

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Goroutines that read, wait for the timer, send, and wait for room all end; a
// caller that is inside a Write may take its time.
func TestCloseEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := []*fakeConn{newFakeConn(), newFakeConn()}
		lt := newLoopTest(t, in[0], in[1])
		lt.run()
		lt.out.room = 0
		lt.change("a")
		synctest.Wait() // the sender waits for room
		var closers sync.WaitGroup
		for range 3 {
			closers.Go(func() {
				lt.close()
				lt.machine.over.Store(true)
				lt.change("b") // does nothing any more
			})
		}
		closers.Wait()
		lt.close()
		for _, c := range append(in, lt.out) {
			if n := c.closes.Load(); n != 1 {
				t.Errorf("a socket was closed %d times", n)
			}
		}
		if n := lt.timer.closes.Load(); n != 1 {
			t.Errorf("the timer was closed %d times", n)
		}
		lt.wantWrites("")
		if lt.log.Len() > 0 {
			t.Errorf("logged: %s", &lt.log)
		}
	})
}

func TestCloseWhileACallerSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.run()
		gate := make(chan struct{})
		lt.out.gate = gate
		var caller sync.WaitGroup
		caller.Go(func() { lt.change("ab") })
		synctest.Wait()
		lt.close()
		lt.machine.over.Store(true)
		close(gate)
		caller.Wait()
	})
}

// What a socket brought before Close, and nobody took yet, is left.
func TestNothingIsReceivedAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newFakeConn()
		lt := newLoopTest(t, in)
		gate := make(chan struct{})
		lt.loop.cfg.Deliver = func(bool) { <-gate }
		lt.run()
		in.arrive <- []string{"a", "b"}
		synctest.Wait()
		var closer sync.WaitGroup
		closer.Go(lt.close)
		synctest.Wait()
		close(gate)
		closer.Wait()
		if want := []string{"a"}; !slices.Equal(lt.machine.received, want) {
			t.Errorf("received %q, want %q", lt.machine.received, want)
		}
	})
}

// A send that fails costs what it was to send, and is told to the operator, but
// not each time.
func TestFailedSendsAreToldNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.run()
		lt.out.fail = errFake
		for range 10 {
			lt.change("abc")
		}
		time.Sleep(11 * time.Second)
		lt.change("abc")
		lt.out.fail = nil
		lt.out.room, lt.out.wait = 0, errFake
		time.Sleep(11 * time.Second)
		lt.change("de") // waiting for room fails as well
		synctest.Wait()
		lt.out.room = -1
		lt.change("f")
		lt.wantWrites("f")
		if lt.machine.sent != 13 {
			t.Errorf("Sent was called %d times", lt.machine.sent)
		}
		lt.close()
		text := lt.log.String()
		for _, want := range []string{"datagrams=3 ", "datagrams=30 ", "datagrams=2 "} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in %s", want, text)
			}
		}
		if n := strings.Count(text, "\n"); n != 3 {
			t.Errorf("%d lines were logged: %s", n, text)
		}
	})
}

// What fails for good is told: nothing comes from there any more.
func TestBrokenSocketsAndTimersAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newFakeConn()
		lt := newLoopTest(t, in)
		lt.run()
		close(in.arrive)
		lt.timer.fail.Store(true)
		lt.due(time.Second)
		time.Sleep(2 * time.Second)
		lt.change("a") // the rest goes on
		lt.wantWrites("a")
		lt.close()
		for _, want := range []string{"a socket failed", "a timer failed"} {
			if strings.Count(lt.log.String(), want) != 1 {
				t.Errorf("%q was not logged once: %s", want, &lt.log)
			}
		}
	})
}
