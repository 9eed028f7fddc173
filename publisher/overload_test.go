package publisher_test

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet"
)

// lan is a simulated LAN with a publisher and a subscriber on it.
type lan struct {
	*testing.T
	net *testnet.LAN
	pub *publisher.Publisher
	sub *subscriber.Subscriber
}

var lanGroup = netip.MustParseAddrPort("239.77.1.10:17910")

// newLAN starts both; the subscriber holds a little, and what it is told is taken only
// by take.
func newLAN(t *testing.T, cfg publisher.Config) *lan {
	t.Helper()
	net, err := testnet.NewLAN(testnet.LANConfig{Seed: 1, Link: testnet.LinkConfig{Delay: testnet.FixedDelay(100 * time.Microsecond)}})
	if err != nil {
		t.Fatal(err)
	}
	l := &lan{T: t, net: net}
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	l.sub, err = subscriber.New(subscriber.Config{
		Groups: []netip.AddrPort{lanGroup}, Interface: "eth0", Network: l.host(2), Name: "slow", Buffer: 64 << 10, Logger: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Group, cfg.Interface, cfg.Network = lanGroup, "eth0", l.host(1)
	cfg.Pace = publisher.Pace{Kind: publisher.PaceSlowest}
	if cfg.Logger == nil {
		cfg.Logger = quiet
	}
	if l.pub, err = publisher.New(cfg); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lan) host(n int) *testnet.Host {
	l.Helper()
	h, err := l.net.Host(fmt.Sprintf("10.77.0.%d", n))
	if err != nil {
		l.Fatal(err)
	}
	return h
}

// message is the i-th, a frame each.
func message(i int) []byte { return fmt.Appendf(nil, "%01300d", i) }

// take takes the messages 0 to n-1, and returns how many of them are lost, by cause.
func (l *lan) take(n int) map[subscriber.Cause]uint64 {
	l.Helper()
	next, lost := uint64(0), make(map[subscriber.Cause]uint64)
	for ev := range l.sub.Messages(l.Context()) {
		switch ev.Kind {
		case subscriber.Message:
			if ev.Offset != next || string(ev.Payload) != string(message(int(next))) {
				l.Fatalf("offset %d came where %d should, or another message", ev.Offset, next)
			}
			next++
		case subscriber.Loss:
			if ev.Lost.From != next {
				l.Fatalf("%v are lost where %d should come", ev.Lost, next)
			}
			lost[ev.Cause] += ev.Lost.Len()
			next = ev.Lost.To
		}
		if next == uint64(n) || ev.Kind == subscriber.SessionEnded {
			break
		}
	}
	if next != uint64(n) {
		l.Errorf("%d of %d messages are accounted for", next, n)
	}
	return lost
}

func (l *lan) close() {
	l.Helper()
	if err := l.sub.Close(); err != nil {
		l.Error(err)
	}
	if err := l.pub.Close(); err != nil {
		l.Error(err)
	}
}

// What is told of subscribers may be answered by publishing: more than fits in memory,
// so that the disk has to write meanwhile.
func TestOnSubscriberMayPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 1500
		published := make(chan error, 1)
		ready := make(chan *publisher.Publisher, 1)
		l := newLAN(t, publisher.Config{
			ResendBuffer: 256 << 10, Disk: 8 << 20, DiskDir: t.TempDir(),
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
		ready <- l.pub
		if err := <-published; err != nil {
			t.Fatal(err)
		}
		if lost := l.take(count); len(lost) > 0 {
			t.Errorf("lost %v", lost)
		}
		if st := l.pub.Stats(); st.DiskWritten == 0 {
			t.Errorf("nothing went to disk: %+v", st.SenderStats)
		}
		l.close()
	})
}

// It may close the Publisher, too, also while another goroutine does. Nothing of it is
// left then, and it isn't called any more.
func TestOnSubscriberMayClose(t *testing.T) {
	for _, both := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ready, closed := make(chan *publisher.Publisher, 1), make(chan error, 2)
			calls, closers := 0, 1
			l := newLAN(t, publisher.Config{DiskDir: t.TempDir(), Disk: 1 << 20, OnSubscriber: func(publisher.SubscriberEvent) {
				calls++
				p := <-ready
				closed <- p.Close()
			}})
			if both {
				closers++
				go func() { closed <- l.pub.Close() }()
			}
			ready <- l.pub
			for range closers {
				if err := <-closed; err != nil {
					t.Error(err)
				}
			}
			if _, err := l.pub.TryPublish(nil); err != publisher.ErrClosed {
				t.Errorf("TryPublish: %v", err)
			}
			l.close()
			synctest.Wait()
			if calls > 1 {
				t.Errorf("it was called %d times", calls)
			}
			buf := make([]byte, 1<<20)
			if stacks := string(buf[:runtime.Stack(buf, true)]); strings.Contains(stacks, "publisher.(*Publisher).run") {
				t.Errorf("a goroutine is left:\n%s", stacks)
			}
		})
	}
}
