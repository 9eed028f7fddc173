package multicast

import (
	"testing"
	"testing/synctest"
	"time"
)

// spread has what gathers be spread over so many batches; worth says that they have the worth of
// one together.
func (lt *loopTest) spread(batches int, worth bool) {
	lt.loop.cfg.Spread = func() (int, bool) { return batches, worth }
}

// What is spread over several batches gathers for as many windows. Where callers are so quick that
// a batch's worth comes at once, it gathers until they have filled them.
func TestWhatIsSpreadGathersForLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.spread(3, false)
		lt.soon("b", false)
		window := int(windowBase+windowPerDatagram) / 1000
		more := lt.keepComing(3*window - 1)
		lt.wantWrites(want)
		want += " b" + more + lt.keepComing(1)
		lt.wantWrites(want)

		lt.spread(16, true)
		lt.loop.burst.credit = 0
		lt.soon("c", false)
		most := int(spreadMax) / 1000
		more = lt.keepComing(most - 1)
		lt.wantWrites(want)
		want += " c" + more + lt.keepComing(1)
		lt.wantWrites(want)
		lt.close()
	})
}

// A batch's worth that comes slowly makes no window longer.
func TestWhatIsSpreadAndComesSlowlyIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.spread(16, false)
		lt.loop.burst.window = windowCrowd
		lt.soon("b", false)
		more := lt.keepComing(int(guardMax) / 1000)
		lt.spread(16, true)
		lt.loop.burst.window = windowCrowd
		more += lt.keepComing(int(16*windowCrowd-guardMax)/1000 - 1)
		lt.wantWrites(want)
		lt.wantWrites(want + " b" + more + lt.keepComing(1))
		lt.close()
	})
}

// A long window isn't ended by what holds up a crowd for a moment.
func TestACrowdFillsWhatIsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		want := lt.gathers()
		lt.spread(16, true)
		lt.soon("b", false)
		lt.loop.burst.joined = clockSamples + 1
		more := lt.keepComing(int(forecast+guardMax) / 1000)
		time.Sleep(time.Duration(crowdFor) - 1)
		lt.soon("c", false)
		lt.wantWrites(want)
		time.Sleep(time.Duration(crowdFor))
		lt.soon("d", false)
		lt.wantWrites(want + " b" + more + "cd")
		lt.close()
	})
}

// Once callers come no more, the timer sends what is spread, however long the window is.
func TestTheTimerSendsWhatCallersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		fires := func() {
			lt.loop.Lock()
			lt.loop.due()
		}
		want := lt.gathers()
		lt.spread(16, true)
		lt.loop.burst.hot = true // no other goroutine is woken
		lt.soon("b", false)
		more := lt.keepComing(int(2*guardMin) / 1000)
		fires()
		more += lt.keepComing(int(guardMax) / 1000)
		fires()
		lt.wantWrites(want)
		time.Sleep(time.Duration(guardMax))
		fires()
		lt.wantWrites(want + " b" + more)
		lt.close()
	})
}

// The sender that was woken leaves to callers what they are about to fill.
func TestTheSenderLeavesWhatFills(t *testing.T) {
	for name, test := range map[string]struct {
		batches int
		worth   bool
		left    bool
	}{
		"spread and quick": {16, true, true},
		"spread":           {16, false, false},
		"quick":            {1, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lt := newLoopTest(t)
				want := lt.gathers()
				lt.soon("b", false)
				lt.spread(test.batches, test.worth)
				<-lt.loop.kick
				lt.loop.Lock()
				lt.loop.serve()
				lt.loop.finish()
				if !test.left {
					want += " b"
				}
				lt.wantWrites(want)
				lt.close()
			})
		})
	}
}
