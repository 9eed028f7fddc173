package sub

import (
	"slices"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/counts"
	"crier/cmd/crier/events"
	"crier/cmd/crier/hist"
	"crier/subscriber"
)

const (
	// maxLosses bounds the loss reports of a session in a summary, and maxListed the
	// sessions: a subscriber may run for months.
	maxLosses = 10000
	maxListed = 1000
	// maxMeasured bounds the silent sessions that keep their three histograms, of 264 KiB
	// each, or twice that between clocks that differ.
	maxMeasured = 64
)

// tally counts a subscriber's events.
type tally struct {
	list    []*streamTally          // in the order in which they were first heard
	streams map[stream]*streamTally // of those with one name, the last
	dropped uint64                  // no longer on the list
	// streams that have neither ended nor are silent
	open int
	seen int
	// unseen counts those of seen that have not said BYE, and that no other goes on from.
	unseen   int
	messages uint64
	lost     uint64
	// team counts the rest of a member of a team, or is nil.
	team *teamTally
}

// stream names a partition of a session.
type stream struct {
	session   subscriber.SessionID
	partition uint32
}

// streamTally is a partition of a session until it ends or is forgotten. When it is heard again
// after that, it is another one.
type streamTally struct {
	SessionSummary
	stream
	times           *times // of its session
	lowest, highest uint64 // the offsets that were noted: from lowest, and below highest
	begun           bool   // they mean something
	open            bool
	held, mine      bool              // of a team: by this member now, or ever
	completed       bool              // with what the subscriber knew
	title           *subscriber.Title // nil while it is unknown
}

// times are those of a session, of all its partitions together: histograms take much memory.
type times struct {
	open              int // partitions
	latency, recovery hist.Histogram
	taken             hist.Histogram // with the time in the subscriber's own queue

	Latency, Recovery, Taken *hist.Quantiles
}

// The ends of sessions that are seen, in a summary: by BYE, and where --until says.
var endBye, endUntil = subscriber.EndBye.String(), subscriber.EndUntil.String()

// endSilent is the end of one whose publisher isn't heard any more.
var endSilent = subscriber.EndSilent.String()

// endGivenBack is that of a partition that a member of a team gave back.
var endGivenBack = subscriber.RevokedGivenBack.String()

// endOf returns the end of a session for a cause, or nothing if its end isn't seen.
func endOf(cause subscriber.Cause) string {
	switch cause {
	case subscriber.CauseClosed:
		return ""
	case subscriber.CauseUntil:
		return endUntil
	}
	return endBye
}

func newTally() *tally { return &tally{streams: make(map[stream]*streamTally)} }

// sessions returns a subscriber's sessions with their counters.
type sessions func() []subscriber.Session

// note counts an event.
func (t *tally) note(ev *subscriber.Event, known sessions) {
	switch ev.Kind {
	case subscriber.FeedDown, subscriber.FeedUp, subscriber.SessionContested:
		return // of no partition
	case subscriber.SessionMoved:
		t.move(ev)
		return
	case subscriber.NotGranted:
		t.team.refuse(ev)
		return
	}
	s := t.streams[stream{ev.Session, ev.Partition}]
	if s == nil || ev.Kind == subscriber.SessionNew {
		s = t.add(ev)
	}
	if ev.Title != nil {
		s.title, s.Topic = ev.Title, ev.Title.Topic
		s.several = ev.Title.Layout.Partitions > 1
	}
	if ev.Certificate != nil {
		s.Certificate = events.CertificateOf(ev.Certificate)
	}
	t.team.note(s, ev)
	switch ev.Kind {
	case subscriber.Message:
		t.messages++
		s.deliver(ev)
	case subscriber.Loss:
		t.lose(s, ev.Lost, ev.Cause)
	case subscriber.SessionNew, subscriber.SessionResumed:
		t.turn(s, true)
		s.End = "open"
	case subscriber.SessionSilent:
		t.turn(s, false)
		s.End = endSilent
		s.complete(known())
		t.unmeasure()
	case subscriber.SessionAmended:
		s.complete(known())
	case subscriber.SessionEnded:
		t.turn(s, false)
		if end := endOf(ev.Cause); end != "" && s.End != end {
			s.End = end
			t.unseen--
		}
		s.complete(known())
		if s.times.open == 0 {
			s.times.measured()
		}
	}
}

