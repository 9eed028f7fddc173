package subscriber_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// parts takes the events of a topic until all of its partitions have ended. It returns how
// many messages of each came, all in order and without loss.
func parts(sub *subscriber.Subscriber, partitions int) ([]int, error) {
	counts := make([]int, partitions)
	ended := 0
	for ev := range sub.Messages(context.Background()) {
		switch ev.Kind {
		case subscriber.Message:
			if want := fmt.Sprintf("%d %d", ev.Partition, counts[ev.Partition]); want !=
				string(ev.Payload) {
				return counts, fmt.Errorf("%q came, want %q", ev.Payload, want)
			}
			counts[ev.Partition]++
		case subscriber.Loss:
			return counts, fmt.Errorf("partition %d lost %v: %v", ev.Partition, ev.Lost, ev.Cause)
		case subscriber.SessionEnded:
			if ended++; ended == partitions {
				return counts, nil
			}
		}
	}
	return counts, errors.Join(fmt.Errorf("%d of %d partitions ended", ended, partitions),
		sub.Err())
}

// publishParts publishes a number of messages to each partition, in turn.
func publishParts(t testing.TB, p *publisher.Publisher, partitions, count int, each func()) {
	t.Helper()
	for i := range count {
		for n := range partitions {
			_, err := p.Send(context.Background(), publisher.Message{
				Payload: fmt.Appendf(nil, "%d %d", n, i), To: publisher.ToPartition(uint32(n)),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		each()
	}
}

// 16 partitions over 16 groups arrive whole, at a subscriber of all of them, and at one of two.
func TestTopicOnALossyLAN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{
			Loss:  link.Bernoulli{P: 0.05},
			Delay: link.UniformDelay{Min: 50 * time.Microsecond, Max: 150 * time.Microsecond},
		}, 3)
		defer s.Close()
		const partitions, count = 16, 100
		all := s.Subscriber(s.Host(10), subscriber.Config{Topic: "orders"})
		two := s.Subscriber(s.Host(11), subscriber.Config{
			Topic: "orders", Partitions: []uint32{3, 7},
		})
		results := make(chan error, 2)
		go func() {
			counts, err := parts(all, partitions)
			for n, got := range counts {
				if got != count {
					err = errors.Join(err, fmt.Errorf("%d messages of partition %d", got, n))
				}
			}
			results <- err
		}()
		go func() {
			ended, got := 0, 0
			var err error
			for ev := range two.Messages(context.Background()) {
				if ev.Partition != 3 && ev.Partition != 7 {
					err = fmt.Errorf("an event of partition %d came", ev.Partition)
				}
				if ev.Kind == subscriber.Message {
					got++
				}
				if ev.Kind == subscriber.SessionEnded {
					if ended++; ended == 2 {
						break
					}
				}
			}
			if got != 2*count {
				err = fmt.Errorf("%d messages of two partitions came: %w", got, err)
			}
			results <- err
		}()
		p := s.Publisher(publisher.Config{Topic: "orders", Partitions: partitions})
		publishParts(t, p, partitions, count, func() { time.Sleep(time.Millisecond) })
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if st := two.Stats(); st.Sockets().Received > all.Stats().Sockets().Received/4 {
			t.Errorf("two of 16 partitions cost %d datagrams, all cost %d",
				st.Sockets().Received, all.Stats().Sockets().Received)
		}
		all.Close()
		two.Close()
	})
}

// The same over the machine's own sockets; also with as many groups as there may be, for a
// subscriber that spins.
func TestTopicOnLoopback(t *testing.T) {
	for _, c := range []struct {
		partitions, groups, count, sockets int
		wait                               subscriber.Wait
	}{
		{16, 16, 200, 2, subscriber.WaitBlock}, // the home group's socket and another
		{256, 256, 10, 14, subscriber.WaitSpin},
	} {
		t.Run(fmt.Sprintf("%d groups, %v", c.groups, c.wait), func(t *testing.T) {
			name := fmt.Sprintf("rim test %d", rand.Uint64())
			sub, err := subscriber.New(subscriber.Config{
				Topic: name, Link: subscriber.Link{Wait: c.wait}, Logger: rig.Quiet,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer sub.Close()
			p, err := publisher.New(publisher.Config{
				Topic: name, Partitions: c.partitions, Groups: c.groups, Logger: rig.Quiet,
				Retention: publisher.Retention{ResendBuffer: 32 << 20},
				Repair:    publisher.Repair{Linger: time.Minute}, // until the subscriber has all
			})
			if err != nil {
				t.Fatal(err)
			}
			publishParts(t, p, c.partitions, c.count, func() {})
			ctx, has := context.WithCancel(context.Background())
			defer has()
			go p.Shutdown(ctx)
			counts, err := parts(sub, c.partitions)
			if err != nil {
				t.Error(err)
			}
			for n, got := range counts {
				if got != c.count {
					t.Errorf("%d messages of partition %d", got, n)
				}
			}
			if n := len(sub.Stats().Groups); n != c.sockets {
				t.Errorf("%d groups took %d sockets, want %d", c.groups+1, n, c.sockets)
			}
		})
	}
}

// A partition that no publisher has is told, though the subscriber hears nothing.
func TestPartitionThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, nearLink, 1)
		defer s.Close()
		p := s.Publisher(publisher.Config{Topic: "orders", Partitions: 4})
		defer p.Close()
		var text bytes.Buffer
		s.Log = slog.New(slog.NewTextHandler(&text, nil))
		sub := s.Subscriber(s.Host(10), subscriber.Config{
			Topic: "orders", Partitions: []uint32{3, 4},
		})
		gone := s.Subscriber(s.Host(11), subscriber.Config{
			Topic: "orders", Partitions: []uint32{200},
		})
		time.Sleep(5 * time.Second) // virtual
		sub.Close()
		gone.Close()
		want := `isn't there; they are numbered from 0" topic=orders partition=`
		if strings.Count(text.String(), want) != 2 || !strings.Contains(text.String(), want+"4 ") ||
			!strings.Contains(text.String(), want+"200 partitions=4") {
			t.Errorf("the log: %s", &text)
		}
	})
}
