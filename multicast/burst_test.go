package multicast

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// In simulated time, changes follow each other without a pause, and a send takes no time.

// gathers publishes a lone message and uses up the credit: what follows gathers.
func (lt *loopTest) gathers() string {
	time.Sleep(time.Millisecond)
	lt.soon("a", false)
	lt.loop.burst.credit = 0
	return "a"
}

// keepComing publishes n messages, one each microsecond, all within one burst.
func (lt *loopTest) keepComing(n int) string {
	for range n {
		time.Sleep(time.Microsecond)
		lt.soon("k", false)
	}
	return strings.Repeat("k", n)
}

// takes makes each send last d.
func (lt *loopTest) takes(d time.Duration) { lt.out.look = func() { time.Sleep(d) } }

// The callers send the first messages of a burst, for as long as their credit lasts.
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
		burst(time.Hour, 1+4) // credit is bounded
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

// A caller whose messages are due at even times sends them all, one by one, though now and
// then something holds one up: it wakes no goroutine, and waits for nothing.
func TestCallerThatIsHeldUpGoesOnAlone(t *testing.T) {
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

// A message that comes after a pause sends what gathers: its callers are not flat out.
// Messages that come together, or do not read the clock, are no pause.
func TestAPauseEndsABurst(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(l *Loop)
		pause   int64
	}{
		"of one":  {func(*Loop) {}, burstGap},
		"of many": {func(l *Loop) { l.burst.count = 5 }, 5 * burstGap},
		"since a send": {
			func(l *Loop) { l.burst.ended = l.clock() + 5_000 }, 5_000 + burstGap,
		},
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

// Messages that do not read the clock count as many as may have come.
func TestMessagesWithoutClockAreNoPause(t *testing.T) {
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
		lt.soon("f", false) // another window, which no message has joined yet
		time.Sleep(time.Duration(burstGap))
		lt.soon("g", false)
		lt.wantWrites(want + " fg")
		lt.close()
	})
}

// Callers that filled a batch lately are flat out: a pause ends nothing, and there is no
// credit.
func TestFlatOutCallersFillBatches(t *testing.T) {
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

// Where callers come back to a window soon, the next one wakes no goroutine. Where they do
// not, or the timer comes first, the sender is woken again.
func TestCallersComeBackToTheWindow(t *testing.T) {
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

// After many messages that joined a window, or came with one call, a crowd is expected for a
// while: what comes soon after a send gathers, whatever the credit, and for longer.
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

// After few messages that joined a window, or came with one call, no crowd is expected.
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

// The first messages of a window read the clock, and then one in as many.
func TestSomeMessagesOfAWindowReadTheClock(t *testing.T) {
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

// The larger the send before was, the longer may what follows gather.
func TestWindowGrowsWithTheSendBefore(t *testing.T) {
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

// Callers that filled a batch lately are left to fill the next one, though something held
// them up and a part of one was sent between. Others wait no longer than the window.
func TestCallersThatFilledABatchFillTheNext(t *testing.T) {
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
