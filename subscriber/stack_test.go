package subscriber_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet"
)

// stack is a simulated LAN with a publisher's host and subscribers' hosts, on
// which the whole library runs, in the bubble's virtual time.
type stack struct {
	t   *testing.T
	lan *testnet.LAN
	pub *testnet.Host
	log *slog.Logger
}

func newStack(t *testing.T, link testnet.LinkConfig, seed uint64) *stack {
	t.Helper()
	lan, err := testnet.NewLAN(testnet.LANConfig{Seed: seed, Link: link})
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, lan: lan, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	s.pub = s.host(1)
	return s
}

func (s *stack) host(n int) *testnet.Host {
	s.t.Helper()
	h, err := s.lan.Host(fmt.Sprintf("10.77.0.%d", n))
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

func (s *stack) publisher(cfg publisher.Config) *publisher.Publisher {
	s.t.Helper()
	cfg.Network, cfg.Interface, cfg.Logger = s.pub, "eth0", s.log
	cfg.ResendBuffer = 4 << 20
	p, err := publisher.New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *stack) subscriber(host *testnet.Host, cfg subscriber.Config) *subscriber.Subscriber {
	s.t.Helper()
	cfg.Network, cfg.Interface, cfg.Logger = host, "eth0", s.log
	sub, err := subscriber.New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return sub
}

func (s *stack) close() {
	if err := s.lan.Close(); err != nil {
		s.t.Error(err)
	}
}

func text(i int) string { return fmt.Sprintf("message %d %s", i, make([]byte, i*37%3000)) }

// collect takes events until the session ends, and holds them against the
// messages 0 to count-1. Losses are allowed only where lossy is set.
func collect(sub *subscriber.Subscriber, count int, lossy bool) (kinds []subscriber.Kind, err error) {
	next := uint64(0)
	for ev := range sub.Messages(context.Background()) {
		switch ev.Kind {
		case subscriber.Message:
			if ev.Offset != next || string(ev.Payload) != text(int(next)) {
				return kinds, fmt.Errorf("offset %d came where %d should, or differs", ev.Offset, next)
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
		s := newStack(t, testnet.LinkConfig{
			Loss:  testnet.Bernoulli{P: 0.05},
			Delay: testnet.UniformDelay{Min: 50 * time.Microsecond, Max: 150 * time.Microsecond},
		}, 3)
		defer s.close()
		const count = 500
		results := make(chan error)
		for i := range 3 {
			sub := s.subscriber(s.host(10+i), subscriber.Config{})
			go func() {
				_, err := collect(sub, count, false)
				sub.Close()
				results <- err
			}()
		}
		p := s.publisher(publisher.Config{})
		for i := range count {
			if _, err := p.Publish(context.Background(), []byte(text(i))); err != nil {
				t.Fatal(err)
			}
			if i%50 == 0 {
				time.Sleep(time.Millisecond) // virtual
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
			t.Errorf("nothing was repaired: %+v", st)
		}
	})
}

func TestHandlerGetsEachMessageOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStack(t, testnet.LinkConfig{Loss: testnet.Bernoulli{P: 0.1}, Delay: testnet.FixedDelay(100 * time.Microsecond)}, 8)
		defer s.close()
		const count = 300
		next := uint64(0)
		ended := make(chan struct{})
		sub := s.subscriber(s.host(10), subscriber.Config{Handler: func(ev *subscriber.Event) {
			switch ev.Kind {
			case subscriber.Message:
				if ev.Offset != next || string(ev.Payload) != text(int(next)) {
					t.Errorf("offset %d came where %d should, or differs", ev.Offset, next)
				}
				next++
			case subscriber.Loss:
				t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
			case subscriber.SessionEnded:
				close(ended)
			}
		}})
		p := s.publisher(publisher.Config{})
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

// A publisher that is cut off falls silent in the stated time, and resumes.
func TestSilenceAndResumption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStack(t, testnet.LinkConfig{Delay: testnet.FixedDelay(100 * time.Microsecond)}, 1)
		defer s.close()
		host := s.host(10)
		sub := s.subscriber(host, subscriber.Config{})
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
		p := s.publisher(publisher.Config{})
		publish := func(from, to int) {
			for i := from; i < to; i++ {
				if _, err := p.Publish(context.Background(), []byte(text(i))); err != nil {
					t.Fatal(err)
				}
			}
		}
		publish(0, 10)
		time.Sleep(100 * time.Millisecond)
		s.lan.Link(s.pub, host).SetDown(true)
		time.Sleep(3 * time.Second)
		s.lan.Link(s.pub, host).SetDown(false)
		publish(10, 20)
		p.Close()
		r := <-done
		want := []subscriber.Kind{subscriber.SessionNew, subscriber.SessionSilent, subscriber.SessionResumed, subscriber.SessionEnded}
		if r.err != nil || !slices.Equal(r.kinds, want) {
			t.Errorf("%v, %v; want %v", r.kinds, r.err, want)
		}
	})
}

// Messages can be left and taken up again; what was not taken waits.
func TestMessagesCanBeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStack(t, testnet.LinkConfig{Delay: testnet.FixedDelay(time.Millisecond)}, 1)
		defer s.close()
		sub := s.subscriber(s.host(10), subscriber.Config{})
		p := s.publisher(publisher.Config{})
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

// Close of a subscriber in mid-stream names what is missing.
func TestCloseNamesWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStack(t, testnet.LinkConfig{Delay: testnet.FixedDelay(10 * time.Millisecond)}, 1)
		defer s.close()
		host := s.host(10)
		script, err := testnet.ParseScript("drop 6") // SESSION and HEARTBEAT come first
		if err != nil {
			t.Fatal(err)
		}
		if err := s.lan.Link(s.pub, host).SetLoss(script); err != nil {
			t.Fatal(err)
		}
		sub := s.subscriber(host, subscriber.Config{})
		p := s.publisher(publisher.Config{})
		for i := range 10 {
			if _, err := p.Publish(context.Background(), []byte(text(i))); err != nil {
				t.Fatal(err)
			}
			if err := p.Flush(context.Background()); err != nil { // a datagram each
				t.Fatal(err)
			}
		}
		time.Sleep(15 * time.Millisecond) // they came, the repair didn't yet
		sub.Close()
		var delivered, lost uint64
		for ev := range sub.Messages(context.Background()) {
			switch ev.Kind {
			case subscriber.Message:
				delivered++
			case subscriber.Loss:
				lost += ev.Lost.Len()
				if ev.Cause != subscriber.CauseClosed {
					t.Errorf("lost by %v", ev.Cause)
				}
			}
		}
		if delivered+lost != 10 || lost == 0 {
			t.Errorf("%d delivered, %d lost, of 10", delivered, lost)
		}
		p.Close()
	})
}