// move notes a publisher's new address.
func (t *tally) move(ev *subscriber.Event) {
	for _, s := range t.list {
		if s.session == ev.Session {
			s.Source = events.SourceText(ev.Source)
		}
	}
}

// add begins a stream. Where there are too many, it forgets the oldest that is over.
func (t *tally) add(ev *subscriber.Event) *streamTally {
	if len(t.list) >= maxListed {
		over := slices.IndexFunc(t.list, func(s *streamTally) bool { return !s.open })
		if over >= 0 {
			old := t.list[over]
			if t.streams[old.stream] == old {
				delete(t.streams, old.stream)
			}
			t.goesOn(old)
			t.list = slices.Delete(t.list, over, over+1)
			t.dropped++
		}
	}
	s := &streamTally{stream: stream{ev.Session, ev.Partition}, times: t.timesOf(ev)}
	s.Session, s.Partition, s.Group = ev.Session.String(), ev.Partition, ev.Group.String()
	s.Source = events.SourceText(ev.Source)
	s.Name, s.End = ev.Publisher, "open"
	s.Losses, s.Counters = []LossSummary{}, sessionCounters(new(subscriber.Session))
	s.several = ev.Partition > 0
	t.streams[s.stream] = s
	t.list = append(t.list, s)
	t.seen++
	t.unseen++
	return s
}

// timesOf returns the times of a stream that begins: those of its session, if another partition of
// it is there.
func (t *tally) timesOf(ev *subscriber.Event) *times {
	for _, s := range slices.Backward(t.list) {
		if s.session == ev.Session && s.Partition != ev.Partition {
			return s.times
		}
	}
	return new(times)
}

// goesOn looks for the stream that goes on where a silent one ended, by all that was heard of it:
// then its end isn't unknown.
func (t *tally) goesOn(s *streamTally) {
	if s.End != endSilent || s.Continued != "" {
		return
	}
	for _, one := range t.list {
		if one.title == nil || one.title.Prev.Session != s.session || one.Partition != s.Partition {
			continue
		}
		first := one.FirstOffset
		if !one.completed {
			first = one.lowest
		}
		if one.title.Prev.Offset == s.NextOffset && first == s.NextOffset {
			s.Continued = one.Session
			t.unseen--
			return
		}
	}
}

// turn opens or closes a stream.
func (t *tally) turn(s *streamTally, open bool) {
	if s.open != open {
		if s.open = open; open {
			t.open++
			s.times.open++
		} else {
			t.open--
			s.times.open--
		}
	}
}

func (s *streamTally) deliver(ev *subscriber.Event) {
	s.Delivered++
	s.extend(ev.Offset, ev.Offset+1)
	if ev.Recovered {
		s.Recovered++
		s.times.recovery.Record(ev.Recovery)
	}
	if !ev.Sent.IsZero() {
		s.times.latency.Record(ev.Received.Sub(ev.Sent))
		s.times.taken.Record(time.Since(ev.Sent))
	}
}

func (t *tally) lose(s *streamTally, lost subscriber.Range, cause subscriber.Cause) {
	t.lost += lost.Len()
	s.Lost += lost.Len()
	s.extend(lost.From, lost.To)
	last := len(s.Losses) - 1
	switch text := cause.String(); {
	case last >= 0 && s.Losses[last].To == lost.From && s.Losses[last].Cause == text:
		s.Losses[last].To = lost.To
	case len(s.Losses) < maxLosses:
		s.Losses = append(s.Losses, LossSummary{lost.From, lost.To, text})
	default:
		s.MoreLosses++
	}
}

// extend extends the range of known offsets.
func (s *streamTally) extend(from, to uint64) {
	if !s.begun {
		s.begun, s.lowest, s.highest = true, from, to
	}
	s.lowest, s.highest = min(s.lowest, from), max(s.highest, to)
}

