package checker

import (
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// truth is what the Checker knows of one session's publisher: what it sent, and
// whether that is what it should have sent.
type truth struct {
	c *Checker
	s *world.Session
	layout

	cfg      world.PublisherConfig // of its publisher
	datagram int                   // the largest datagram that is configured
	slots    uint64                // how many frames the resend buffer holds at least
	room     int                   // bytes of chunks in a frame

	before   time.Duration // for how long its host was suspended before it began
	lastSent reliable.Time // anything to the group
	woken    reliable.Time // when it last woke from a pause
	saidBye  bool
	answers  answers
	traffic  traffic
	*whole
	inquests inquests
	// survivors says that there are subscribers that repeat what it sent.
	survivors bool
}

// neverQuiet is the longest that a live publisher may send nothing to the
// group: its longest heartbeat interval is 400 ms, and what its socket has
// to take comes before.
const neverQuiet = 1500 * time.Millisecond

func newTruth(c *Checker, s *world.Session) *truth {
	config := s.Publisher.Config()
	config.Sender, _ = config.Sender.Complete() // New has checked it
	cfg := &config.Sender
	t := &truth{
		c: c, s: s, cfg: config,
		layout:   layout{firstSeq: s.FirstSeq, firstOffset: s.FirstOffset},
		traffic:  traffic{firstSeq: s.FirstSeq},
		datagram: cfg.Datagram,
		slots: uint64(cfg.Retention.ResendBuffer/max(cfg.Layout.Partitions, 1)/
			frame.DataSize(cfg.Datagram)) - 1,
		room:      frame.DataRoom(cfg.Datagram),
		before:    s.Publisher.Suspended(),
		lastSent:  s.Start,
		inquests:  inquests{c: c, s: s},
		survivors: slices.ContainsFunc(c.w.Subscribers(), (*world.Subscriber).Survives),
	}
	if s.Partition == 0 {
		t.whole = &whole{rest: rest{busy: s.Start}}
	} else {
		t.whole = c.truths[s.Index()-int(s.Partition)].whole
	}
	return t
}

// mayLack reports whether the resend buffer may have overwritten a frame that was
// sent: whether more full frames than it holds can have been filled since.
func (t *truth) mayLack(seq uint64) bool {
	filled := t.next() + 1 // a frame may be open
	if filled-seq > t.slots {
		return true
	}
	told := false
	for o := t.s.SentOffset(); o < t.s.NextOffset(); o++ { // accepted, not sent
		if t.s.Dropped(o) {
			if !told {
				filled++ // a run of dropped ones may take a frame
			}
			told = true
			continue
		}
		told = false
		size := len(t.s.Payload(o))
		if n := len(t.s.Properties(o)); n > 0 {
			size += 1 + n
		}
		filled += uint64(frame.Frames(size, t.room))
		if filled-seq > t.slots {
			return true
		}
	}
	return false
}

// sent judges a packet that the publisher sends.
func (t *truth) sent(p *world.Datagram) {
	now, f := t.c.w.Now(), p.Frame
	pub := t.s.Publisher
	if p.ToGroup() {
		t.judgeQuiet(now)
		t.lastSent = now
	}
	t.judgeFit(p)
	t.judgeRest(now, f)
	switch f.Kind {
	case frame.Data:
		t.spent.data(now, len(f.Raw))
		if f.Seq != t.next() {
			t.c.fail("%v sends frame %d, and %d is next", pub, f.Seq, t.next())
			return
		}
		sent := sentFrame{offset: f.Offset, end: f.EndOffset(),
			unfinished: f.Flags&frame.Unfinished != 0, size: len(f.Raw)}
		if t.survivors || len(t.c.w.Recorders()) > 0 {
			sent.raw = f.Raw
		}
		t.frames = append(t.frames, sent)
		t.traffic.frame(f.Seq).sent = now
	case frame.Repair:
		if f.Data == nil || f.Data.Seq >= t.next() {
			t.c.fail("%v repairs with what it never sent: %v", pub, f)
			return
		}
		t.judgeRepair(now, p)
		t.answers.repairs = append(t.answers.repairs, repairSent{now, f.Data.Seq, p.Target})
	case frame.Heartbeat, frame.Bye:
		t.beat(f)
	case frame.Gone:
		t.judgeGone(f)
		// All below the oldest is denied, named or not.
		denied := append([]nack.Range{{From: 0, To: f.OldestSeq}}, f.Ranges...)
		t.answers.gones = append(t.answers.gones, rangesAt{at: now, sent: now, sub: p.Target,
			ranges: denied})
	case frame.Confirm:
		t.judgeConfirm(p)
		t.answers.confirms = append(t.answers.confirms, rangesAt{at: now, sent: now, sub: p.Target,
			ranges: f.Ranges})
	}
	t.answers.trim(now)
}

// judgeGone asks whether a publisher may deny frames.
func (t *truth) judgeGone(f *frame.Frame) {
	pub := t.s.Publisher
	for _, r := range f.Ranges {
		switch {
		case f.Flags&frame.TooLarge != 0:
			for q := r.From; q < r.To; q++ {
				if !t.tooLarge(q) {
					t.c.fail("%v says that frame %d is too large, and datagrams may have "+
						"%d bytes", pub, q, pub.Datagram())
					break
				}
			}
		case r.To > t.next() || !t.mayLack(r.To-1):
			t.c.fail("%v says that it no longer holds frames %v, and must: %d frames fit "+
				"its resend buffer, and %d is next",
				pub, r, t.slots, t.next())
		}
	}
}

// judgeQuiet asks whether a publisher that runs has sent something lately.
func (t *truth) judgeQuiet(now reliable.Time) {
	if quiet := now.Sub(max(t.lastSent, t.woken)); quiet > neverQuiet {
		t.c.fail("%v was quiet for %v, and may be for %v", t.s.Publisher, quiet, neverQuiet)
	}
}

// finish judges a publisher at the end of a run. A restarted one's counters are
// those of its last session.
func (t *truth) finish() {
	if p := t.s.Publisher; p.Session() == t.s {
		t.judgeCounts(p)
	}
	if t.s.Ended == reliable.Never && !t.s.Publisher.Paused() {
		t.judgeQuiet(t.c.w.Now())
	}
	t.judgeCounted()
}

// judgeCounted asks whether the pace of subscribers counts only where they listen.
func (t *truth) judgeCounted() {
	p := t.s.Publisher
	if p.Session() == nil || p.Session().ID != t.s.ID {
		return
	}
	for _, sub := range t.c.w.Subscribers() {
		if _, _, ok := p.CountedFrom(sub.ID(), t.s.Partition); ok && !sub.Wants(t.s) {
			t.c.fail("%v counts the pace of %v in partition %d, which it doesn't follow", p, sub,
				t.s.Partition)
		}
	}
}

// judgeCounts asks whether a publisher's counters, which are of all streams, add up.
func (t *truth) judgeCounts(p *world.Publisher) {
	st := p.Stats()
	accepted, sent := uint64(0), uint64(0)
	for _, s := range p.Streams() {
		accepted += s.NextOffset() - s.FirstOffset
		sent += uint64(len(t.c.truth(s).frames))
	}
	if st.Accepted != accepted || len(p.Streams()) == 1 && st.NextOffset != t.s.NextOffset() {
		t.c.fail("%v counts %d messages accepted up to offset %d, and there were %d up to %d",
			p, st.Accepted, st.NextOffset, accepted, t.s.NextOffset())
	}
	if st.Frames > sent || st.Frames < sent && !p.Writing() && t.s.Ended == reliable.Never {
		t.c.fail("%v counts %d frames sent, and there were %d", p, st.Frames, sent)
	}
}

// beat judges a HEARTBEAT or BYE.
func (t *truth) beat(f *frame.Frame) {
	pub := t.s.Publisher
	if f.NextSeq > t.next() || f.NextOffset > t.s.NextOffset() {
		t.c.fail("%v tells of frames up to %d and messages up to %d, and sent %d and accepted %d",
			pub, f.NextSeq, f.NextOffset, t.next(), t.s.NextOffset())
	}
	if f.OldestSeq > t.s.FirstSeq && !t.mayLack(f.OldestSeq-1) {
		t.c.fail("%v says that it holds nothing before frame %d, and must: %d frames fit its "+
			"resend buffer, and %d is next",
			pub, f.OldestSeq, t.slots, t.next())
	}
	if f.Kind == frame.Bye {
		t.saidBye = true
		if f.NextOffset != t.s.NextOffset() {
			t.c.fail("%v says BYE at offset %d, and has accepted %d", pub, f.NextOffset,
				t.s.NextOffset())
		}
	}
}

// answered notes a NACK that reached the publisher.
func (t *truth) answered(p *world.Datagram) {
	t.rest.heard(t.c.w.Now(), p.Frame)
	if p.Frame.Kind != frame.Nack {
		return
	}
	t.noteRefusals()
	// A publisher takes a NACK's time from its own clock, as the subscriber heard it, and by how
	// much later it asked: where its host was suspended meanwhile, the NACK is from the future.
	said := t.s.Start.Add(time.Duration(p.Frame.Echo) + p.Frame.Held)
	sent := max(p.Sent, said.Add(t.s.Publisher.Suspended()-t.before))
	t.answers.asks = append(t.answers.asks, rangesAt{at: t.c.w.Now(), sent: sent,
		sub: p.Subscriber, ranges: p.Frame.Ranges, echoes: p.Frame.Echo != 0})
	t.each(p.Frame.Ranges, func(_ uint64, f *served) { f.asks++ })
}

// noteRefusals remembers whether the publisher's bounds were reached by the last
// NACK. What waits for its budget is no excuse: it is confirmed.
func (t *truth) noteRefusals() {
	st := t.s.Publisher.Stats()
	t.answers.noteRefused(st.Responder.Refused + st.Responder.Unconfirmed + st.Unconfirmed +
		st.Unanswered)
}

func (t *truth) woke(reliable.Time) {
	t.woken = t.c.w.Now()
	t.rest.busy = t.woken
}

func (t *truth) ended() {
	if !t.s.Crashed && !t.saidBye {
		t.c.fail("%v left without a BYE", t.s.Publisher)
	}
}

// ranFrom reports whether the publisher ran all the time.
func (t *truth) ranFrom(from, to reliable.Time) bool {
	p := t.s.Publisher
	return t.s.Ended > to && !p.Paused() && t.woken < from
}

// answerTime returns how long the publisher may take to answer.
func (t *truth) answerTime() time.Duration {
	return 500*time.Millisecond + 1000*t.cfg.Write
}

// wall returns the publisher's wall clock at a time.
func (t *truth) wall(at reliable.Time) int64 {
	if wall := t.cfg.Sender.Wall; wall != 0 {
		return wall + int64(at-t.s.Start)
	}
	return world.WallStart + int64(at)
}
