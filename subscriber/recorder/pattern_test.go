package recorder_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/subscriber/recorder"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// reader takes the messages of a subscriber, up to a number of them, and closes it then.
type reader struct {
	sub  *subscriber.Subscriber
	got  []string
	done chan struct{}
}

func read(t *testing.T, sub *subscriber.Subscriber, most int) *reader {
	r := &reader{sub: sub, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		for ev := range sub.Messages(context.Background()) {
			switch ev.Kind {
			case subscriber.Message:
				if len(r.got) == most { // the one before is acknowledged
					return
				}
				r.got = append(r.got, string(ev.Payload))
			case subscriber.Loss:
				t.Errorf("partition %d: %v are lost: %v", ev.Partition, ev.Lost, ev.Cause)
			}
		}
	}()
	return r
}

// end closes the subscriber, and returns what it got.
func (r *reader) end(t *testing.T) []string {
	if err := r.sub.Close(); err != nil {
		t.Error(err)
	}
	<-r.done
	slices.Sort(r.got)
	return r.got
}

// A pattern brings what a topic's name does. Of a publisher that was away and goes on with its
// streams, the messages of its first life come from a recorder: to one that finds the topic as the
// publisher begins again, from the oldest on, and to one that knows it by its positions, though
// nobody announces it.
func TestPatternAsksRecorders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(100 * time.Microsecond)}, 1)
		cfg := recorder.Config{Topics: []recorder.Topic{{Name: "feed.a"}}, Dir: t.TempDir(),
			Interface: "eth0"}
		cfg.Link.Network = l.Host(9)
		rec, err := recorder.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		const lives, messages = 2, 200
		var sent []string
		publish := func(life int) {
			p := l.Publisher(publisher.Config{Topic: "feed.a", Partitions: 4, Groups: 2, Name: "a",
				Continue: publisher.ContinueOrNew})
			for i := range messages {
				text := fmt.Sprintf("life %d, message %d", life, i)
				sent = append(sent, text)
				if _, err := p.Send(t.Context(), publisher.Message{Payload: []byte(text),
					To: publisher.ToPartition(uint32(i % 4))}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Millisecond)
			}
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
		subscribe := func(
			host int, name string, start subscriber.Start, o *offsets,
		) *subscriber.Subscriber {
			cfg := subscriber.Config{Topic: name, Start: start, History: -1}
			if o != nil {
				cfg.Offsets = o
			}
			return l.Subscriber(l.Host(host), cfg)
		}
		var states [2]offsets // by pattern, and by name
		names := []string{"feed.*", "feed.a"}
		var halves [2]*reader
		for i, name := range names {
			halves[i] = read(t, subscribe(2+i, name, subscriber.ResumeOldest, &states[i]), 100)
		}
		publish(0)
		synctest.Wait()

		// The publisher has gone, and nobody announces its topic.
		time.Sleep(time.Minute)
		for i, name := range names {
			got := halves[i].end(t)
			r := read(t, subscribe(2+i, name, subscriber.Resume, &states[i]), messages)
			time.Sleep(10 * time.Second)
			got = append(slices.Clone(got), r.end(t)...)
			slices.Sort(got)
			if want := slices.Sorted(slices.Values(sent)); !slices.Equal(got, want) {
				t.Errorf("%s, by positions: %d messages, want %d", name, len(got), len(want))
			}
		}

		// It begins again, and is found then.
		pattern := read(t, subscribe(4, "feed.*", subscriber.Oldest, nil), 1<<30)
		time.Sleep(time.Minute)
		if topics := pattern.sub.Topics(); len(topics) != 0 {
			t.Errorf("%q are followed, and nobody announces them", topics)
		}
		byName := read(t, subscribe(5, "feed.a", subscriber.Oldest, nil), 1<<30)
		publish(1)
		time.Sleep(10 * time.Second)
		want := slices.Sorted(slices.Values(sent))
		if len(want) != lives*messages {
			t.Fatalf("%d messages were sent", len(want))
		}
		for i, r := range []*reader{pattern, byName} {
			if got := r.end(t); !slices.Equal(got, want) {
				t.Errorf("%s, from the oldest on: %d messages, want %d", names[i], len(got), len(want))
			}
			for _, s := range r.sub.Sessions() {
				if s.BeforeStart != 0 || s.Lost != 0 {
					t.Errorf("%s: %+v", names[i], s)
				}
			}
		}
		if err := rec.Close(); err != nil {
			t.Error(err)
		}
		l.Close()
	})
}
