package subscriber_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// text returns the payload of message i.
func text(i int) string { return fmt.Sprintf("message %d %s", i, make([]byte, i*37%3000)) }

// collect takes events until the session ends, and compares them with the messages 0 to
// count-1. It returns the kinds of the other events. Losses are allowed only if lossy is
// set.
func collect(
	sub *subscriber.Subscriber, count int, lossy bool,
) (kinds []subscriber.Kind, err error) {
	next := uint64(0)
	for ev := range sub.Messages(context.Background()) {
		switch ev.Kind {
		case subscriber.Message:
			if ev.Offset != next || string(ev.Payload) != text(int(next)) {
				return kinds, fmt.Errorf("offset %d came instead of %d, or with another payload",
					ev.Offset, next)
			}
			next++
			continue
		case subscriber.Loss:
			if !lossy || ev.Lost.From != next {
				return kinds, fmt.Errorf("lost %v: %v, at %d", ev.Lost, ev.Cause, next)
			}
			next = ev.Lost.To
		}
		kinds = append(kinds, ev.Kind)
		if ev.Kind == subscriber.SessionEnded {
			break
		}
	}
	if next != uint64(count) {
		return kinds, fmt.Errorf("%d of %d messages are accounted for", next, count)
	}
	return kinds, nil
}

func TestWholeStackRecoversEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{
			Loss:  link.Bernoulli{P: 0.05},
			Delay: link.UniformDelay{Min: 50 * time.Microsecond, Max: 150 * time.Microsecond},
		}, 3)
		defer s.Close()
		const count = 500
		results := make(chan error)
		for i := range 3 {
			sub := s.Subscriber(s.Host(10+i), subscriber.Config{})
			go func() {
				_, err := collect(sub, count, false)
				sub.Close()
				results <- err
			}()
		}
		p := s.Publisher(publisher.Config{})
		for i := range count {
			if _, err := p.Publish(context.Background(), []byte(text(i))); err != nil {
				t.Fatal(err)
			}
			if i%50 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		for range 3 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if st := p.Stats(); st.Repairs == 0 {
			t.Errorf("no frame was repaired: %+v", st)
		}
	})
}

func TestHandlerGetsEachMessageOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, lossyLink(0.1), 8)
		defer s.Close()
		const count = 300
		next := uint64(0)
		ended := make(chan struct{})
		sub := s.Subscriber(s.Host(10), subscriber.Config{Handler: func(ev *subscriber.Event) {
			switch ev.Kind {
			case subscriber.Message:
				if ev.Offset != next || string(ev.Payload) != text(int(next)) {
					t.Errorf("offset %d came instead of %d, or with another payload",
						ev.Offset, next)
				}
				next++
			case subscriber.Loss:
				t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
			case subscriber.SessionEnded:
				close(ended)
			}
		}})
		p := s.Publisher(publisher.Config{})
		for i := range count {
			if _, err := p.Publish(context.Background(), []byte(text(i))); err != nil {
				t.Fatal(err)
			}
		}
		p.Close()
		<-ended
		sub.Close()
		if next != count {
			t.Errorf("%d of %d messages came", next, count)
		}
	})
}

// A publisher that is cut off falls silent within the stated time, and resumes later.
func TestSilenceAndResumption(t *testing.T) {
	silence(t, 0, subscriber.SessionNew, subscriber.SessionInquest, subscriber.SessionSilent,
		subscriber.SessionResumed, subscriber.SessionEnded)
}

// Without a history, nobody else is asked before.
func TestSilenceWithoutAHistory(t *testing.T) {
	silence(t, -1, subscriber.SessionNew, subscriber.SessionSilent, subscriber.SessionResumed,
		subscriber.SessionEnded)
}

func silence(t *testing.T, history int, want ...subscriber.Kind) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, nearLink, 1)
		defer s.Close()
		host := s.Host(10)
		var log bytes.Buffer
		s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		sub := s.Subscriber(host, subscriber.Config{History: history})
		type result struct {
			kinds []subscriber.Kind
			err   error
		}
		done := make(chan result)
		go func() {
			kinds, err := collect(sub, 20, true)
			sub.Close()
			done <- result{kinds, err}
		}()
		p := s.Publisher(publisher.Config{})
		publish := func(from, to int) {
			for i := from; i < to; i++ {
				if _, err := p.Publish(context.Background(), []byte(text(i))); err != nil {
					t.Fatal(err)
				}
			}
		}
		publish(0, 10)
		time.Sleep(100 * time.Millisecond)
		s.Way(host).SetDown(true)
		time.Sleep(3 * time.Second)
		s.Way(host).SetDown(false)
		publish(10, 20)
		p.Close()
		r := <-done
		if r.err != nil || !slices.Equal(r.kinds, want) {
			t.Errorf("%v, %v; want %v", r.kinds, r.err, want)
		}
		text := log.String()
		if !strings.Contains(text, "is silent") || !strings.Contains(text, "is heard again") {
			t.Errorf("at level warn, the log doesn't report both silence and resumption: %s", text)
		}
	})
}

// A range can be left and another one started. Messages that weren't taken wait.
func TestMessagesCanBeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(time.Millisecond)}, 1)
		defer s.Close()
		sub := s.Subscriber(s.Host(10), subscriber.Config{})
		p := s.Publisher(publisher.Config{})
		const count = 200
		for i := range count {
			if _, err := p.Publish(context.Background(), []byte(text(i))); err != nil {
				t.Fatal(err)
			}
		}
		next := 0
		for next < count {
			for ev := range sub.Messages(context.Background()) {
				if ev.Kind == subscriber.Message {
					if string(ev.Payload) != text(next) {
						t.Fatalf("message %d differs", next)
					}
					next++
					break
				}
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for range sub.Messages(ctx) {
			t.Fatal("an event after the context ended")
		}
		p.Close()
		sub.Close()
		for ev := range sub.Messages(context.Background()) {
			if ev.Kind == subscriber.Message {
				t.Fatalf("message %d again", ev.Offset)
			}
		}
	})
}

// Closing a subscriber in mid-stream reports the missing messages.
func TestCloseReportsMissingMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(10 * time.Millisecond)}, 1)
		defer s.Close()
		host := s.Host(10)
		s.Drop(host, "drop 6") // SESSION and HEARTBEAT come first
		sub := s.Subscriber(host, subscriber.Config{})
		p := s.Publisher(publisher.Config{})
		for i := range 10 {
			if _, err := p.Publish(context.Background(), []byte(text(i))); err != nil {
				t.Fatal(err)
			}
			if err := p.Flush(context.Background()); err != nil { // one datagram each
				t.Fatal(err)
			}
		}
		time.Sleep(15 * time.Millisecond) // until all are received, but not the repair
		sub.Close()
		var delivered, lost uint64
		for ev := range sub.Messages(context.Background()) {
			switch ev.Kind {
			case subscriber.Message:
				delivered++
			case subscriber.Loss:
				lost += ev.Lost.Len()
				if ev.Cause != subscriber.CauseClosed {
					t.Errorf("lost with cause %v", ev.Cause)
				}
			}
		}
		if delivered+lost != 10 || lost == 0 {
			t.Errorf("%d delivered, %d lost, of 10", delivered, lost)
		}
		p.Close()
	})
}
