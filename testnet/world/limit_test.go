package world

import (
	"errors"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/send"
)

// A World that comes to hold more than it may stands still, and says what was too
// much: nothing is wrong with its machines.
func TestWorldLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *World, p *Publisher)
		want string
	}{
		{"messages", func(w *World, p *Publisher) {
			w.kept = maxKept - 3*(1000+keptMessage)
			for range 3 {
				p.Publish(make([]byte, 1000))
			}
			if w.Stopped() {
				t.Error("it stops too early")
			}
			p.Publish(nil)
		}, "4 GiB of messages were published"},
		{"messages of a paused process", func(w *World, p *Publisher) {
			p.Pause(time.Second)
			w.kept = maxKept
			p.Publish(nil)
		}, "4 GiB of messages were published"},
		{"events", func(w *World, _ *Publisher) {
			w.mostScheduled = 100
			for range 200 {
				w.At(w.Now().Add(time.Hour), func() {})
			}
		}, "100 datagrams, timers and events wait"},
		{"restarts", func(_ *World, p *Publisher) {
			for range maxLives {
				p.Restart()
			}
		}, "pub0 was started 1000 times"},
	} {
		w := New(Config{Seed: 1})
		p, err := w.AddPublisher(PublisherConfig{Sender: send.Config{
			Retention: send.Retention{ResendBuffer: 64 << 10}}})
		if err != nil {
			t.Fatal(err)
		}
		w.At(reliable.Time(time.Second), func() { c.do(w, p) })
		err = w.Run(reliable.Time(10 * time.Second))
		var limit *LimitError
		if !errors.As(err, &limit) || !strings.Contains(limit.What, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if w.Now() != reliable.Time(time.Second) {
			t.Errorf("%s: it went on to %v", c.name, w.Now())
		}
	}
}

// A World that is told to stop does so soon, however little time passes in it.
func TestWorldStops(t *testing.T) {
	stop := false
	w := New(Config{Seed: 1, Stop: func() bool { return stop }})
	n := 0
	var again func()
	again = func() {
		if n++; n == 1000 {
			stop = true
		}
		w.At(w.Now(), again)
	}
	w.At(0, again)
	if err := w.Run(reliable.Time(time.Second)); err != ErrStopped || n >= 1000+stopEvery {
		t.Errorf("it stopped after %d events: %v", n, err)
	}
}
