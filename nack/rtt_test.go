package nack

import (
	"math"
	"testing"
	"time"
)

func TestRTT(t *testing.T) {
	var r RTT
	if r.Known() || r.Smoothed() != guessedRTT || r.Timeout() != 2*guessedRTT {
		t.Errorf("from nothing: %v, %v", r.Smoothed(), r.Timeout())
	}
	for _, d := range []time.Duration{0, -5, maxRTT + 1, math.MinInt64, math.MaxInt64} {
		r.Sample(d)
	}
	if r.Known() {
		t.Error("believed what can't be")
	}
	r.Sample(400 * us)
	if !r.Known() || r.Smoothed() != 400*us || r.Timeout() != 1200*us {
		t.Errorf("from one sample: %v, %v", r.Smoothed(), r.Timeout())
	}
	for range 100 {
		r.Sample(100 * us)
	}
	if d := r.Smoothed(); d < 100*us || d > 101*us {
		t.Errorf("after 100 samples of 100 us: %v", d)
	}
	if d := r.Timeout(); d < 200*us || d > 210*us {
		t.Errorf("after 100 samples of 100 us the timeout is %v", d)
	}
	for range 100 {
		r.Sample(1)
	}
	if r.Timeout() != minTimeout || r.Smoothed() < 1 {
		t.Errorf("after 100 samples of 1 ns: %v, %v", r.Smoothed(), r.Timeout())
	}
}

// A scheduler's pause is not the network's round trip.
func TestRTTBelievesLittleOfAnOutlier(t *testing.T) {
	var r RTT
	for range 100 {
		r.Sample(100 * us)
	}
	r.Sample(5 * time.Second)
	if d := r.Smoothed(); d > 150*us {
		t.Errorf("one sample of 5 s made it %v", d)
	}
}

// Once a backlog is over that made the first samples long, so are its consequences.
func TestRTTForgetsABacklog(t *testing.T) {
	var r RTT
	for range 3 {
		r.Sample(8 * time.Second)
	}
	for range 12 {
		r.Sample(5 * ms)
	}
	if trip, timeout := r.Smoothed(), r.Timeout(); trip > 40*ms || timeout > 120*ms {
		t.Errorf("after 12 samples of 5 ms it is %v, and the timeout %v", trip, timeout)
	}
}

func TestTime(t *testing.T) {
	for _, c := range []struct {
		t    Time
		d    time.Duration
		want Time
	}{
		{0, 5, 5}, {5, -5, 0}, {Never, 1, Never}, {Never, -1, Never}, {Never - 1, 5, Never},
		{Never - 1, math.MaxInt64, Never}, {-5, math.MaxInt64, Never - 5},
		{math.MinInt64, 5, math.MinInt64 + 5},
	} {
		if got := c.t.Add(c.d); got != c.want {
			t.Errorf("%d plus %d is %d, want %d", c.t, c.d, got, c.want)
		}
	}
	if d := Time(7).Sub(-5); d != 12 {
		t.Error(d)
	}
}

func TestBucket(t *testing.T) {
	for _, start := range []Time{0, 1 << 60, -1 << 60} {
		b := bucket{rate: 1000, burst: 100, tokens: 100}
		if at := b.ready(start, 100); at != start {
			t.Errorf("a full bucket is ready at %d", at)
		}
		b.take(100)
		at := b.ready(start, 50)
		if wait := at.Sub(start); wait != 50*ms {
			t.Errorf("50 bytes at 1,000 a second are there after %v", wait)
		}
		if b.ready(at-1, 50) != at || b.ready(at, 50) != at {
			t.Errorf("not ready when it said it would be")
		}
		if b.ready(at.Add(time.Hour), 5000) != at.Add(time.Hour) {
			t.Error("more than a burst is never ready")
		}
		b.take(5000)
		if b.tokens != 0 {
			t.Errorf("%d tokens", b.tokens)
		}
		if b.ready(at, 1) <= at { // time that goes back
			t.Error("filled by the past")
		}
	}
	b := bucket{rate: 0, burst: 100}
	if b.ready(5, 1) != Never {
		t.Error("without a rate it fills")
	}
	b = bucket{rate: math.MaxUint64, burst: math.MaxUint64}
	b.fill(0)
	if b.ready(math.MaxInt64-1, math.MaxUint64) != math.MaxInt64-1 {
		t.Error("the fastest bucket isn't full in the end")
	}
	b = bucket{rate: 1, burst: 1 << 20} // slow, but it gets there
	b.fill(0)
	if at := b.ready(0, 65507); b.ready(at, 65507) != at {
		t.Errorf("not ready at %d, as it said", at)
	}
}

// No byte is gained or lost to rounding, however small the steps.
func TestBucketRoundsNothingAway(t *testing.T) {
	b := bucket{rate: 333, burst: 1 << 30}
	b.fill(0)
	for now := Time(0); now <= Time(100*time.Second); now += 1234567 {
		b.fill(now)
	}
	b.fill(Time(100 * time.Second))
	if b.tokens != 33300 {
		t.Errorf("%d bytes in 100 s at 333 a second", b.tokens)
	}
}
