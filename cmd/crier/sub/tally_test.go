package sub

import (
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
	"crier/subscriber"
)

func newEvent(session subscriber.SessionID) *subscriber.Event {
	return &subscriber.Event{Kind: subscriber.SessionNew, Session: session}
}

func message(session subscriber.SessionID, offset uint64) *subscriber.Event {
	now := time.Unix(1000, 0)
	return &subscriber.Event{Kind: subscriber.Message, Session: session, Offset: offset, Sent: now,
		Received: now.Add(time.Millisecond)}
}

func loss(session subscriber.SessionID, from, to uint64, cause subscriber.Cause) *subscriber.Event {
	return &subscriber.Event{Kind: subscriber.Loss, Session: session,
		Lost: subscriber.Range{From: from, To: to}, Cause: cause}
}

func nothingKnown() []subscriber.Session { return nil }

// A session that comes and goes is open or not, however often it says so.
func TestTallyOpen(t *testing.T) {
	tally := newTally()
	for i, c := range []struct {
		kind subscriber.Kind
		open int
		end  string
	}{
		{subscriber.SessionNew, 1, "open"}, {subscriber.SessionSilent, 0, "silent"},
		{subscriber.SessionSilent, 0, "silent"},
		{subscriber.SessionResumed, 1, "open"}, {subscriber.SessionResumed, 1, "open"},
		{subscriber.SessionEnded, 0, "bye"}, {subscriber.SessionEnded, 0, "bye"},
	} {
		ev := &subscriber.Event{Kind: c.kind, Session: 7, Cause: subscriber.CauseEnded}
		if tally.note(ev, nothingKnown); tally.open != c.open || tally.list[0].End != c.end {
			t.Errorf("step %d: %d open, end %s", i, tally.open, tally.list[0].End)
		}
	}
	if tally.seen != 1 {
		t.Errorf("%d seen", tally.seen)
	}
}

// After --count was reached, what lies below the highest offset that was printed,
// and was not printed, is lost; what lies above is nobody's loss.
func TestTallyRest(t *testing.T) {
	tally := newTally()
	tally.note(newEvent(1), nothingKnown)
	for _, offset := range []uint64{10, 11, 14, 17} {
		tally.note(message(1, offset), nothingKnown)
	}
	for _, ev := range []*subscriber.Event{
		message(1, 12), loss(1, 13, 14, subscriber.CauseClosed),
		loss(1, 15, 17, subscriber.CauseClosed), loss(1, 18, 30, subscriber.CauseClosed),
		message(1, 40), message(2, 0), {Kind: subscriber.SessionEnded, Session: 1},
	} {
		tally.rest(ev)
	}
	s := tally.list[0]
	if s.complete(nil); s.Delivered != 4 || s.Lost != 4 || s.FirstOffset != 10 ||
		s.NextOffset != 18 || s.End != "open" {
		t.Errorf("%+v", s.SessionSummary)
	}
	if len(s.Losses) != 2 || s.Losses[0] != (LossSummary{12, 14, "subscriber closed"}) ||
		s.Losses[1] != (LossSummary{15, 17, "subscriber closed"}) {
		t.Errorf("%+v", s.Losses)
	}
}

// A session that the subscriber has forgotten, and that is heard again, is another
// one: each of the two adds up.
func TestTallyHeardAgain(t *testing.T) {
	tally := newTally()
	known := func(first, next uint64) sessions {
		return func() []subscriber.Session {
			return []subscriber.Session{{ID: 1, FirstOffset: first, NextOffset: next, Nacks: next}}
		}
	}
	tally.note(newEvent(1), nothingKnown)
	tally.note(message(1, 5), nothingKnown)
	tally.note(loss(1, 6, 8, subscriber.CauseSilent), nothingKnown)
	tally.note(&subscriber.Event{Kind: subscriber.SessionSilent, Session: 1}, known(5, 8))
	tally.note(newEvent(1), nothingKnown)
	tally.note(message(1, 20), nothingKnown)
	tally.note(&subscriber.Event{Kind: subscriber.SessionEnded, Session: 1,
		Cause: subscriber.CauseEnded}, known(20, 21))
	if len(tally.list) != 2 {
		t.Fatalf("%d sessions", len(tally.list))
	}
	a, b := tally.list[0], tally.list[1]
	if a.FirstOffset != 5 || a.NextOffset != 8 || a.Delivered+a.Lost != 3 || a.End != "silent" ||
		a.Counters.N("nacks_sent") != 8 {
		t.Errorf("%+v", a.SessionSummary)
	}
	if b.FirstOffset != 20 || b.NextOffset != 21 || b.Delivered != 1 || b.End != "bye" {
		t.Errorf("%+v", b.SessionSummary)
	}
}

// Who hears very many sessions keeps a bounded list, and few histograms.
func TestTallyBounds(t *testing.T) {
	tally := newTally()
	const many = 3 * maxListed
	for id := range subscriber.SessionID(many) {
		tally.note(newEvent(id), nothingKnown)
		tally.note(message(id, 0), nothingKnown)
		if id > 0 { // the first stays open
			tally.note(&subscriber.Event{Kind: subscriber.SessionSilent, Session: id}, nothingKnown)
		}
	}
	measuring := 0
	for _, s := range tally.list {
		if s.times.latency.Count() > 0 {
			measuring++
		} else if q := s.times.Latency; q == nil || q.Max != 1e6 {
			t.Fatalf("session %s: latency %+v", s.Session, q)
		}
	}
	if len(tally.list) != maxListed || len(tally.streams) != maxListed ||
		tally.dropped != many-maxListed || tally.seen != many ||
		measuring > maxMeasured+1 || tally.list[0].session != 0 || tally.open != 1 {
		t.Errorf("%d listed, %d by name, %d dropped, %d seen, %d histograms, %d open",
			len(tally.list), len(tally.streams), tally.dropped, tally.seen, measuring, tally.open)
	}
	for i := range uint64(2 * maxLosses) { // no two of them touch
		tally.note(loss(0, 10*i+5, 10*i+6, subscriber.CauseGone), nothingKnown)
	}
	if s := tally.list[0]; len(s.Losses) != maxLosses || s.MoreLosses != maxLosses ||
		s.Lost != 2*maxLosses {
		t.Errorf("%d losses, %d more, %d lost", len(s.Losses), s.MoreLosses, s.Lost)
	}
}