// rest counts an event that came after the command had left. Messages below an offset that
// was taken count as lost; others don't count.
func (t *tally) rest(ev *subscriber.Event) {
	s := t.streams[stream{ev.Session, ev.Partition}]
	if s == nil || !s.begun {
		return
	}
	left, cause := subscriber.Range{From: ev.Offset, To: ev.Offset + 1}, subscriber.CauseClosed
	switch ev.Kind {
	case subscriber.Message:
	case subscriber.Loss:
		left, cause = ev.Lost, ev.Cause
	default:
		return
	}
	if left.To = min(left.To, s.highest); left.From < left.To {
		t.lose(s, left, cause)
	}
}

// complete copies the subscriber's own counters while it has them: it forgets sessions that
// are over when there are too many.
func (s *streamTally) complete(known []subscriber.Session) {
	for i := range known {
		if k := &known[i]; k.ID == s.session && k.Partition == s.Partition {
			s.Name, s.FirstOffset, s.NextOffset = k.Name, k.FirstOffset, k.NextOffset
			s.Counters = sessionCounters(k)
			s.completed = true
			return
		}
	}
	if !s.completed {
		s.FirstOffset, s.NextOffset = s.lowest, s.highest
	}
}

// measured replaces the histograms by their quantiles.
func (t *times) measured() {
	if q := t.latency.Quantiles(); q != nil {
		t.Latency = q
	}
	if q := t.recovery.Quantiles(); q != nil {
		t.Recovery = q
	}
	if q := t.taken.Quantiles(); q != nil {
		t.Taken = q
	}
	t.latency, t.recovery, t.taken = hist.Histogram{}, hist.Histogram{}, hist.Histogram{}
}

// unmeasure frees the histograms of the silent sessions that were heard first, where there
// are too many.
func (t *tally) unmeasure() {
	kept := make(map[*times]bool)
	for _, s := range slices.Backward(t.list) {
		m := s.times
		if m.open > 0 || kept[m] || m.latency.Count() == 0 && m.recovery.Count() == 0 {
			continue
		}
		if kept[m] = len(kept) < maxMeasured; !kept[m] {
			m.measured()
			delete(kept, m)
		}
	}
}

// summary returns what was counted. If all of the stream was taken, the ranges of offsets are
// the subscriber's; otherwise they end with the last message taken.
// Feeds are those that were given.
func (t *tally) summary(sub *subscriber.Subscriber, all bool, feeds []subscriber.Feed) *Summary {
	st := sub.Stats()
	sum := &Summary{
		Sessions: []*SessionSummary{}, MoreSessions: t.dropped, Counters: counts.Of(st.Counters()),
	}
	for _, s := range append(st.Groups, st.Socket) {
		if granted := cli.Size(s.ReadBuffer); s.KernelDrops > 0 &&
			(sum.granted == 0 || granted < sum.granted) {
			sum.granted = granted
		}
	}
	known := sub.Sessions()
	for i := range known {
		sum.moved += known[i].Moved
		sum.contested += known[i].Contested
	}
	positions := sub.Positions()
	for _, s := range t.list {
		for i := range positions {
			if at := &positions[i]; at.Session == s.session && at.Partition == s.Partition {
				s.Acknowledged = &at.Offset
			}
		}
		if t.streams[s.stream] == s { // else a later one has its name
			s.complete(known)
		}
		if !all {
			s.NextOffset = s.FirstOffset + s.Delivered + s.Lost
			s.Counters = s.Counters.Without(aheadOfTally...)
		}
		s.Feeds = feedsOf(sub.Feeds(s.session), feeds)
		s.times.measured()
		s.Latency, s.Recovery, s.Taken = s.times.Latency, s.times.Recovery, s.times.Taken
		sum.Sessions = append(sum.Sessions, &s.SessionSummary)
	}
	for _, s := range t.list {
		t.goesOn(s)
	}
	if t.team != nil {
		t.unseen = t.team.summary(sum, t.list, &st)
	}
	sum.UnseenEnds = uint64(t.unseen)
	return sum
}
