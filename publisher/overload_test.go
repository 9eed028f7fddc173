package publisher_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// pair is a publisher and a slow subscriber whose pace counts, on a simulated LAN. The
// subscriber's application takes messages only in take, and its window is small.
type pair struct {
	*testing.T
	lan *rig.LAN
	pub *publisher.Publisher
	sub *subscriber.Subscriber
	log logged
}

// logged collects the log.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// count returns the number of logged lines that contain words.
func (l *logged) count(words string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, words) {
			n++
		}
	}
	return n
}

func newPair(t *testing.T, cfg publisher.Config) *pair {
	t.Helper()
	lan := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(100 * time.Microsecond)}, 1)
	p := &pair{T: t, lan: lan}
	p.lan.Log = slog.New(slog.NewTextHandler(&p.log, nil))
	p.sub = p.lan.Subscriber(p.lan.Host(2),
		subscriber.Config{Name: "slow", Memory: subscriber.Memory{Buffer: 64 << 10}})
	cfg.Flow.Pace = publisher.Slowest()
	p.pub = p.lan.Publisher(cfg)
	return p
}

// message returns message i. It fills a frame.
func message(i int) []byte { return fmt.Appendf(nil, "%01300d", i) }

// take takes the messages 0 to n-1, and returns the number of lost ones by cause.
func (p *pair) take(n int) map[subscriber.Cause]uint64 {
	p.Helper()
	next, lost := uint64(0), make(map[subscriber.Cause]uint64)
	for ev := range p.sub.Messages(p.Context()) {
		switch ev.Kind {
		case subscriber.Message:
			if ev.Offset != next || string(ev.Payload) != string(message(int(next))) {
				p.Fatalf("offset %d came instead of %d, or with another payload", ev.Offset, next)
			}
			next++
		case subscriber.Loss:
			if ev.Lost.From != next {
				p.Fatalf("%v are lost, and %d should be next", ev.Lost, next)
			}
			lost[ev.Cause] += ev.Lost.Len()
			next = ev.Lost.To
		}
		if next == uint64(n) || ev.Kind == subscriber.SessionEnded {
			break
		}
	}
	if next != uint64(n) {
		p.Errorf("%d of %d messages are accounted for", next, n)
	}
	return lost
}

func (p *pair) close() {
	p.Helper()
	if err := p.sub.Close(); err != nil {
		p.Error(err)
	}
	if err := p.pub.Close(); err != nil {
		p.Error(err)
	}
	p.lan.Close()
}

// OnSubscriber may publish, even more than fits in memory, so that the disk has to write
// meanwhile.
func TestOnSubscriberMayPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 1500
		published := make(chan error, 1)
		ready := make(chan *publisher.Publisher, 1)
		s := newPair(t, publisher.Config{
			Retention: publisher.Retention{ResendBuffer: 256 << 10, Disk: 8 << 20,
				DiskDir: t.TempDir()},
			OnSubscriber: func(ev publisher.SubscriberEvent) {
				if ev.To != publisher.Counted {
					return
				}
				p := <-ready
				for i := range count {
					if _, err := p.Publish(context.Background(), message(i)); err != nil {
						published <- err
						return
					}
				}
				published <- nil
			},
		})
		ready <- s.pub
		if err := <-published; err != nil {
			t.Fatal(err)
		}
		if lost := s.take(count); len(lost) > 0 {
			t.Errorf("lost %v", lost)
		}
		if st := s.pub.Stats(); st.Disk.Written == 0 {
			t.Errorf("nothing went to disk: %+v", st.Stats)
		}
		s.close()
	})
}

// OnSubscriber may close the Publisher, even while another goroutine does. It isn't called
// again, and no goroutine is left.
func TestOnSubscriberMayClose(t *testing.T) {
	for _, both := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ready, closed := make(chan *publisher.Publisher, 1), make(chan error, 2)
			calls, closers := 0, 1
			s := newPair(t, publisher.Config{
				Retention: publisher.Retention{DiskDir: t.TempDir(), Disk: 1 << 20},
				OnSubscriber: func(publisher.SubscriberEvent) {
					calls++
					p := <-ready
					closed <- p.Close()
				},
			})
			if both {
				closers++
				go func() { closed <- s.pub.Close() }()
			}
			ready <- s.pub
			for range closers {
				if err := <-closed; err != nil {
					t.Error(err)
				}
			}
			if _, err := s.pub.TryPublish(nil); err != publisher.ErrClosed {
				t.Errorf("TryPublish: %v", err)
			}
			s.close()
			synctest.Wait()
			if calls > 1 {
				t.Errorf("OnSubscriber was called %d times", calls)
			}
			buf := make([]byte, 1<<20)
			stacks := string(buf[:runtime.Stack(buf, true)])
			if strings.Contains(stacks, "crier/publisher.(*") {
				t.Errorf("a goroutine is left:\n%s", stacks)
			}
		})
	}
}
