package testnet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/testnet/link"
)

// Stories in virtual time, each judged by the Checker besides what it says itself.

// story is a World whose subscribers' events are written down as short lines.
type story struct {
	*World
	t     *testing.T
	c     *Checker
	trace []string
	told  map[*Subscriber][]string
}

func newStory(t *testing.T, seed uint64) *story {
	s := &story{t: t, told: map[*Subscriber][]string{}}
	s.World = NewWorld(WorldConfig{Seed: seed, Trace: func(line string) { s.trace = append(s.trace, line) }})
	s.c = NewChecker(s.World)
	return s
}

// near is a link of 1 ms.
func near(loss link.Loss) link.Config {
	return link.Config{Loss: loss, Delay: link.FixedDelay(time.Millisecond)}
}

// listen adds a subscriber and writes down what it is told, runs of messages as
// one line.
func (s *story) listen(cfg SubscriberConfig) *Subscriber {
	s.t.Helper()
	var sub *Subscriber
	var run nack.Range
	cfg.OnEvent = func(_ reliable.Time, ev *reliable.Event) {
		lines := s.told[sub]
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
		s.told[sub] = lines
	}
	sub = addSubscriber(s.t, s.World, cfg)
	return sub
}

// wants compares what a subscriber was told.
func (s *story) wants(sub *Subscriber, want ...string) {
	s.t.Helper()
	if got := s.told[sub]; !slices.Equal(got, want) {
		s.t.Errorf("%v was told\n\t%s\nwant\n\t%s", sub, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// run runs to a time and lets the Checker judge all.
func (s *story) run(calm, until reliable.Time) {
	s.t.Helper()
	if err := s.Run(until); err != nil {
		s.t.Fatal(err)
	}
	if err := s.c.Finish(calm); err != nil {
		s.t.Error(err)
	}
}

// lines returns the frames of a kind in the trace between two nodes, without
// their times.
func (s *story) lines(between, kind string) []string {
	var list []string
	for _, line := range s.trace {
		_, rest, _ := strings.Cut(line, " ")
		if what, ok := strings.CutPrefix(rest, between+" "); ok && strings.HasPrefix(what, kind+" ") {
			list = append(list, line)
		}
	}
	return list
}

// milli is a millisecond of a World's time.
const milli = reliable.Time(time.Millisecond)

// newWorld returns a World with a publisher that starts at once and n
// subscribers that listen over links of 1 milli with some loss.
func newWorld(t testing.TB, cfg WorldConfig, n int, loss link.Loss) (*World, *Publisher, []*Subscriber) {
	t.Helper()
	w := NewWorld(cfg)
	pub := addPublisher(t, w, PublisherConfig{})
	var subs []*Subscriber
	for range n {
		subs = append(subs, addSubscriber(t, w, SubscriberConfig{
			Down: link.Config{Loss: loss, Delay: link.FixedDelay(time.Millisecond)},
			Up:   link.Config{Delay: link.FixedDelay(time.Millisecond)},
		}))
	}
	return w, pub, subs
}

func addPublisher(t testing.TB, w *World, cfg PublisherConfig) *Publisher {
	t.Helper()
	p, err := w.AddPublisher(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func addSubscriber(t testing.TB, w *World, cfg SubscriberConfig) *Subscriber {
	t.Helper()
	s, err := w.AddSubscriber(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// every calls fn n times, from a time on, with a pause between.
func every(w *World, from, pause reliable.Time, n int, fn func(i int)) {
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

// ring is a resend buffer of so many full frames.
func ring(frames int) int { return frames * 1401 }

// paced publishes n messages of 1,300 bytes, a frame each, every so often.
func (s *story) paced(pub *Publisher, start reliable.Time, every time.Duration, n int) (dropped *int) {
	dropped = new(int)
	for i := range n {
		s.At(start.Add(time.Duration(i)*every), func() {
			if _, err := pub.Publish(fmt.Appendf(make([]byte, 0, 1300), "%01299d", i)); errors.Is(err, reliable.ErrDropped) {
				*dropped++
			}
		})
	}
	return dropped
}

// lost returns how many messages a subscriber was told are lost, by cause.
func (s *story) lost(sub *Subscriber) string {
	var list []string
	for _, line := range s.told[sub] {
		if what, ok := strings.CutPrefix(line, "lost "); ok {
			list = append(list, what)
		}
	}
	return strings.Join(list, "; ")
}
