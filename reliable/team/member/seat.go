package member

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
)

// A seat is a partition of a session, as far as a member has to do with it.
type seat struct {
	court   *court
	channel uint32
	// closed is the highest epoch that is over: none up to it is held again.
	closed uint64
	// tenure is what is held; nil: nothing.
	tenure *tenure
	// past is the last tenure that is over. While it is listed, CLAIMs say so, by state, the first
	// of them since.
	past   *tenure
	state  frame.ClaimState
	listed bool
	since  uint64
	// prepared says that the stream is followed for a tenure to come, from a place on, by the
	// word of a GRANT of that Stamp which came at asked; ready says that it is as far.
	prepared bool
	ready    bool
	seq      uint64
	from     uint64
	stamp    uint64
	asked    reliable.Time
	// limbo is until when the stream is followed after its lease has run out, unless its publisher
	// is silent by then; 0: it isn't.
	limbo reliable.Time
	// awaits says that it is looked after orphans at the next Poll.
	awaits bool
	// desk is what there is of the partition where messages are shared; nil: they aren't.
	desk *desk
	// The stream was told to be silent, or to have ended.
	silent, ended bool
	// kept are messages that were polled, and not handed out as the lease had run out: they are
	// orphans if the publisher turns out to be silent. They have so many bytes.
	kept      []reliable.Event
	keptBytes int
}

// maxKept bounds them, and maxKeptBytes their bytes.
const maxKept, maxKeptBytes = 1 << 12, 4 << 20

// A tenure is what a member has of a partition from Assigned to Revoked.
type tenure struct {
	epoch uint64
	// until is when the lease runs out, by the lease clock.
	until reliable.Time
	// stamp is that of the newest GRANT of it, and confirmed the done position by it.
	stamp, confirmed uint64
	// taken says that the stream is followed.
	taken bool
	// giving says that it is to be given back.
	giving bool
	orphan orphan
	// ends says that the session had said BYE when the lease ran out.
	ends bool
	// spans are what is granted, ascending and disjoint: what lies between is done.
	spans []*reliable.Grant
	// handed is the offset behind the last message that was handed out.
	handed uint64
	// done is the offset below which all is done, which starts in frame doneSeq or after it.
	done, doneSeq uint64
	// ahead are the runs that are done besides, ascending, which don't touch.
	ahead []run
	// reported is the done position as it was last told, and changed says that there is more to
	// tell.
	reported uint64
	changed  bool
}

// run is a run of messages that are done, of which the last ends in frame seq.
type run struct{ from, to, seq uint64 }

// orphan is what becomes of what is in hand when the publisher is silent.
type orphan uint8

const (
	orphanDelivered orphan = iota + 1
	orphanReported
)

// maxAhead bounds the runs that are done out of order: nothing more is handed out then.
const maxAhead = 1024

// next returns the offset from which on messages are to be handed out.
func (t *tenure) next() uint64 { return max(t.handed, t.confirmed) }

// hold takes the entries of a GRANT for one epoch, and reports whether they are news.
func (s *seat) hold(list []frame.GrantEntry, until reliable.Time, stamp uint64) (news bool) {
	c, m, e := s.court, s.court.m, &list[0]
	if e.Epoch <= s.closed {
		m.stats.OldEpochs++
		if s.past != nil && e.Epoch == s.past.epoch && !s.listed {
			s.listed, s.since = true, 0
			return true
		}
		return false
	}
	if s.ended {
		if p, ok := m.Place(c.id, s.channel); ok && p.Over && e.From >= p.Newest {
			return false // nothing is left of it
		}
	}
	t := s.tenure
	if t != nil && t.orphan != 0 { // its publisher is back
		s.part()
		t = nil
	}
	if t != nil && e.Epoch < t.epoch {
		m.stats.OldEpochs++
		return false
	}
	if until <= m.lease() && (t == nil || t.epoch != e.Epoch) {
		m.stats.Stale++ // it is over by now
		return true
	}
	if t != nil && t.epoch != e.Epoch {
		s.revoke(reliable.RevokedSuperseded, frame.Released)
	}
	if t = s.tenure; t == nil {
		t = s.begin(e)
		news = true
	}
	t.until = max(t.until, until)
	if stamp < t.stamp {
		return news
	}
	t.stamp = stamp
	if e.From > t.confirmed || len(t.spans) == 0 {
		t.confirm(e)
		m.Wake(c.id, s.channel)
	}
	t.grant(m, c, s.channel, list)
	if news {
		m.stats.Assigned++
		c.served = true
		ev := m.announce(c, s.channel, reliable.Assigned)
		ev.Grant, ev.Seq, ev.Offset = t.spans[0], e.Seq, e.From
	}
	if !t.taken {
		t.taken = m.Take(m.now, c.id, s.channel, t.doneSeq, t.next())
	}
	switch gives := e.State == frame.GiveBack || m.leaving; {
	case gives && !t.giving:
		s.giveBack()
		return true
	case !gives && t.giving: // it may keep it, and what was polled by then wasn't handed out
		t.giving = false
		t.taken = m.Take(m.now, c.id, s.channel, t.doneSeq, t.next())
		return true
	}
	return news
}

