// Package story tells stories in a World under the checker, for tests.
package story

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/world"
)

// Story is a World whose subscribers' events are written down as short lines.
type Story struct {
	*world.World
	t       *testing.T
	Checker *checker.Checker
	Traced  []string
	Told    map[*world.Subscriber][]string
}

// New begins a story.
func New(t *testing.T, seed uint64) *Story {
	s := &Story{t: t, Told: map[*world.Subscriber][]string{}}
	s.World = world.New(world.Config{Seed: seed,
		Trace: func(line string) { s.Traced = append(s.Traced, line) }})
	s.Checker = checker.New(s.World)
	return s
}

// Near is a link of 1 ms.
func Near(loss link.Loss) link.Config {
	return link.Config{Loss: loss, Delay: link.FixedDelay(time.Millisecond)}
}

// Listen adds a subscriber and writes down what it is told, runs of messages as
// one line.
func (s *Story) Listen(cfg world.SubscriberConfig) *world.Subscriber {
	s.t.Helper()
	var sub *world.Subscriber
	var run nack.Range
	cfg.OnEvent = func(_ reliable.Time, ev *reliable.Event) {
		lines := s.Told[sub]
		switch {
		case ev.Kind == reliable.Message && len(lines) > 0 && run.To == ev.Offset && run.Len() > 0:
			run.To++
			lines[len(lines)-1] = "messages " + run.String()
		case ev.Kind == reliable.Message:
			run = nack.Range{From: ev.Offset, To: ev.Offset + 1}
			lines = append(lines, "messages "+run.String())
		case ev.Kind == reliable.Loss:
			run = nack.Range{}
			lines = append(lines, fmt.Sprintf("lost %v: %v", ev.Lost, ev.Cause))
		default:
			run = nack.Range{}
			lines = append(lines, ev.Kind.String())
		}
		s.Told[sub] = lines
	}
	sub = AddSubscriber(s.t, s.World, cfg)
	return sub
}

// Wants compares what a subscriber was told.
func (s *Story) Wants(sub *world.Subscriber, want ...string) {
	s.t.Helper()
	if got := s.Told[sub]; !slices.Equal(got, want) {
		s.t.Errorf("%v was told\n\t%s\nwant\n\t%s", sub, strings.Join(got, "\n\t"),
			strings.Join(want, "\n\t"))
	}
}

// Judge runs to a time and lets the Checker judge all.
func (s *Story) Judge(calm, until reliable.Time) {
	s.t.Helper()
	if err := s.Run(until); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Checker.Finish(calm); err != nil {
		s.t.Error(err)
	}
}

// Lines returns the frames of a kind in the trace between two nodes, without
// their times.
func (s *Story) Lines(between, kind string) []string {
	var list []string
	for _, line := range s.Traced {
		_, rest, _ := strings.Cut(line, " ")
		if what, ok := strings.CutPrefix(rest, between+" "); ok &&
			strings.HasPrefix(what, kind+" ") {
			list = append(list, line)
		}
	}
	return list
}

// Milli is a millisecond of a World's time.
const Milli = reliable.Time(time.Millisecond)

// NewWorld returns a World with a publisher that starts at once and n
// subscribers that listen over links of 1 milli with some loss.
func NewWorld(t testing.TB, cfg world.Config, n int, loss link.Loss) (*world.World,
	*world.Publisher, []*world.Subscriber) {
	t.Helper()
	w := world.New(cfg)
	pub := AddPublisher(t, w, world.PublisherConfig{})
	var subs []*world.Subscriber
	for range n {
		subs = append(subs, AddSubscriber(t, w, world.SubscriberConfig{
			Down: link.Config{Loss: loss, Delay: link.FixedDelay(time.Millisecond)},
			Up:   link.Config{Delay: link.FixedDelay(time.Millisecond)},
		}))
	}
	return w, pub, subs
}

// AddPublisher adds a publisher.
func AddPublisher(t testing.TB, w *world.World, cfg world.PublisherConfig) *world.Publisher {
	t.Helper()
	p, err := w.AddPublisher(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// AddSubscriber adds a subscriber.
func AddSubscriber(t testing.TB, w *world.World, cfg world.SubscriberConfig) *world.Subscriber {
	t.Helper()
	s, err := w.AddSubscriber(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every calls fn n times, from a time on, with a pause between.
func Every(w *world.World, from, pause reliable.Time, n int, fn func(i int)) {
	i := 0
	var next func()
	next = func() {
		fn(i)
		if i++; i < n {
			w.At(w.Now()+pause, next)
		}
	}
	w.At(from, next)
}

// Ring is a resend buffer of so many full frames.
func Ring(frames int) int { return frames * 1401 }

// Paced publishes n messages of 1,300 bytes, a frame each, every so often.
func (s *Story) Paced(pub *world.Publisher, start reliable.Time, every time.Duration,
	n int) (dropped *int) {
	dropped = new(int)
	for i := range n {
		s.At(start.Add(time.Duration(i)*every), func() {
			if _, err := pub.Publish(fmt.Appendf(make([]byte, 0, 1300), "%01299d",
				i)); errors.Is(err, reliable.ErrDropped) {
				*dropped++
			}
		})
	}
	return dropped
}

// Lost returns how many messages a subscriber was told are lost, by cause.
func (s *Story) Lost(sub *world.Subscriber) string {
	var list []string
	for _, line := range s.Told[sub] {
		if what, ok := strings.CutPrefix(line, "lost "); ok {
			list = append(list, what)
		}
	}
	return strings.Join(list, "; ")
}
