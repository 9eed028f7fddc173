package link

import (
	"testing"
	"time"
)

func TestRateSpacesDatagrams(t *testing.T) {
	// 1,250 bytes at 10 Mbit/s leave in 1 ms.
	l := mustLink(t, Config{Rate: 10_000_000, Queue: 10_000, Delay: FixedDelay(5 * ms)}, 1)
	for i := range int64(4) {
		out := l.Send(0, 1250)
		if at := out.Arrivals()[0].At; at != (i+1)*ms+5*ms {
			t.Errorf("datagram %d of a burst arrives at %v", i+1, time.Duration(at))
		}
	}
	out := l.Send(100*ms, 1250) // the link is idle again
	if at := out.Arrivals()[0].At; at != 106*ms {
		t.Errorf("a datagram on an idle link arrives at %v, not 106ms", time.Duration(at))
	}
}

func TestRateLosesNoFractions(t *testing.T) {
	// 1,000 bytes at 7 Gbit/s take 1142.857... ns; 100,000 of them 114285714 ns.
	l := mustLink(t, Config{Rate: 7_000_000_000, Queue: MaxQueue}, 1)
	var last int64
	for range 100_000 {
		out := l.Send(0, 1000)
		last = out.Arrivals()[0].At
	}
	if last != 114_285_714 {
		t.Errorf("the last of 100000 leaves at %d ns, not 114285714", last)
	}
}

func TestQueueDropsTheTail(t *testing.T) {
	// 1,000 bytes take 1 ms; 3,000 bytes may wait or be leaving.
	l := mustLink(t, Config{Rate: 8_000_000, Queue: 3000}, 1)
	send := func(now int64, want DropReason) {
		t.Helper()
		if out := l.Send(now, 1000); out.Drop != want {
			t.Errorf("at %v: %v, not %v", time.Duration(now), out.Drop, want)
		}
	}
	for range 3 {
		send(0, NotDropped)
	}
	send(0, DropQueue)
	send(ms-1, DropQueue) // a bit of the first is still leaving
	send(ms, NotDropped)
	send(ms, DropQueue)
	send(100*ms, NotDropped)
	if s := l.Stats(); s.QueueDrops != 3 || s.Delivered != 5 || s.Sent != 8 {
		t.Errorf("counted %+v", s)
	}

	// One that is larger than the queue passes when nothing waits, or a small
	// queue would cut the link for good.
	small := mustLink(t, Config{Rate: 8_000_000, Queue: 10}, 1)
	if out := small.Send(0, 1000); out.Drop != NotDropped {
		t.Errorf("an idle link dropped a datagram larger than its queue: %v", out.Drop)
	}
	if out := small.Send(0, 1); out.Drop != DropQueue {
		t.Errorf("a queue of 10 bytes took another: %v", out.Drop)
	}
}

func TestThroughputUnderOverloadIsTheRate(t *testing.T) {
	// Twice the rate for 10 seconds: half is dropped, the delay is the queue's.
	l := mustLink(t, Config{Rate: 80_000_000, Queue: 100_000}, 1)
	var longest int64
	const n = 200_000
	for i := range int64(n) {
		now := i * 50_000
		out := l.Send(now, 1000)
		for _, a := range out.Arrivals() {
			longest = max(longest, a.At-now)
		}
	}
	// 10 s at 80 Mbit/s are 100,000 datagrams; the queue holds 100 more.
	if d := l.Stats().Delivered; d < 100_000 || d > 100_100 {
		t.Errorf("%d datagrams got through, not 100000 to 100100", d)
	}
	if longest > 10*ms || longest < 9*ms {
		t.Errorf("the longest wait was %v, not the 10ms that the queue takes to empty",
			time.Duration(longest))
	}
}

func TestLostDatagramsUseTheRate(t *testing.T) {
	l := mustLink(t, Config{Rate: 8_000_000, Loss: mustScript(t, "drop 1")}, 1)
	l.Send(0, 1000)
	out := l.Send(0, 1000)
	if at := out.Arrivals()[0].At; at != 2*ms {
		t.Errorf("the datagram after a lost one arrives at %v, not 2ms", time.Duration(at))
	}
}

func TestRateCanChangeWhileDatagramsWait(t *testing.T) {
	slow := Config{Rate: 1000, Queue: 100_000}
	l := mustLink(t, slow, 1)
	for range 10 {
		l.Send(0, 1000) // 8 s each
	}
	if err := l.Reconfigure(Config{Rate: MaxRate}); err != nil {
		t.Fatal(err)
	}
	// What waits leaves when it was said to, and fills the queue until then.
	if out := l.Send(1, 1000); out.Drop != DropQueue {
		t.Errorf("%v, not a full queue", out.Drop)
	}
	out := l.Send(80*int64(time.Second), 1000)
	if at := out.Arrivals()[0].At; at != 80*int64(time.Second)+8 {
		t.Errorf("arrives at %d", at)
	}
}