// begin makes a tenure.
func (s *seat) begin(e *frame.GrantEntry) *tenure {
	t := &tenure{epoch: e.Epoch, handed: e.From, done: e.From, doneSeq: e.Seq, reported: e.From,
		confirmed: e.From}
	s.tenure, s.limbo = t, 0
	s.kept, s.keptBytes = nil, 0
	s.unprepare()
	return t
}

// confirm takes the word of what is done.
func (t *tenure) confirm(e *frame.GrantEntry) {
	t.confirmed = max(t.confirmed, e.From)
	if t.done < t.confirmed { // others know of more
		t.done, t.doneSeq = t.confirmed, e.Seq
		t.handed = max(t.handed, t.done)
		t.join()
	}
}

// grant makes the spans of entries. Those that go on stay what they are: events have them.
func (t *tenure) grant(m *Member, c *court, channel uint32, list []frame.GrantEntry) {
	kept := t.spans[:0:0]
	for i := range list {
		e := &list[i]
		to := e.To
		if to == 0 {
			to = endless
		}
		var g *reliable.Grant
		for _, one := range t.spans {
			if one.To == to && one.Attempt == max(e.Attempt, 1) {
				g = one
			}
		}
		if g == nil {
			g = &reliable.Grant{Team: m.cfg.Team, Session: reliable.SessionID(c.id),
				Partition: channel, Epoch: e.Epoch, From: e.From, To: to,
				Attempt: max(e.Attempt, 1), Worker: m.cfg.Worker}
		}
		if n := len(kept); n == 0 || kept[n-1].To <= e.From && kept[n-1] != g {
			kept = append(kept, g)
		}
	}
	t.spans = kept
}

// giveBack has the tenure given back as soon as what was handed out is done.
func (s *seat) giveBack() {
	t, m := s.tenure, s.court.m
	if t.giving {
		return
	}
	t.giving = true
	ev := m.announce(s.court, s.channel, reliable.Revoking)
	ev.Grant, ev.Seq, ev.Offset = t.spans[0], t.doneSeq, t.done
	s.finish()
}

// finish ends the tenure if it is to end, and nothing of it is in hand.
func (s *seat) finish() {
	t, m := s.tenure, s.court.m
	switch {
	case t == nil || !t.giving && !s.ended:
	case t.orphan != 0:
		if p, ok := m.Place(s.court.id, s.channel); !ok || p.Over && t.next() >= p.Newest {
			s.part()
		}
	case s.works() || !t.giving && !s.over():
	case !t.giving:
		s.release(reliable.RevokedEnded)
	case !m.leaving:
		s.release(reliable.RevokedGivenBack)
	case s.court.works():
		// One that leaves says so once it has nothing more in hand: what it gave back before
		// might be granted to it again.
	default:
		for _, one := range s.court.seats {
			if one != nil && one.tenure != nil && one.tenure.giving {
				one.release(reliable.RevokedGivenBack)
			}
		}
	}
}

// works reports whether something of the tenure is in hand.
func (s *seat) works() bool {
	t := s.tenure
	return t.done < t.handed || s.court.m.busy == (hold{s.court.id, s.channel, t.epoch})
}

// works reports whether something of a tenure is in hand.
func (c *court) works() bool {
	for _, s := range c.seats {
		if s != nil && s.tenure != nil && s.tenure.orphan == 0 && s.works() {
			return true
		}
	}
	return false
}

