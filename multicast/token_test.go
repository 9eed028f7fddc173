package multicast

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A caller sends its lone message, and the first of a burst. The sender sends what follows,
// together.
func TestABurstIsSentTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		begin := lt.gathers()
		lt.wantWrites(begin)
		lt.soon("b", false)
		lt.soon("c", false)
		lt.wantWrites(begin)
		lt.run()
		synctest.Wait()
		lt.wantWrites(begin + " bc")
		time.Sleep(time.Millisecond)
		lt.soon("d", false)
		lt.wantWrites(begin + " bc d")
		lt.close()
	})
}

// If the sender does not come to what was offered, the next caller takes it back once the
// window has closed, and leaves it alone before. So it does in the hot burst that follows.
func TestACallerTakesTheTokenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		for range 5 {
			lt.soon("b", false) // no sender runs, and so it comes to nothing
			more := lt.keepComing(int(lt.loop.burst.window/1000) - 1)
			lt.wantWrites(want)
			want += " b" + more + lt.keepComing(1)
			lt.wantWrites(want)
		}
		lt.close()
	})
}

// A caller that takes the token back sends a few batches, and wakes the sender for the
// rest.
func TestATakenBackTokenIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.machine.one = true
		for _, b := range "bcdefgh" {
			lt.soon(string(b), false)
		}
		time.Sleep(time.Millisecond)
		lt.soon("i", false)
		want += " b c d e"
		lt.wantWrites(want)
		lt.run()
		synctest.Wait()
		lt.wantWrites(want + " f g h i")
		lt.close()
	})
}

// A goroutine that reads uses a token that was only offered, or left to callers: repairs
// that a NACK asks for right after a burst need no other goroutine, and what gathers goes on
// gathering.
func TestReadersUseTheToken(t *testing.T) {
	for _, hot := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			lt := newLoopTest(t)
			want := lt.gathers()
			lt.loop.burst.hot = hot
			lt.soon("b", false)
			lt.machine.receive = func() { lt.machine.urgent = []byte("R") }
			lt.loop.take([]Packet{{Data: []byte("NACK")}}, true)
			lt.wantWrites(want + " R")
			lt.run() // the sender, or the timer, comes to the rest
			time.Sleep(2 * time.Duration(guardMin))
			lt.wantWrites(want + " R b")
			lt.close()
		})
	}
}

// While callers keep coming, the sender leaves them what gathers, and sends full batches
// only. They take it back.
func TestTheSenderGivesTheTokenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.machine.one = true
		lt.soon("b", false)
		lt.out.look = nil
		gate := make(chan struct{})
		lt.out.gate = gate
		lt.run()
		synctest.Wait() // the sender is sending
		for _, b := range "cdefgh" {
			lt.soon(string(b), false)
		}
		close(gate)
		synctest.Wait()
		want += " b c d e f" // its turn, and the batch that was begun
		lt.wantWrites(want)
		lt.machine.one = false
		time.Sleep(time.Duration(windowBase + windowPerDatagram))
		lt.soon("i", false)
		lt.wantWrites(want + " ghi")
		lt.close()
	})
}

// A caller that completes a batch sends it, if the sender has not come to it. The sender
// then finds nothing, and the timer deals with what follows.
func TestAFullBatchIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		for range 3 {
			lt.soon("b", false)
			lt.soon("c", false)
			lt.soon("d", true)
			want += " bcd"
		}
		lt.wantWrites(want)
		lt.run()
		lt.soon("e", false)
		synctest.Wait()
		lt.wantWrites(want)
		time.Sleep(2 * time.Duration(guardMin))
		lt.wantWrites(want + " e")
		lt.close()
	})
}

// The sender comes while the token that was offered to it is in use.
func TestTheSenderComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.soon("b", false) // the sender is told
		lt.out.look = nil
		lt.out.gate = make(chan struct{})
		var caller sync.WaitGroup
		caller.Go(func() { lt.soon("c", true) })
		synctest.Wait() // it is sending
		lt.run()
		synctest.Wait()
		lt.wantWrites(want)
		close(lt.out.gate)
		caller.Wait()
		lt.wantWrites(want + " bc")
		lt.close()
	})
}

// What the socket had no room for stays with the sender: it goes first.
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
		lt.gathers()
		lt.loop.Lock()
		lt.machine.deadline = int64(time.Second)
		lt.loop.SettleSoon(1)
		time.Sleep(2 * time.Second)
		lt.wantAdvanced(time.Second)
		lt.close()
	})
}

// Close ends a burst that the sender has not come to.
func TestCloseBeforeABurstIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.soon("b", false)
		lt.loop.mu.Lock()
		lt.loop.closed = true // what Close does first
		lt.loop.mu.Unlock()
		lt.machine.over.Store(true)
		lt.run() // the sender comes to it only now
		lt.close()
		lt.soon("c", true)
		lt.wantWrites(want)
	})
}

// Callers send a burst that fills batches, and wake no goroutine for each. What its end
// leaves is sent soon after.
func TestAHotBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.soon("b", false)
		lt.soon("c", true)
		<-lt.loop.kick // of before it was hot
		lt.soon("d", false)
		lt.soon("e", true)
		lt.soon("f", false)
		lt.wantWrites(want + " bc de")
		if len(lt.loop.kick) > 0 {
			t.Error("the sender was woken")
		}
		lt.run()
		synctest.Wait()
		lt.wantWrites(want + " bc de")
		time.Sleep(2 * time.Duration(guardMin))
		lt.wantWrites(want + " bc de f")
		time.Sleep(time.Millisecond)
		lt.soon("g", false) // alone again
		lt.wantWrites(want + " bc de f g")
		lt.close()
	})
}

// A spinning goroutine keeps a deadline that moves after an offer was used, though it looked
// at the clock meanwhile.
func TestSpinningKeepsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.loop.alarm.spins = true
		lt.gathers()
		lt.soon("b", false) // the spinning goroutine is told
		lt.out.look = func() {
			lt.loop.Lock()
			lt.loop.alarm.at = never
			lt.loop.alarm.polled.Store(never)
			lt.loop.due()
		}
		lt.loop.Lock()
		lt.machine.urgent = []byte("R")
		lt.loop.Settle()
		at := lt.loop.Now() + int64(time.Millisecond)
		lt.due(time.Duration(at))
		if alarm := lt.loop.alarm.polled.Load(); alarm > at {
			t.Errorf("the spinning goroutine looks at %d, and the deadline is at %d", alarm, at)
		}
		lt.close()
	})
}

// While a hot burst goes on, the timer leaves it alone. SettleNow sends all of it at once.
func TestAHotBurstGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.run()
		time.Sleep(time.Millisecond)
		lt.loop.Lock()
		lt.loop.burst.hot = true
		lt.loop.burst.arrive(lt.loop.now, 1, false)
		lt.loop.gather(false)
		lt.loop.burst.window = windowBase
		lt.loop.Unlock()
		want := ""
		for range 20 {
			lt.soon("x", false)
			lt.soon("y", true)
			want += "xy "
			lt.wantWrites(want[:len(want)-1])
			time.Sleep(time.Duration(windowBase) / 2)
		}
		lt.soon("z", false)
		lt.loop.Lock()
		lt.loop.SettleNow()
		lt.wantWrites(want + "z")
		lt.close()
	})
}
