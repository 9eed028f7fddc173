package directory

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// question returns a FIND of topics.
func question(
	t *testing.T, request uint64, pattern, publisher string, spread time.Duration,
) *frame.Frame {
	return frameOf(t, &frame.Frame{Kind: frame.Find, Subscriber: 1, Request: request,
		Name: []byte(publisher), Find: &frame.FindBody{What: frame.FindTopics, Value: uint64(spread),
			Topic: []byte(pattern)}})
}

// The answers of all publishers spread over the time that was asked for, over more if they are
// many, and over 1.25 s at most; and over that as long as a publisher may not know how many there
// are.
func TestAnswersSpread(t *testing.T) {
	for _, c := range []struct {
		name              string
		age, spread, most time.Duration
		others            int
	}{
		{"few", time.Minute, 0, time.Second / answerRate, 0},
		{"few, asked to spread", time.Minute, 500 * time.Millisecond, 500 * time.Millisecond, 0},
		{"500", time.Minute, 0, time.Second, 499},
		{"2,000", time.Minute, 0, answerSpread, 1999},
		{"an hour", time.Minute, time.Hour, answerSpread, 0},
		{"young", time.Second, 0, answerSpread, 0},
	} {
		n, latest := newNet(t, 1), time.Duration(0)
		for range 30 {
			a := n.publisher(1)
			now := n.now.Add(c.age)
			f := announce(t, 1)
			for i := range c.others {
				f.Session = uint64(10 + i)
				a.Handle(now, address(i), f)
			}
			a.Handle(now, address(9), question(t, 5, "*", "", c.spread))
			if len(a.answers.waiting) != 1 {
				t.Fatalf("%s: %d answers wait", c.name, len(a.answers.waiting))
			}
			latest = max(latest, a.answers.waiting[0].due.Sub(now))
		}
		if latest > c.most || latest < c.most*3/4 {
			t.Errorf("%s: the last of 30 answered after %v, want %v at most", c.name, latest, c.most)
		}
	}
}

// A question may be for one publisher's topics. What isn't a question is refused, and counted; an
// announcement that answers somebody is none for a publisher.
func TestWhoIsAsked(t *testing.T) {
	n := newNet(t, 1)
	a := n.publisher(1, func(c *AnnouncerConfig) { c.Topic, c.Publisher = "orders", "risk" })
	now := n.now
	for _, c := range []struct {
		request            uint64
		pattern, publisher string
		answered, refused  int
	}{
		{1, "orders", "", 1, 0}, {2, "orders", "risk", 1, 0}, {3, "orders", "other", 0, 0},
		{4, "quotes", "", 0, 0}, {5, "", "", 1, 0}, {0, "orders", "", 0, 1}, {6, "a,b", "", 0, 1},
	} {
		now = now.Add(3 * time.Second)
		before, waiting := a.Stats(), len(a.answers.waiting)
		a.Handle(now, address(9), question(t, c.request, c.pattern, c.publisher, 0))
		if got := len(a.answers.waiting) - waiting; got != c.answered ||
			a.Stats().Refused != before.Refused+uint64(c.refused) {
			t.Errorf("%+v: %d answers, %+v", c, got, a.Stats())
		}
		for now := now.Add(answerSpread); len(a.answers.waiting) > 0; {
			if b, ok := a.Next(now); ok {
				a.Sent(b)
			}
		}
	}
	a.Handle(now, address(8), announce(t, 50, func(f *frame.Frame) { f.Request = 7 }))
	if n := a.Publishers(); n != 1 {
		t.Errorf("by another's answer %d publishers are known", n)
	}
	var waiting answers
	for i := range answersAtOnce {
		waiting.add(now, address(i), 1, now.Add(answerSpread))
	}
	if waiting.takes(now.Add(time.Second), address(99), 1) {
		t.Errorf("more than %d answers wait", answersAtOnce)
	}
}

// A listener asks a second time for those that its question didn't reach, and asks another question
// for the answers that were lost, unless there are many publishers. Late answers count.
func TestAsksAgain(t *testing.T) {
	for _, many := range []bool{false, true} {
		p, _ := topic.ParsePattern("*")
		l, err := NewListener(ListenerConfig{ID: 1, Seed: 1, Pattern: p, Start: 1})
		if err != nil {
			t.Fatal(err)
		}
		var at []time.Duration
		var requests []uint64
		ask := func(from, to time.Duration) {
			for d := from; d < to; d += 5 * time.Millisecond {
				b, ok := l.Next(reliable.Time(1).Add(d))
				if !ok {
					continue
				}
				var f frame.Frame
				var dec frame.Decoder
				if err := dec.Decode(b.Data, &f); err != nil {
					t.Fatal(err)
				}
				at, requests = append(at, d), append(requests, f.Request)
				l.Sent(b)
			}
		}
		ask(0, time.Second)
		f := announce(t, 1, func(f *frame.Frame) { f.Announce.Interval = time.Minute })
		for i := range few + 1 {
			if f.Session = uint64(10 + i); i == 0 || many {
				l.Handle(reliable.Time(time.Second), address(i), f)
			}
		}
		ask(time.Second, time.Minute)
		if many {
			if len(at) != 2 {
				t.Errorf("of many publishers it asked %d times", len(at))
			}
			continue
		}
		if len(at) != 3 || at[1] != askAgain || at[2] != askLast || requests[0] != requests[1] ||
			requests[2] == requests[0] {
			t.Fatalf("it asked after %v, by the numbers %v", at, requests)
		}
		for i, request := range []uint64{requests[0], requests[2], 12345} {
			f.Session, f.Request = uint64(500+i), request
			l.Handle(reliable.Time(time.Minute), address(i), f)
		}
		if s := l.Stats(); s.Answers != 2 || s.Unasked != 1 || s.Asked != 3 {
			t.Errorf("%+v", s)
		}
	}
}
