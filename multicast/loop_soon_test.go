package multicast

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// In these tests' time, changes follow each other without a pause.

func TestABurstIsSentTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		time.Sleep(time.Millisecond)
		lt.soon("a", false) // the first one, or a lone one, is sent by its caller
		lt.wantWrites("a")
		lt.soon("b", false)
		lt.soon("c", false)
		lt.wantWrites("a")
		lt.run()
		synctest.Wait()
		lt.wantWrites("a bc")
		time.Sleep(time.Millisecond)
		lt.soon("d", false)
		lt.wantWrites("a bc d")
		lt.close()
	})
}

// Who brings a whole batch together sends it, if the sender hasn't come to it;
// the sender then finds nothing, and is there for what follows.
func TestAFullBatchIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.change("a")
		for range 3 {
			lt.soon("b", false)
			lt.soon("c", false)
			lt.soon("d", true)
		}
		lt.wantWrites("a bcd bcd bcd")
		lt.run()
		synctest.Wait()
		lt.soon("e", false)
		synctest.Wait()
		lt.wantWrites("a bcd bcd bcd e")
		lt.close()
	})
}

// The sender comes while the token that it was to have is in use.
func TestTheSenderComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.change("a")
		lt.soon("b", false) // the sender is told
		lt.out.look = nil
		lt.out.gate = make(chan struct{})
		var caller sync.WaitGroup
		caller.Go(func() { lt.soon("c", true) })
		synctest.Wait() // it is sending
		lt.run()
		synctest.Wait()
		lt.wantWrites("a")
		close(lt.out.gate)
		caller.Wait()
		lt.wantWrites("a bc")
		lt.close()
	})
}

// What the socket had no room for stays the sender's: it goes first.
func TestAFullBatchWaitsForAFullSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.out.room = 1
		lt.change("abc")
		lt.out.give(-1)
		lt.soon("d", true)
		lt.wantWrites("a")
		lt.run()
		synctest.Wait()
		lt.wantWrites("a bc d")
		lt.close()
	})
}

// A deadline that comes with a burst is met: the sender arms the timer.
func TestABurstArmsTheTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.run()
		lt.change("a")
		lt.loop.Lock()
		lt.machine.deadline = int64(time.Second)
		lt.loop.SettleSoon()
		time.Sleep(2 * time.Second)
		lt.wantAdvanced(time.Second)
		lt.close()
	})
}

func TestCloseBeforeABurstIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.change("a")
		lt.soon("b", false)
		lt.loop.mu.Lock()
		lt.loop.closed = true // what Close does first
		lt.loop.mu.Unlock()
		lt.machine.over.Store(true)
		lt.run() // the sender comes to it only now
		lt.close()
		lt.soon("c", true)
		lt.wantWrites("a")
	})
}

// A burst that brings full batches together is sent by its callers, and nobody is
// woken for each. What its end leaves behind is sent soon after.
func TestAHotBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.change("a")
		lt.soon("b", false)
		lt.soon("c", true)
		<-lt.loop.kick // of before it was hot
		lt.soon("d", false)
		lt.soon("e", true)
		lt.soon("f", false)
		lt.wantWrites("a bc de")
		if len(lt.loop.kick) > 0 {
			t.Error("the sender was woken")
		}
		lt.run()
		synctest.Wait()
		lt.wantWrites("a bc de")
		time.Sleep(2 * time.Duration(guardFirst))
		lt.wantWrites("a bc de f")
		time.Sleep(time.Millisecond)
		lt.soon("g", false) // alone again
		lt.wantWrites("a bc de f g")
		lt.close()
	})
}

// Who sends a full batch looks whether something has come meanwhile, and what that
// calls for goes first.
func TestAHotBurstLooksAround(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		in := make(chan string, 1)
		lt.loop.cfg.Out = fakePoller{lt.out, in}
		lt.change("a")
		lt.soon("b", false)
		in <- "request"
		lt.soon("c", true)
		lt.wantWrites("a bc")
		if got := lt.machine.received; len(got) != 1 || got[0] != "request" {
			t.Errorf("received %q", got)
		}
		lt.close()
	})
}

// While a hot burst goes on, the guard leaves it alone; who wants all sent at once
// gets it.
func TestAHotBurstGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.run()
		lt.loop.Lock()
		lt.loop.sending, lt.loop.handed, lt.loop.hot, lt.loop.guard = true, true, true, guardFirst
		lt.loop.Unlock()
		want := ""
		for range 20 {
			lt.soon("x", false)
			lt.soon("y", true)
			want += "xy "
			lt.wantWrites(want[:len(want)-1])
			time.Sleep(time.Duration(guardFirst) / 2)
		}
		lt.soon("z", false)
		lt.loop.Lock()
		lt.loop.SettleNow()
		lt.wantWrites(want + "z")
		lt.close()
	})
}
