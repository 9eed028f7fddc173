package multicast

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// In these tests' time, changes follow each other without a pause, and a send takes none.

// gathers has a lone message sent, and no credit left: what follows gathers.
func (lt *loopTest) gathers() string {
	time.Sleep(time.Millisecond)
	lt.soon("a", false)
	lt.loop.burst.credit = 0
	return "a"
}

// keepComing has n messages come within a burst, one each microsecond.
func (lt *loopTest) keepComing(n int) string {
	for range n {
		time.Sleep(time.Microsecond)
		lt.soon("k", false)
	}
	return strings.Repeat("k", n)
}

// takes has each send take so long.
func (lt *loopTest) takes(d time.Duration) { lt.out.look = func() { time.Sleep(d) } }

// The first of a burst are sent by their callers, for as long as their credit lasts.
// Pauses earn it.
func TestCreditIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		const send = creditMax / 4
		lt.takes(time.Duration(send))
		time.Sleep(time.Second)
		want := ""
		burst := func(pause time.Duration, alone int) {
			time.Sleep(pause)
			for range alone {
				lt.soon("a", false)
				want += "a "
			}
			lt.soon("b", false)
			lt.wantWrites(want[:len(want)-1])
			lt.loop.Lock()
			lt.loop.SettleNow()
			want += "b "
		}
		burst(0, 1+4) // the first is a lone one
		burst(time.Duration(send), 1+1)
		burst(time.Duration(2*send), 1+2)
		burst(time.Hour, 1+4) // there is a most
		time.Sleep(time.Duration(send))
		lt.soon("a", false)
		lt.takes(time.Second) // a send that is held up costs no more than there is
		lt.soon("a", false)
		want += "a a "
		lt.takes(time.Duration(send))
		burst(time.Duration(2*send), 1+2)
		lt.close()
	})
}

// A caller whose messages are due at even times sends them all, one by one, though now
// and then something holds one up: it wakes nobody, and waits for nothing.
func TestWhoIsHeldUpGoesOnAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		time.Sleep(time.Second)
		took, start := 9*time.Microsecond, time.Now()
		lt.out.look = func() { time.Sleep(took) }
		for n := range 100 {
			time.Sleep(time.Until(start.Add(time.Duration(n) * 20 * time.Microsecond)))
			took = 9 * time.Microsecond
			if n%20 == 19 {
				took = 70 * time.Microsecond
			}
			lt.soon("a", false)
		}
		lt.wantWrites(strings.Repeat("a ", 100)[:199])
		if len(lt.loop.kick) > 0 {
			t.Error("the sender was woken")
		}
		lt.close()
	})
}

// What gathers is sent when another message comes after a pause: its callers aren't flat
// out. Messages that come together, and those that don't look at the clock, are no pause.
func TestAPauseEndsABurst(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(l *Loop)
		pause   int64
	}{
		"of one":              {func(*Loop) {}, burstGap},
		"of many":             {func(l *Loop) { l.burst.count = 5 }, 5 * burstGap},
		"since a send":        {func(l *Loop) { l.burst.ended = l.clock() + 5_000 }, 5_000 + burstGap},
		"after a long send":   {func(l *Loop) { l.burst.took = 10_000 }, 5_000},
		"after a longer send": {func(l *Loop) { l.burst.took = 1_000_000 }, windowBase},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lt := newLoopTest(t)
				want := lt.gathers()
				lt.soon("b", false)
				test.prepare(lt.loop)
				lt.loop.burst.window = never
				time.Sleep(time.Duration(test.pause) - 1)
				lt.soon("c", false)
				lt.wantWrites(want)
				test.prepare(lt.loop)
				time.Sleep(time.Duration(test.pause))
				lt.soon("d", false)
				lt.wantWrites(want + " bcd")
				lt.close()
			})
		})
	}
}

// Messages that don't look at the clock are taken for as many as may have come.
func TestWhoDoesNotLookIsNoPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.soon("b", false)
		lt.loop.burst.window, lt.loop.burst.joined = never, clockSamples
		lt.soon("c", false)
		time.Sleep(time.Duration(clockSamples*burstGap) - 1)
		lt.soon("d", false)
		lt.wantWrites(want)
		time.Sleep(time.Duration(clockSamples * burstGap))
		lt.soon("e", false)
		want += " bcde"
		lt.wantWrites(want)
		lt.loop.burst.credit = 0
		lt.soon("f", false) // another offer, to which nobody has come yet
		time.Sleep(time.Duration(burstGap))
		lt.soon("g", false)
		lt.wantWrites(want + " fg")
		lt.close()
	})
}

