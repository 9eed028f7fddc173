package bench

import (
	"path/filepath"
	"testing"
	"time"
)

// testTimer runs what it is told instead of waiting.
type testTimer struct {
	waits int
	then  func(waits int)
}

func (t *testTimer) Set(time.Duration) {}
func (t *testTimer) Wait() error {
	t.waits++
	t.then(t.waits)
	return nil
}
func (t *testTimer) Close() error { return nil }

// A publisher gets ahead of its slowest subscriber by a window, and no further.
func TestWindow(t *testing.T) {
	p, err := openProgress(filepath.Join(t.TempDir(), "progress"), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	timer := &testTimer{}
	w := &window{progress: p, writer: 1, size: 100, timer: timer}
	never := time.Now().Add(time.Hour)
	if n := w.room(0, never); n != 100 {
		t.Errorf("room for %d at first", n)
	}
	for r, n := range []uint64{90, 40, 95} {
		p.counter(1, r).set(n)
		p.counter(0, r).set(5) // another publisher's
	}
	if n := w.room(100, never); n != 40 {
		t.Errorf("room for %d after the slowest had 40", n)
	}
	// It sleeps until half of the window is free again.
	timer.then = func(n int) { p.counter(1, 1).set(40 + 10*uint64(n)) }
	if n := w.room(140, never); n != 50 || timer.waits != 5 {
		t.Errorf("room for %d after %d waits", n, timer.waits)
	}
	timer.then = func(int) {}
	if n := w.room(190, time.Now()); n != 0 {
		t.Errorf("room for %d when the time was up", n)
	}
}

// Bare datagrams that were lost don't stop the sender for good.
func TestWindowStuck(t *testing.T) {
	p, err := openProgress(filepath.Join(t.TempDir(), "progress"), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	w := &window{progress: p, size: 8, bare: true, timer: &testTimer{then: func(int) {}}}
	began := time.Now()
	if n := w.room(8, began.Add(time.Hour)); n != 8 || time.Since(began) < windowStuck {
		t.Errorf("room for %d after %v", n, time.Since(began))
	}
}

// The window stays below what the receivers' sockets hold.
func TestWindowSize(t *testing.T) {
	for _, c := range []struct {
		size, inFlight, buffer, writers int
		want                            uint64
	}{
		{64, 2 << 20, 8 << 20, 1, 31300},
		{64, 2 << 20, 208 << 10, 1, 794},   // a quarter of a small buffer
		{64, 2 << 20, 8 << 20, 4, 7825},    // shared by publishers
		{0, 32 << 20, 1 << 30, 1, 1 << 16}, // never more messages than that
		{16 << 20, 2 << 20, 8 << 20, 1, 1}, // nor fewer than a few
		{64, 64 << 10, 8 << 20, 1, 978},
		{1024, 0, 8 << 20, 1, 0}, // no window
	} {
		r := round{task: Task{Size: c.size}, writers: c.writers, inFlight: c.inFlight}
		if got := r.window([]*Ready{{ReadBuffer: 1 << 30}, {ReadBuffer: c.buffer}}); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// Subscribers count every message, and see what is out of place.
func TestSink(t *testing.T) {
	p, err := openProgress(filepath.Join(t.TempDir(), "progress"), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	s := newSink(&Task{Sessions: []uint64{7}, Index: 1, Size: 64}, p)
	f := &s.flows[0]
	for i := range uint64(128) {
		s.message(f, i, nil)
	}
	if got := p.counter(0, 1).get(); got != 128 || p.counter(0, 0).get() != 0 {
		t.Errorf("progress %d", got)
	}
	s.message(f, 128, nil)
	s.passed(f, 129, 140)
	if got := p.counter(0, 1).get(); got != 140 {
		t.Errorf("progress %d after a loss", got)
	}
	if due := s.message(f, 140, []byte{1, 2, 0, 0, 0, 0, 0, 0, 9}); due != 0x201 {
		t.Errorf("due time %#x", due)
	}
	if s.disorder != 0 {
		t.Errorf("%d out of order", s.disorder)
	}
	s.message(f, 140, nil) // again
	r := new(Result)
	s.into(r, []uint64{200})
	if r.Messages != 131 || r.Missing != 69 || r.Lost != 11 || r.Disorder != 1 {
		t.Errorf("%+v", r)
	}
}
