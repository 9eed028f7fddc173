package multicast

import (
	"errors"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func kernelTimer(t testing.TB) Timer {
	t.Helper()
	timer, err := Kernel.Timer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { timer.Close() })
	return timer
}

func TestTimers(t *testing.T) {
	for _, c := range []struct {
		name string
		make func() Timer
	}{
		{"kernel", func() Timer { return kernelTimer(t) }},
		{"plain", NewTimer},
	} {
		t.Run(c.name, func(t *testing.T) {
			timer := c.make()
			for _, d := range []time.Duration{
				time.Microsecond, 0, -time.Second, 3 * time.Millisecond,
			} {
				start := time.Now()
				timer.Set(d)
				if err := timer.Wait(); err != nil {
					t.Fatalf("Wait for %v: %v", d, err)
				}
				if took := time.Since(start); took < d {
					t.Errorf("woke after %v, want %v at least", took, d)
				}
			}
			// What was set before no longer counts.
			timer.Set(1<<63 - 1)
			woke := make(chan error)
			go func() { woke <- timer.Wait() }()
			timer.Set(time.Microsecond)
			if err := <-woke; err != nil {
				t.Fatal(err)
			}
			timer.Set(time.Hour)
			go func() { woke <- timer.Wait() }()
			timer.Close()
			if err := <-woke; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Wait, closed: %v", err)
			}
			timer.Set(0)
			if err := timer.Wait(); err != net.ErrClosed {
				t.Errorf("Wait after Close: %v", err)
			}
			if err := timer.Close(); err != nil {
				t.Errorf("second Close: %v", err)
			}
		})
	}
}

func TestPlainTimerInSimulatedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timer := NewTimer()
		start := time.Now()
		timer.Set(time.Hour)
		go func() {
			time.Sleep(time.Minute)
			timer.Set(50 * time.Microsecond)
		}()
		if err := timer.Wait(); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Since(start), time.Minute+50*time.Microsecond; got != want {
			t.Errorf("woke after %v, want %v", got, want)
		}
		go timer.Close()
		if err := timer.Wait(); err != net.ErrClosed {
			t.Errorf("Wait, closed: %v", err)
		}
	})
}

func TestTimerDoesNotAllocate(t *testing.T) {
	timer := kernelTimer(t)
	if got := testing.AllocsPerRun(100, func() {
		timer.Set(time.Microsecond)
		timer.Wait()
	}); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

// BenchmarkTimer shows how late a wait of 50 microseconds ends.
func BenchmarkTimer(b *testing.B) {
	for _, c := range []struct {
		name  string
		timer Timer
	}{{"kernel", kernelTimer(b)}, {"plain", NewTimer()}} {
		b.Run(c.name, func(b *testing.B) {
			const want = 50 * time.Microsecond
			var late []time.Duration
			for range b.N {
				start := time.Now()
				c.timer.Set(want)
				if err := c.timer.Wait(); err != nil {
					b.Fatal(err)
				}
				late = append(late, time.Since(start))
			}
			slices.Sort(late)
			b.ReportMetric(float64(late[len(late)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "p99-us")
		})
	}
}
