package subscriber_test

import (
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
)

// A Handler or OnLag that ends its goroutine, as a test's FailNow does, closes the
// Subscriber. The log says so, and the publisher doesn't wait for the subscriber.
func TestHandlerThatEndsItsGoroutine(t *testing.T) {
	exit := func(ev *subscriber.Event) {
		if ev.Kind == subscriber.Message && ev.Offset == 10 {
			runtime.Goexit()
		}
	}
	for name, cfg := range map[string]subscriber.Config{
		"handler": {Handler: exit},
		"lag":     {WarnLag: 10, OnLag: func(subscriber.Lag, bool) { runtime.Goexit() }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := rig.NewLAN(t, nearLink, 4)
				defer s.Close()
				var said strings.Builder
				s.Log = slog.New(slog.NewTextHandler(&said, nil))
				cfg.Memory.Buffer = 64 << 10
				sub := s.Subscriber(s.Host(10), cfg)
				if cfg.Handler == nil {
					go func() {
						for range sub.Messages(t.Context()) {
							time.Sleep(time.Millisecond)
						}
					}()
				}
				p := s.Publisher(publisher.Config{
					Retention: publisher.Retention{ResendBuffer: 64 << 10},
					Flow:      publisher.Flow{Pace: publisher.Slowest(), StallTimeout: time.Hour},
				})
				for range 500 { // many times the size of both buffers
					if _, err := p.Publish(t.Context(), make([]byte, 1000)); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if !strings.Contains(said.String(), "runtime.Goexit") {
					t.Errorf("the log is %q", said.String())
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				if err := sub.Close(); !errors.Is(err, subscriber.ErrGoexit) {
					t.Errorf("Close returned %v", err)
				}
			})
		})
	}
}
