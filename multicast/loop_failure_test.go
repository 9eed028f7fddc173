package multicast

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// stuckLog is a log that takes a line only when it is let.
type stuckLog struct {
	slog.Handler
	begun chan struct{} // a line has come
	lines chan string
}

func (h *stuckLog) Enabled(context.Context, slog.Level) bool { return true }

func (h *stuckLog) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	h.begun <- struct{}{}
	h.lines <- line
	return nil
}

// Whoever tells of a send that failed holds neither the lock nor the send token: others
// publish and send while the log takes its time. Failures that follow soon are told
// together later.
func TestAStuckLogHoldsNobody(t *testing.T) {
	lt := newLoopTest(t)
	log := &stuckLog{Handler: slog.DiscardHandler, begun: make(chan struct{}, 2), lines: make(chan string)}
	lt.loop.cfg.Logger = slog.New(log)
	lt.out.look = nil
	lt.out.fail = errors.New("no way")
	told := make(chan struct{})
	go func() {
		defer close(told)
		lt.change("ab")
	}()
	<-log.begun
	lt.change("c")
	lt.out.mu.Lock()
	lt.out.fail = nil
	lt.out.mu.Unlock()
	lt.change("d")
	lt.wantWrites("d")
	if got := lt.failures(); got != 1 {
		t.Errorf("%d datagrams are to be told of later, want 1", got)
	}
	if line := <-log.lines; !strings.Contains(line, "datagrams=2") || !strings.Contains(line, "no way") {
		t.Errorf("the log has %q", line)
	}
	<-told
	lt.loop.Lock()
	lt.loop.failed.quiet = 0 // the interval is over
	go lt.loop.Settle()
	if line := <-log.lines; !strings.Contains(line, "datagrams=1") {
		t.Errorf("later the log has %q", line)
	}
	lt.close()
}

func (lt *loopTest) failures() int {
	lt.loop.Lock()
	defer lt.loop.Unlock()
	return lt.loop.failed.datagrams
}