// over reports whether all is told of the stream.
func (s *seat) over() bool {
	p, ok := s.court.m.Place(s.court.id, s.channel)
	return !ok || p.Over
}

// release gives the tenure back, of which nothing is in hand.
func (s *seat) release(why reliable.Revocation) {
	s.revoke(why, frame.Released)
	s.part()
}

// revoke ends the tenure, which CLAIMs are to tell.
func (s *seat) revoke(why reliable.Revocation, state frame.ClaimState) {
	t, m := s.tenure, s.court.m
	s.tenure = nil
	s.closed = max(s.closed, t.epoch)
	s.past, s.state, s.listed, s.since = t, state, true, 0
	switch why {
	case reliable.RevokedGivenBack:
		m.stats.GivenBack++
	case reliable.RevokedLapsed:
		m.stats.Lapsed++
	}
	ev := m.announce(s.court, s.channel, reliable.Revoked)
	ev.Grant, ev.Seq, ev.Offset, ev.Revocation = t.spans[0], t.doneSeq, t.done, why
	ev.Lost.From, ev.Lost.To = t.done, max(t.done, t.handed)
	s.court.soon()
}

// part follows the stream no more.
func (s *seat) part() {
	if t := s.tenure; t != nil && t.orphan != 0 && t == s.past && t.handed > t.confirmed {
		s.listed, s.since = true, 0 // what was handed out meanwhile
		s.court.soon()
	}
	s.tenure, s.limbo = nil, 0
	s.kept, s.keptBytes = nil, 0
	s.court.m.Receiver.Leave(s.court.m.now, s.court.id, s.channel)
}

// end ends what there is at once.
func (s *seat) end(why reliable.Revocation) {
	if s.desk != nil {
		s.desk.free(s, true)
	}
	s.unprepare()
	if s.tenure != nil && s.tenure.orphan == 0 {
		s.revoke(why, frame.Released)
	}
	if s.tenure != nil || s.limbo != 0 || why == reliable.RevokedEnded {
		s.part()
	}
}

// advance lets time pass.
func (s *seat) advance(life *receive.Life) {
	if s.desk != nil {
		s.desk.advance(s, life)
		return
	}
	c, m := s.court, s.court.m
	if t := s.tenure; t != nil && t.orphan == 0 && m.lease() >= t.until {
		// It may be that the publisher is silent, which has yet to be known: then it is the
		// member's to say what becomes of what it has.
		p, _ := m.Place(c.id, s.channel)
		t.ends = p.Ends || p.Over
		s.revoke(reliable.RevokedLapsed, frame.Lapsed)
		s.limbo = m.now.Add(m.silence())
		if s.silent {
			s.orphaned()
		}
	}
	if s.ended {
		s.finish()
	}
	if s.prepared && m.now >= s.asked.Add(2*c.lease) {
		s.unprepare()
	}
	if s.limbo == 0 {
		return
	}
	switch p, ok := m.Place(c.id, s.channel); {
	case !ok:
		s.part()
	case m.now >= life.SilentAt && (p.Ends || p.Over):
		s.orphaned()
	case m.now < life.SilentAt && m.now >= s.limbo:
		s.part()
	}
}

// deadline returns when to call advance.
func (s *seat) deadline(life *receive.Life) reliable.Time {
	m, at := s.court.m, reliable.Never
	if s.desk != nil {
		return s.desk.deadline(s)
	}
	if t := s.tenure; t != nil && t.orphan == 0 {
		at = min(at, t.until.Add(-m.shift))
	}
	if s.prepared {
		at = min(at, s.asked.Add(2*s.court.lease))
	}
	if s.limbo != 0 && !s.awaits {
		if life.Ended {
			at = min(at, max(life.SilentAt, m.now))
		}
		if m.now < life.SilentAt {
			at = min(at, max(s.limbo, m.now))
		}
	}
	return at
}

// defaultSilence is that of a Receiver.
const defaultSilence = 2 * time.Second

// silence returns the silence time.
func (m *Member) silence() time.Duration {
	if d := m.cfg.Receive.Recovery.Silence; d != 0 {
		return d
	}
	return defaultSilence
}
