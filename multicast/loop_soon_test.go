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
		lt.loop.SettleSoon(false)
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