// A publisher whose clock is ahead gives negative latencies: they are told as they are,
// with how many there were and by how much the clocks differ at least; none is a 0.
func TestTallyOfTwoClocks(t *testing.T) {
	tally := newTally()
	tally.note(newEvent(1), nothingKnown)
	for i := range uint64(1000) {
		ev := message(1, i)
		ev.Received = ev.Sent.Add(-50*time.Millisecond + time.Duration(i)*51*time.Microsecond)
		tally.note(ev, nothingKnown)
	}
	late := message(1, 1000)
	late.Received = late.Sent.Add(3 * time.Hour)
	tally.note(late, nothingKnown)
	s := tally.list[0]
	s.times.measured()
	s.Latency = s.times.Latency
	if q := s.Latency; q.Negative != 981 || q.Min != -50e6 || q.P50 > -24e6 || q.P50 < -25e6 ||
		q.P90 > -4e6 || q.Max != int64(3*time.Hour) || q.Clamped != 1 {
		t.Errorf("%+v", q)
	}
	sum := &Summary{Sessions: []*SessionSummary{&s.SessionSummary}}
	for _, want := range []string{
		"latency p50 -24.5 ms, p99 490 µs, max 3 h until received",
		"  981 latencies are negative, down to -50 ms: the publisher's clock seems to be ahead of " +
			"this one by at least 50 ms, and each latency short by as much\n",
		"  1 latency is more than an hour, and counted as one: the two clocks seem to differ by " +
			"as much\n",
	} {
		if text := summaryText(sum, 0, cli.PlainSheet); !strings.Contains(text, want) {
			t.Errorf("it doesn't say %q:\n%s", want, text)
		}
	}
	// One clock, or two that agree, say nothing of clocks.
	if text := ClocksText(&hist.Quantiles{P50: 1, Max: 2}); text != "" {
		t.Error(text)
	}
}

// A summary has the last certificate of a session.
func TestTallyKeepsCertificates(t *testing.T) {
	tally := newTally()
	none := func() []subscriber.Session { return nil }
	first := &subscriber.Certificate{Number: 1}
	second := &subscriber.Certificate{Number: 2, Agreed: true,
		Members: make([]subscriber.Survivor, 3)}
	withdrawn := *second
	withdrawn.Withdrawn = true
	for _, one := range []struct {
		kind subscriber.Kind
		c    *subscriber.Certificate
		open int
		want string
	}{
		{subscriber.SessionNew, nil, 1, ""},
		{subscriber.SessionInquest, nil, 1, ""},
		{subscriber.SessionSilent, first, 0, "certificate 1, by this subscriber alone"},
		{subscriber.SessionAmended, second, 0, "certificate 2, agreed by all 3 members"},
		{subscriber.SessionResumed, &withdrawn, 1,
			"certificate 2 was withdrawn: the publisher was heard again"},
		{subscriber.SessionInquest, nil, 1,
			"certificate 2 was withdrawn: the publisher was heard again"},
		{subscriber.SessionResumed, nil, 1,
			"certificate 2 was withdrawn: the publisher was heard again"},
	} {
		tally.note(&subscriber.Event{Session: 1, Kind: one.kind, Certificate: one.c}, none)
		got := ""
		if c := tally.list[0].Certificate; c != nil {
			got = c.Brief()
		}
		if got != one.want || tally.open != one.open {
			t.Errorf("after %v: %q, %d open", one.kind, got, tally.open)
		}
	}
}

// The end of a session is not unknown if another one goes on there, by all that was heard of both.
func TestTallyGoesOn(t *testing.T) {
	for _, one := range []struct {
		what             string
		next, prev, from uint64
		unseen           int
	}{
		{"goes on where the first ended", 100, 100, 100, 0},
		{"knew of more", 100, 120, 120, 1},
		{"knew of less", 100, 80, 80, 1},
		{"was heard from later on", 100, 100, 110, 1},
	} {
		tally := newTally()
		note := func(ev subscriber.Event, next uint64) {
			tally.note(&ev, func() []subscriber.Session {
				return []subscriber.Session{{ID: 1, NextOffset: next}}
			})
		}
		note(subscriber.Event{Session: 1, Kind: subscriber.SessionNew}, 0)
		note(subscriber.Event{Session: 1, Kind: subscriber.SessionSilent}, one.next)
		title := &subscriber.Title{}
		title.Prev.Session, title.Prev.Offset = 1, one.prev
		note(subscriber.Event{Session: 2, Kind: subscriber.SessionNew, Title: title}, 0)
		note(subscriber.Event{Session: 2, Kind: subscriber.Message, Offset: one.from}, 0)
		note(subscriber.Event{Session: 2, Kind: subscriber.SessionEnded,
			Cause: subscriber.CauseEnded}, 0)
		tally.goesOn(tally.list[0])
		tally.goesOn(tally.list[0])
		if tally.unseen != one.unseen || (tally.list[0].Continued != "") != (one.unseen == 0) {
			t.Errorf("one that %s: %d ends unseen, continued by %q", one.what, tally.unseen,
				tally.list[0].Continued)
		}
	}
}
