package multicast

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// Goroutines that read, wait for the timer, send, and wait for room all end. A caller that
// is inside a Write may take its time.
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

// Datagrams that were read before Close, but not yet taken, are left.
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
