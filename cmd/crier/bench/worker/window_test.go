package worker

import (
	"path/filepath"
	"testing"
	"time"

	"crier/cmd/crier/bench/job"
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
	p, err := job.OpenProgress(filepath.Join(t.TempDir(), "progress"), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	timer := &testTimer{}
	w := &window{progress: p, writer: 1, size: 100, timer: timer}
	never := time.Now().Add(time.Hour)
	if n := w.room(0, never); n != 100 {
		t.Errorf("room for %d at first", n)
	}
	for r, n := range []uint64{90, 40, 95} {
		p.Counter(1, r).Set(n)
		p.Counter(0, r).Set(5) // another publisher's
	}
	if n := w.room(100, never); n != 40 {
		t.Errorf("room for %d after the slowest had 40", n)
	}
	// It sleeps until half of the window is free again.
	timer.then = func(n int) { p.Counter(1, 1).Set(40 + 10*uint64(n)) }
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
	p, err := job.OpenProgress(filepath.Join(t.TempDir(), "progress"), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	w := &window{progress: p, size: 8, bare: true, timer: &testTimer{then: func(int) {}}}
	began := time.Now()
	if n := w.room(8, began.Add(time.Hour)); n != 8 || time.Since(began) < windowStuck {
		t.Errorf("room for %d after %v", n, time.Since(began))
	}
}

// Subscribers count every message, and see what is out of place.
func TestSink(t *testing.T) {
	p, err := job.OpenProgress(filepath.Join(t.TempDir(), "progress"), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s := newSink(&job.Task{Sessions: []uint64{7}, Index: 1, Size: 64}, p)
	f := &s.flows[0]
	for i := range uint64(128) {
		s.message(f, i, nil)
	}
	if got := p.Counter(0, 1).Get(); got != 128 || p.Counter(0, 0).Get() != 0 {
		t.Errorf("progress %d", got)
	}
	s.message(f, 128, nil)
	s.passed(f, 129, 140)
	if got := p.Counter(0, 1).Get(); got != 140 {
		t.Errorf("progress %d after a loss", got)
	}
	if due := s.message(f, 140, []byte{1, 2, 0, 0, 0, 0, 0, 0, 9}); due != 0x201 {
		t.Errorf("due time %#x", due)
	}
	if s.disorder != 0 {
		t.Errorf("%d out of order", s.disorder)
	}
	s.message(f, 140, nil) // again
	r := new(job.Result)
	s.into(r, []uint64{200})
	if r.Messages != 131 || r.Missing != 69 || r.Lost != 11 || r.Disorder != 1 {
		t.Errorf("%+v", r)
	}
}
