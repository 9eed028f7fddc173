package directory

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// FuzzDirectory hands an Announcer and a Listener frames that bytes make up, and lets time pass
// between them: they send no more than they may, keep no more than they may, and never panic.
func FuzzDirectory(f *testing.F) {
	f.Add([]byte("\x01announce and find, again and again, until it ends"))
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 200, 201, 202, 203, 204, 205, 206})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			return
		}
		at := 0
		next := func() uint64 {
			if at >= len(b) {
				return 0
			}
			at++
			return uint64(b[at-1])
		}
		pattern, _ := topic.ParsePattern("a*")
		a, err := NewAnnouncer(AnnouncerConfig{Session: 1, Topic: "ab", Publisher: "p",
			Layout: topic.Layout{Partitions: 3, Groups: 2}})
		if err != nil {
			t.Fatal(err)
		}
		l, err := NewListener(ListenerConfig{ID: 1, Pattern: pattern, Events: true})
		if err != nil {
			t.Fatal(err)
		}
		s, follows := NewSelection(l), &follower{}
		now := reliable.Time(1)
		var answers int
		for at < len(b) {
			names := []string{"ab", "a", "a*", "", "zz", "a\x00", "*"}
			name := []byte(names[next()%uint64(len(names))])
			fr := &frame.Frame{Kind: frame.Announce, Session: next() % 4, Request: next() % 3,
				Name: name, Topic: name, Announce: &frame.AnnounceBody{
					Partitions: uint32(next()), Groups: uint32(next()),
					Interval: time.Duration(next()-100) << (next() % 56)}}
			if next()%3 == 0 {
				fr.Announce.Base = address(int(next()))
			}
			if next()%4 == 0 {
				fr = &frame.Frame{Kind: frame.Find, Request: next(), Name: name, Find: &frame.FindBody{
					What: frame.What(next() % 8), Value: next() << (next() % 56), Topic: name}}
			}
			from := address(int(next() % 5))
			a.Handle(now, from, fr)
			l.Handle(now, from, fr)
			s.Settle(now, follows)
			now = now.Add(time.Duration(next()) << (next() % 34))
			for _, m := range []machine{a, l} {
				m.Advance(now)
				for range 16 {
					batch, ok := m.Next(now)
					if !ok {
						break
					}
					if len(batch.Data) > 1024 {
						t.Fatalf("a datagram of %d bytes", len(batch.Data))
					}
					if batch.To.IsValid() {
						answers++
					}
					m.Sent(batch)
				}
				if _, ok := m.Next(now); ok {
					t.Fatal("a machine sends without end")
				}
			}
			for _, ok := a.TakeClash(); ok; _, ok = a.TakeClash() {
			}
			for _, ok := s.TakeRefusal(); ok; _, ok = s.TakeRefusal() {
			}
		}
		if seconds := int(now/reliable.Time(time.Second)) + 2; answers > seconds*2*answersAtOnce {
			t.Fatalf("%d answers in %d s", answers, seconds)
		}
		if len(follows.topics) > 2 || l.Stats().Rows > 4 || a.Publishers() > 5 {
			t.Fatalf("%q, %+v", follows.topics, l.Stats())
		}
	})
}
