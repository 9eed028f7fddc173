package pace

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed/feedtest"
)

var _ cli.Value = new(Speed)

func TestSpeed(t *testing.T) {
	for text, want := range map[string]string{"1": "1", "20": "20", "0.5": "0.5", "1e3": "1000",
		"max": "max"} {
		var s Speed
		if err := s.Set(text); err != nil || s.String() != want {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
	if s := (Speed{}); s.String() != "1" {
		t.Errorf("the zero speed is %v", s)
	}
	for _, text := range []string{"", "0", "-1", "fast", "inf", "NaN", "Max", "1x"} {
		s := Speed{factor: 3}
		feedtest.WantSentence(t, s.Set(text),
			"is not a speed: give a number over 0, such as 1 or 20, or max")
		if s.factor != 3 {
			t.Errorf("%q changed the value", text)
		}
	}
	for _, rate := range []float64{-1, math.NaN(), math.Inf(1)} {
		feedtest.WantSentence(t, Options{Rate: rate}.Validate(), "is not a rate")
	}
	if err := (Options{Rate: 0.1}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestDueTimes(t *testing.T) {
	const never = time.Duration(math.MaxInt64)
	for _, c := range []struct {
		opts Options
		n    uint64
		at   time.Duration
		want time.Duration
	}{
		{Options{}, 5, time.Second, time.Second},
		{Options{}, 5, never, never},
		{Options{}, 5, never - 1, never - 1}, // exactly
		{Options{}, 5, -1, 0},
		{Options{Speed: Speed{factor: 20}}, 5, time.Second, 50 * time.Millisecond},
		{Options{Speed: Speed{factor: 0.5}}, 5, time.Second, 2 * time.Second},
		{Options{Speed: Speed{factor: 1e-9}}, 5, time.Hour, never},
		{Options{Speed: Speed{max: true}}, 5, time.Hour, 0},
		{Options{Rate: 1000}, 0, time.Hour, 0},
		{Options{Rate: 1000}, 5, time.Hour, 5 * time.Millisecond},
		{Options{Rate: 1000}, 5, -1, 5 * time.Millisecond},
		{Options{Rate: 3}, 3e9, -1, 1e9 * time.Second}, // no error adds up
		{Options{Rate: 1e-9}, math.MaxUint64, -1, never},
	} {
		p := New(c.opts, nil)
		p.n = c.n
		if got := p.due(c.at); got != c.want {
			t.Errorf("%+v: message %d at %v is due at %v, want %v", c.opts, c.n, c.at, got, c.want)
		}
	}
}

// bubbleTimer is an exact timer in a synctest bubble. It counts its waits, and
// is too early by turns.
type bubbleTimer struct {
	d       time.Duration
	sets    int
	longest time.Duration
	closed  error
}

func (b *bubbleTimer) Set(d time.Duration) {
	b.d, b.longest = d, max(b.longest, d)
	b.sets++
}

func (b *bubbleTimer) Wait() error {
	if b.closed != nil {
		return b.closed
	}
	if b.sets%3 == 0 {
		b.d /= 2 // as one is that was set before and fires now
	}
	time.Sleep(max(b.d, 1))
	return nil
}

func TestPacerKeepsTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fine bubbleTimer
		p := New(Options{Speed: Speed{factor: 2}}, &fine)
		// opening the feed takes time: the first message begins the schedule
		time.Sleep(time.Second)
		begun := time.Now()
		for _, at := range []time.Duration{0, 0, 100 * time.Microsecond, 150 * time.Microsecond,
			4 * time.Millisecond, 4001 * time.Microsecond, time.Second, 898 * time.Second} {
			if err := p.Wait(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(begun); got < at/2 || got >= at/2+shortestWait {
				t.Errorf("a message of %v was let through at %v, want %v", at, got, at/2)
			}
		}
		if fine.longest > coarseWait || fine.sets == 0 {
			t.Errorf("the fine timer was set %d times, for up to %v", fine.sets, fine.longest)
		}
		if p.Worst() >= shortestWait {
			t.Errorf("late by %v", p.Worst())
		}
	})
}

// A fast feed is waited for a few messages at a time.
func TestPacerOfAFastFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fine bubbleTimer
		p := New(Options{Rate: 1e6}, &fine)
		begun := time.Now()
		for range 10001 {
			if err := p.Wait(t.Context(), -1); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(begun); got != 10*time.Millisecond || p.Worst() > shortestWait ||
			fine.sets > 300 {
			t.Errorf("10,000 messages at 1 a microsecond: %v, up to %v late, %d waits", got,
				p.Worst(), fine.sets)
		}
	})
}

// A message that is held up shifts no other: those that are due by then go at
// once, and the schedule is met again.
func TestLateMessageShiftsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{Rate: 1000}, &bubbleTimer{})
		begun := time.Now()
		for i := range 20 {
			if err := p.Wait(t.Context(), -1); err != nil {
				t.Fatal(err)
			}
			want := time.Duration(i) * time.Millisecond
			if i > 3 && i <= 10 {
				want = 10500 * time.Microsecond
			}
			if got := time.Since(begun); got != want {
				t.Errorf("message %d was let through at %v, want %v", i, got, want)
			}
			if i == 3 {
				time.Sleep(7500 * time.Microsecond) // sending it takes that long
			}
		}
		if want := 6500 * time.Microsecond; p.Worst() != want {
			t.Errorf("late by %v, want %v", p.Worst(), want)
		}
	})
}

func TestPacerWithoutAFineTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{}, nil)
		begun := time.Now()
		for _, at := range []time.Duration{0, 100 * time.Microsecond, time.Second} {
			if err := p.Wait(t.Context(), at); err != nil || time.Since(begun) != at {
				t.Errorf("%v at %v, %v", at, time.Since(begun), err)
			}
		}
	})
}

func TestPacerNeverWaitsAtFullSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{Speed: Speed{max: true}}, &bubbleTimer{})
		begun := time.Now()
		for i := range 1000 {
			if err := p.Wait(t.Context(), time.Duration(i)*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(begun); got != 0 {
			t.Errorf("it waited %v", got)
		}
	})
}

func TestPacerIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fine := range []Timer{nil, &bubbleTimer{}} {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			p := New(Options{}, fine)
			begun := time.Now()
			if err := p.Wait(ctx, 0); err != nil {
				t.Fatal(err)
			}
			if err := p.Wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if got := time.Since(begun); got != 3*time.Second {
				t.Errorf("cancelled after %v", got)
			}
			// Also where nothing is waited for.
			if err := p.Wait(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
		}
	})
}

func TestPacerSaysThatItsTimerFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("closed")
		p := New(Options{}, &bubbleTimer{closed: broken})
		if err := p.Wait(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(t.Context(), time.Hour); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPacerMakesNoGarbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		for _, fine := range []Timer{nil, &bubbleTimer{}} {
			p := New(Options{Rate: 100}, fine)
			p.Wait(ctx, 0)
			p.Wait(ctx, 0)
			if n := testing.AllocsPerRun(100, func() { p.Wait(ctx, 0) }); n != 0 {
				t.Errorf("wait allocates %v times", n)
			}
		}
	})
}
