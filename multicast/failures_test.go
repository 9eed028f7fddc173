package multicast

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stuckLog is a log that takes a line only when lines is read.
type stuckLog struct {
	slog.Handler
	// begun has a value for each line that has come.
	begun chan struct{}
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

// The goroutine that logs a failed send holds neither the lock nor the send token: others
// publish and send while the log takes its time. Failures that follow soon are logged
// together later.
func TestAStuckLogHoldsUpNoSend(t *testing.T) {
	lt := newLoopTest(t)
	log := &stuckLog{
		Handler: slog.DiscardHandler, begun: make(chan struct{}, 2), lines: make(chan string),
	}
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
		t.Errorf("%d datagrams are to be logged later, want 1", got)
	}
	line := <-log.lines
	if !strings.Contains(line, "datagrams=2") || !strings.Contains(line, "no way") {
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

// A send that fails loses its datagrams, and is logged, but not each time.
func TestFailedSendsAreLoggedNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.run()
		lt.out.fail = errFake
		for range 10 {
			lt.change("abc")
		}
		time.Sleep(11 * time.Second)
		lt.change("abc")
		lt.out.fail = nil
		lt.out.room, lt.out.wait = 0, errFake
		time.Sleep(11 * time.Second)
		lt.change("de") // waiting for room fails as well
		synctest.Wait()
		lt.out.room = -1
		lt.change("f")
		lt.wantWrites("f")
		if lt.machine.sent != 13 {
			t.Errorf("Sent was called %d times", lt.machine.sent)
		}
		lt.close()
		text := lt.log.String()
		for _, want := range []string{"datagrams=3 ", "datagrams=30 ", "datagrams=2 "} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in %s", want, text)
			}
		}
		if n := strings.Count(text, "\n"); n != 3 {
			t.Errorf("%d lines were logged: %s", n, text)
		}
	})
}

// A socket or timer that fails for good is logged.
func TestBrokenSocketsAndTimersAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newFakeConn()
		lt := newLoopTest(t, in)
		lt.run()
		close(in.arrive)
		lt.timer.fail.Store(true)
		lt.due(time.Second)
		time.Sleep(2 * time.Second)
		lt.change("a") // the rest goes on
		lt.wantWrites("a")
		lt.close()
		for _, want := range []string{"a socket failed", "a timer failed"} {
			if strings.Count(lt.log.String(), want) != 1 {
				t.Errorf("%q was not logged once: %s", want, &lt.log)
			}
		}
	})
}