// Who has filled a batch lately is flat out: a pause ends nothing, and there is no credit.
func TestWhoIsFlatOutFillsBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.soon("b", false)
		lt.soon("c", true)
		want += " bc"
		lt.loop.burst.credit = creditMax
		lt.soon("d", false)
		time.Sleep(time.Duration(guardMin))
		lt.soon("e", false)
		lt.wantWrites(want)
		lt.soon("f", true)
		want += " def"
		lt.loop.Lock()
		lt.loop.SettleNow()
		lt.soon("g", false) // soon after a send
		lt.wantWrites(want)
		lt.close()
	})
}

// Where callers come back to an offer soon, the next one wakes nobody. Where they don't,
// or the timer finds it, the sender is woken again.
func TestWhoComesBackSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		offer := func(woken bool) {
			t.Helper()
			lt.loop.burst.credit = 0
			lt.soon("b", false)
			if got := len(lt.loop.kick) > 0; got != woken {
				t.Errorf("the sender was woken: %v", got)
			} else if got {
				<-lt.loop.kick
			}
		}
		lt.gathers()
		soon := func() time.Duration { return time.Duration(lt.loop.burst.window + windowSlack) }
		offer(true)
		time.Sleep(soon())
		lt.soon("c", false)
		offer(false)
		time.Sleep(soon() + 1)
		lt.soon("c", false)
		offer(true)
		time.Sleep(soon())
		lt.soon("c", false)
		offer(false)
		time.Sleep(time.Duration(guardMin))
		lt.loop.Lock()
		lt.loop.due() // the timer fires
		offer(true)
		time.Sleep(soon())
		lt.soon("c", false)
		offer(false)
		lt.loop.Lock()
		lt.loop.SettleNow()
		time.Sleep(time.Duration(forecast))
		lt.soon("alone", false)
		offer(true) // that was long ago
		lt.close()
	})
}

// Where many have come to an offer, or with one call, a crowd is expected for a while: what
// comes soon after a send gathers, whatever the credit, and for longer.
func TestCrowd(t *testing.T) {
	for name, crowd := range map[string]func(lt *loopTest){
		"to an offer": func(lt *loopTest) {
			lt.loop.burst.credit = 0
			lt.soon("b", false)
			lt.loop.burst.joined = clockSamples + 1
			time.Sleep(time.Duration(lt.loop.burst.window))
			lt.soon("c", false)
		},
		"with one call": func(lt *loopTest) {
			time.Sleep(time.Millisecond)
			lt.loop.Lock()
			lt.machine.queue = append(lt.machine.queue, "bc"...)
			lt.loop.SettleSoon(clockSamples + 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lt := newLoopTest(t)
				lt.gathers()
				crowd(lt)
				want := "a bc"
				lt.wantWrites(want)
				lt.loop.burst.credit = creditMax
				time.Sleep(time.Duration(windowBase) - 1)
				lt.soon("d", false)
				time.Sleep(time.Duration(windowCrowd) - 1)
				lt.soon("e", false)
				lt.wantWrites(want)
				time.Sleep(time.Nanosecond)
				lt.soon("f", false)
				want += " def"
				lt.wantWrites(want)
				time.Sleep(time.Duration(windowBase))
				lt.soon("g", false) // alone
				time.Sleep(time.Duration(crowdFor))
				for range 3 {
					lt.soon("h", false) // nothing tells of a crowd any more
				}
				lt.wantWrites(want + " g h h h")
				lt.close()
			})
		})
	}
}

// Of some messages that come to an offer, or with one call, no crowd is expected.
func TestNoCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.gathers()
		lt.soon("b", false)
		lt.loop.burst.joined = clockSamples
		time.Sleep(time.Duration(lt.loop.burst.window))
		lt.loop.Lock()
		lt.loop.SettleSoon(clockSamples)
		if lt.loop.burst.crowd != 0 {
			t.Error("a crowd is expected")
		}
		lt.close()
	})
}

// A few messages of an offer look at the clock, and then one in as many.
func TestEnterLooksNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.gathers()
		lt.soon("b", false)
		for n := 1; n <= 4*clockSamples; n++ {
			seen := lt.loop.Enter()
			lt.loop.Unlock()
			if want := n > clockSamples && n%clockSamples != 0; seen != want {
				t.Errorf("message %d needs nothing but Unlock: %v", n, seen)
			}
		}
		lt.close()
	})
}

