package testnet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/link"
)

// milli is a millisecond of a World's time.
const milli = reliable.Time(time.Millisecond)

// newWorld returns a World with a publisher that starts at once and n
// subscribers that listen over links of 1 milli with some loss.
func newWorld(t testing.TB, cfg WorldConfig, n int, loss link.Loss) (*World, *Publisher, []*Subscriber) {
	t.Helper()
	w := NewWorld(cfg)
	pub := addPublisher(t, w, PublisherConfig{})
	var subs []*Subscriber
	for range n {
		subs = append(subs, addSubscriber(t, w, SubscriberConfig{
			Down: link.Config{Loss: loss, Delay: link.FixedDelay(time.Millisecond)},
			Up:   link.Config{Delay: link.FixedDelay(time.Millisecond)},
		}))
	}
	return w, pub, subs
}

func addPublisher(t testing.TB, w *World, cfg PublisherConfig) *Publisher {
	t.Helper()
	p, err := w.AddPublisher(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func addSubscriber(t testing.TB, w *World, cfg SubscriberConfig) *Subscriber {
	t.Helper()
	s, err := w.AddSubscriber(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// every calls fn n times, from a time on, with a pause between.
func every(w *World, from, pause reliable.Time, n int, fn func(i int)) {
	i := 0
	var next func()
	next = func() {
		fn(i)
		if i++; i < n {
			w.At(w.Now()+pause, next)
		}
	}
	w.At(from, next)
}

func TestLostMessagesComeBack(t *testing.T) {
	w, pub, subs := newWorld(t, WorldConfig{Seed: 1}, 3, link.Bernoulli{P: 0.05})
	every(w, 0, milli, 1000, func(i int) {
		if _, err := pub.Publish(fmt.Appendf(nil, "message %d", i)); err != nil {
			t.Fatal(err)
		}
	})
	w.At(1100*milli, pub.Close)
	if err := w.Run(5000 * milli); err != nil {
		t.Fatal(err)
	}
	for _, s := range subs {
		st := s.Sessions()
		if len(st) != 1 || st[0].Delivered != 1000 || st[0].Lost != 0 || st[0].Recovered == 0 || st[0].End != reliable.EndBye {
			t.Errorf("%v: %+v", s, st)
		}
	}
}

// TestSameSeedSameBytes compares whole traces.
func TestSameSeedSameBytes(t *testing.T) {
	trace := func(seed uint64) string {
		h := sha256.New()
		w, pub, _ := newWorld(t, WorldConfig{Seed: seed, Trace: func(line string) { fmt.Fprintln(h, line) }}, 5, link.Bernoulli{P: 0.1})
		every(w, 0, milli, 300, func(i int) { pub.Publish(make([]byte, i*i%4000)) })
		if err := w.Run(3000 * milli); err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	if first, again := trace(1), trace(1); first != again {
		t.Error("two runs of one seed differ")
	}
	if trace(1) == trace(2) {
		t.Error("runs of two seeds are the same")
	}
}
