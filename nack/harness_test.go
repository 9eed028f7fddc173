package nack

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

const (
	us = time.Microsecond
	ms = time.Millisecond
)

// starts are where the stories begin, in sequence numbers and in time: neither
// may matter.
var starts = []struct {
	seq uint64
	now Time
}{
	{0, 0},
	{2048 - 3, 1},
	{1<<32 - 3, Time(time.Hour)},
	{1<<63 - 3, -Time(time.Hour)},
	{math.MaxUint64 - 1<<41, math.MinInt64 / 2},
	{math.MaxUint64 - 3000, math.MaxInt64 / 2},
}

// everywhere tells a subscriber's story from each start.
func everywhere(t *testing.T, cfg RequesterConfig, story func(*subscriber)) {
	t.Helper()
	for _, s := range starts {
		t.Run(fmt.Sprintf("from %d at %d", s.seq, s.now), func(t *testing.T) {
			sub := newSubscriber(t, cfg, s.seq, s.now)
			story(sub)
			sub.wantNothing()
		})
	}
}

// subscriber drives a Requester. Sequence numbers in its methods count from the
// story's start.
type subscriber struct {
	*testing.T
	r    *Requester
	base uint64
	now  Time
	sent []sentNack
	lost []Lost
}

type sentNack struct {
	at      Time
	request uint64
	ranges  []Range
}

func newSubscriber(t *testing.T, cfg RequesterConfig, seq uint64, now Time) *subscriber {
	return &subscriber{T: t, r: NewRequester(cfg), base: seq, now: now}
}

// lose tells of missing frames, given as "3" or "3-5", each as it is found, and
// lets the Requester act at once.
func (s *subscriber) lose(ranges ...string) {
	s.Helper()
	for _, r := range ranges {
		r := s.parse(r)
		s.r.Missing(s.now, r.From, r.To)
	}
	s.advance(0)
}

func (s *subscriber) parse(text string) Range {
	s.Helper()
	r, err := parseRange(text)
	if err != nil {
		s.Fatal(err)
	}
	return Range{s.base + r.From, s.base + r.To}
}

func parseRange(text string) (Range, error) {
	var from, to uint64
	if n, _ := fmt.Sscanf(text, "%d-%d", &from, &to); n == 1 {
		return Range{from, from + 1}, nil
	} else if n == 2 {
		return Range{from, to + 1}, nil
	}
	return Range{}, fmt.Errorf("%q is no range", text)
}

// arrive brings frames late, of themselves.
func (s *subscriber) arrive(ranges ...string) { s.Helper(); s.take(0, ranges...) }

// repair brings frames in answer to the last NACK.
func (s *subscriber) repair(ranges ...string) {
	s.Helper()
	s.take(s.r.cfg.ID<<32|uint64(s.r.requests), ranges...)
}

func (s *subscriber) take(request uint64, ranges ...string) {
	s.Helper()
	for _, text := range ranges {
		for r := s.parse(text); r.From < r.To; r.From++ {
			if request != 0 {
				s.r.Answered(s.now, request)
			}
			if _, ok := s.r.Arrived(s.now, r.From, request != 0); !ok {
				s.Fatalf("frame %d wasn't missing", r.From-s.base)
			}
		}
	}
	s.advance(0)
}

// advance lets time pass, and records the Requester's actions at its deadlines. It fails if
// the Requester does nothing and wants to be called again at once.
func (s *subscriber) advance(d time.Duration) {
	s.Helper()
	end := s.now.Add(d)
	for idle := 0; ; {
		at := s.r.Deadline()
		if at > end {
			break
		}
		s.now = max(s.now, at)
		lost := s.r.Advance(s.now)
		s.lost = append(s.lost, lost...)
		request, ranges, asks := s.r.Request(s.now)
		if asks {
			s.sent = append(s.sent, sentNack{s.now, request, append([]Range(nil), ranges...)})
		}
		if len(lost) > 0 || asks {
			idle = 0
		} else if s.r.Deadline() <= s.now {
			s.Fatalf("at %d the deadline is %d, and Advance does nothing", s.now, s.r.Deadline())
		} else if idle++; idle > 10000 {
			s.Fatalf("10,000 deadlines passed without a NACK or a loss")
		}
	}
	s.now = end
	s.check()
}

// check checks the invariants of gaps.
func (s *subscriber) check() {
	s.Helper()
	at := uint64(0)
	for i, g := range s.r.gaps.all() {
		if g.Len() == 0 || (i > 0 && g.From < at) {
			s.Fatalf("gaps out of order, or empty: %v", s.r.gaps.all())
		}
		at = g.To
	}
}

// text prints ranges from the story's start.
func (s *subscriber) text(ranges []Range) string {
	var list []string
	for _, r := range ranges {
		list = append(list, Range{r.From - s.base, r.To - s.base}.String())
	}
	return strings.Join(list, ",")
}

// wantNack claims the next NACK and returns when it was sent.
func (s *subscriber) wantNack(want string) Time {
	s.Helper()
	if len(s.sent) == 0 {
		s.Fatalf("no NACK, want %s", want)
	}
	first := s.sent[0]
	s.sent = s.sent[1:]
	if got := s.text(first.ranges); got != want {
		s.Fatalf("a NACK for %s, want %s", got, want)
	}
	return first.at
}

// wantLost claims losses, as "3-5 unanswered".
func (s *subscriber) wantLost(want ...string) {
	s.Helper()
	var got []string
	for _, l := range s.lost {
		l.From, l.To = l.From-s.base, l.To-s.base
		got = append(got, l.String())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.Fatalf("lost %v, want %v", got, want)
	}
	s.lost = nil
}

// wantNothing fails on a NACK or a loss that nobody claimed.
func (s *subscriber) wantNothing() {
	s.Helper()
	if len(s.sent) > 0 || len(s.lost) > 0 {
		s.Fatalf("unclaimed: %d NACKs, the first for %v, and losses %v", len(s.sent),
			s.text(append(s.sent, sentNack{})[0].ranges), s.lost)
	}
}

// wantMissing fails if other gaps than these are open.
func (s *subscriber) wantMissing(want string) {
	s.Helper()
	var ranges []Range
	for _, g := range s.r.gaps.all() {
		ranges = append(ranges, g.Range)
	}
	if got := s.text(ranges); got != want {
		s.Fatalf("missing %q, want %q", got, want)
	}
}

// knowRTT makes the round trip known, with as many samples as it takes for it to
// be believed.
func (s *subscriber) knowRTT(d time.Duration) {
	for range 50 {
		s.r.rtt.Sample(d)
	}
}