// A lone message, and the first of a burst, are sent by their caller. What follows is sent
// together, by the sender.
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

// Where nobody comes to what was offered, the next caller takes it back once the offer's
// time is over; and leaves it alone before. In the hot burst that this begins, too.
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

// The larger the send before was, the longer may what follows gather.
func TestAnOfferStandsForWhatTheSendTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.soon("bcdefgh", false)
		time.Sleep(time.Duration(windowBase + windowPerDatagram))
		lt.soon("i", false) // eight datagrams
		want += " bcdefghi"
		lt.loop.burst.credit = 0
		lt.soon("j", false)
		more := lt.keepComing(int(windowBase+8*windowPerDatagram)/1000 - 1)
		lt.wantWrites(want)
		lt.wantWrites(want + " j" + more + lt.keepComing(1))
		lt.close()
	})
}

// Who takes the token back sends a few batches, and no more: the sender is woken for
// the rest.
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

// Whoever reads uses a token that was only offered, or left: repairs that a NACK asks
// for right after a burst wait for nobody, and what gathers goes on gathering.
func TestWhoReadsUsesTheToken(t *testing.T) {
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

// While callers keep coming, the sender leaves them what gathers, and sends what fills a
// batch only. They take it back.
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

// Who brings a whole batch together sends it, if the sender hasn't come to it;
// the sender then finds nothing, and the timer sees to what follows.
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
		lt.gathers()
		lt.loop.Lock()
		lt.machine.deadline = int64(time.Second)
		lt.loop.SettleSoon(1)
		time.Sleep(2 * time.Second)
		lt.wantAdvanced(time.Second)
		lt.close()
	})
}

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

// A burst that brings full batches together is sent by its callers, and nobody is
// woken for each. What its end leaves behind is sent soon after.
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

// A caller that sends a full batch looks whether something has come meanwhile, and what
// that calls for goes first.
func TestAHotBurstLooksAround(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		in := make(chan string, 1)
		lt.loop.cfg.Out = fakePoller{lt.out, in}
		want := lt.gathers()
		lt.soon("b", false)
		in <- "request"
		lt.soon("c", true)
		lt.wantWrites(want + " bc")
		if got := lt.machine.received; len(got) != 1 || got[0] != "request" {
			t.Errorf("received %q", got)
		}
		lt.close()
	})
}

// meanwhilePoller is a fakePoller that others come by while somebody glances at it.
type meanwhilePoller struct {
	fakePoller
	others func()
}

func (p meanwhilePoller) TryRead(ps []Packet) (int, error) {
	p.others()
	return p.fakePoller.TryRead(ps)
}

// What was read at a glance is answered, though others have sent meanwhile all that
// gathered.
func TestAGlanceIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		in := make(chan string, 1)
		lt.loop.cfg.Out = meanwhilePoller{fakePoller{lt.out, in}, func() {
			lt.loop.Lock()
			lt.loop.SettleNow()
		}}
		lt.machine.receive = func() { lt.machine.urgent = []byte("R") }
		want := lt.gathers()
		lt.soon("b", false)
		in <- "NACK"
		lt.soon("c", true)
		lt.wantWrites(want + " bc R")
		lt.close()
	})
}

// Who spins keeps the deadline that moves after an offer was used, though it looked at
// the clock meanwhile.
func TestWhoSpinsKeepsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.loop.alarm.spins = true
		lt.gathers()
		lt.soon("b", false) // who spins is told
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

// While a hot burst goes on, the guard leaves it alone; who wants all sent at once
// gets it.
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

// Callers who filled a batch lately are left to fill the next one, though something held
// them up and a part of one went out between; others wait no longer than an offer stands.
func TestWhoFilledABatchFillsTheNext(t *testing.T) {
	now := int64(time.Second)
	b := burst{filled: now - forecast + 1, window: windowBase}
	if b.open(now); b.window != guardMax {
		t.Errorf("the window is open for %d ns", b.window)
	}
	for _, filled := range []int64{0, now - forecast} {
		b.filled, b.window = filled, windowBase
		if b.open(now); b.window != windowBase {
			t.Errorf("filled at %d of %d, the window is open for %d ns", filled, now, b.window)
		}
	}
}
