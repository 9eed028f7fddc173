package subscriber_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// A range ends with its context, and with Close from any goroutine.
func TestMessagesEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{}, 1)
		defer s.Close()
		sub := s.Subscriber(s.Host(10), subscriber.Config{})

		minute, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		start := time.Now()
		for ev := range sub.Messages(minute) {
			t.Errorf("%+v", ev)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("the range ended after %v", took)
		}
		if err := sub.Err(); err != context.DeadlineExceeded {
			t.Errorf("Err returned %v", err)
		}

		p := s.Publisher(publisher.Config{})
		publish(t, p, 0, 100)
		time.Sleep(time.Second) // until all are received
		n := 0
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for ev := range sub.Messages(ctx) {
			if ev.Kind == subscriber.Message {
				n++
			}
			if n == 10 {
				cancel()
			}
		}
		if n != 10 || sub.Err() != context.Canceled {
			t.Errorf("%d messages came, and the context ended after 10; Err returned %v",
				n, sub.Err())
		}

		for ev := range sub.Messages(t.Context()) {
			if ev.Kind == subscriber.Message {
				if string(ev.Payload) != text(n) {
					t.Errorf("message %d differs", n)
				}
				n++
			}
			if n == 20 {
				closeAll(t, sub) // within the range, which goes on with the received messages
			}
		}
		if n != 100 || sub.Err() != subscriber.ErrClosed {
			t.Errorf("%d messages came, and Err returned %v", n, sub.Err())
		}
		if st := sub.Sessions()[0]; st.Delivered != 100 || st.NextOffset != 100 {
			t.Errorf("%+v", st)
		}

		sub = s.Subscriber(s.Host(10), subscriber.Config{})
		ended := make(chan struct{})
		go func() {
			for range sub.Messages(t.Context()) {
			}
			close(ended)
		}()
		synctest.Wait() // until the range waits
		closeAll(t, sub)
		<-ended
		closeAll(t, p)
	})
}

// Messages that aren't taken fill the buffer up to its bound. Those without room are
// requested once there is room.
func TestMessagesNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, nearLink, 1)
		defer s.Close()
		sub := s.Subscriber(s.Host(10),
			subscriber.Config{Memory: subscriber.Memory{Buffer: 64 << 10}})
		p := s.Publisher(publisher.Config{})
		const count = 1000
		publish(t, p, 0, count)
		time.Sleep(time.Second)
		st := sub.Sessions()[0]
		if st.BufferedBytes > 70<<10 || st.NoRoom == 0 || st.NextOffset != count ||
			st.Lag != count {
			t.Errorf("%+v", st)
		}
		go p.Close()
		if got := checked(t, sub, 1); got[p.Session()] != count {
			t.Errorf("%v of %d messages came", got, count)
		}
		closeAll(t, sub)
		closeAll(t, p)
	})
}

// Mistakes that would race are refused and logged.
func TestOnlyOneRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{}, 1)
		defer s.Close()
		var logged bytes.Buffer
		s.Log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelError}))
		handled := s.Subscriber(s.Host(10), subscriber.Config{Handler: func(*subscriber.Event) {}})
		for range handled.Messages(t.Context()) {
			t.Error("a range besides a Handler yielded an event")
		}
		if err := handled.Err(); err != subscriber.ErrHandler {
			t.Errorf("Err returned %v", err)
		}
		sub := s.Subscriber(s.Host(10), subscriber.Config{})
		p := s.Publisher(publisher.Config{})
		publish(t, p, 0, 1)
		for range sub.Messages(t.Context()) {
			for range sub.Messages(t.Context()) {
				t.Error("a second range yielded an event")
			}
			if err := sub.Err(); err != subscriber.ErrRanging {
				t.Errorf("Err returned %v", err)
			}
			break
		}
		for range sub.Messages(t.Context()) { // the first has ended
			break
		}
		if err := sub.Err(); err != nil {
			t.Errorf("after a range was left, Err returned %v", err)
		}
		closeAll(t, sub, handled)
		closeAll(t, p)
		for _, want := range []string{
			"Messages has no events", "two ranges over Messages at once",
		} {
			if strings.Count(logged.String(), want) != 1 {
				t.Errorf("%q was not logged once: %s", want, &logged)
			}
		}
	})
}

// The first loss is logged at once, and then a sum each second.
func TestLossesAreLoggedInSums(t *testing.T) {
	for _, handler := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := rig.NewLAN(t, nearLink, 1)
			defer s.Close()
			var text bytes.Buffer
			s.Log = slog.New(slog.NewTextHandler(&text, nil))
			host := s.Host(10)
			cfg := subscriber.Config{Recovery: subscriber.Recovery{Off: true}}
			if handler {
				cfg.Handler = func(*subscriber.Event) {}
			}
			sub := s.Subscriber(host, cfg)
			taken := make(chan struct{})
			go func() {
				defer close(taken)
				if !handler {
					for range sub.Messages(t.Context()) {
					}
				}
			}()
			s.Log = rig.Quiet
			p := s.Publisher(publisher.Config{})
			time.Sleep(10 * time.Millisecond)
			for i := range 40 { // in less than a second
				if s.Drop(host, ""); i%2 == 1 {
					s.Drop(host, "drop 1")
				}
				publish(t, p, i, i+1)
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(3 * time.Second)
			closeAll(t, sub)
			<-taken
			closeAll(t, p)
			var sums []string
			for line := range strings.Lines(text.String()) {
				if strings.Contains(line, "messages are lost") {
					sums = append(sums, line)
				}
			}
			st := sub.Sessions()[0]
			if len(sums) != 2 || st.Losses != 20 ||
				!strings.Contains(sums[1], "messages=19 reports=19 ") ||
				!strings.Contains(sums[0], "messages=1 reports=1 ") {
				t.Errorf("%d reports were logged as %q", st.Losses, sums)
			}
		})
	}
}
