package checker

import (
	"sort"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/send"
	"crier/testnet/world"
)

// truth is what the Checker knows of one session's publisher: what it sent, and
// whether that is what it should have sent.
type truth struct {
	c *Checker
	s *world.Session

	cfg      world.PublisherConfig // of its publisher
	datagram int                   // the largest datagram that is configured
	slots    uint64                // how many frames the resend buffer holds at the least
	room     int                   // bytes of chunks in a frame
	frames   []sentFrame           // what was sent, by sequence number

	lastSent  reliable.Time // anything to the group
	woken     reliable.Time // when it last woke from a pause
	repairs   []repairSent
	confirms  []rangesAt
	gones     []rangesAt
	asks      []rangesAt
	refused   uint64 // by the publisher's bounds, so far
	traffic   traffic
	saidBye   bool
	lastTrim  reliable.Time
	announced time.Duration // the greatest heartbeat interval
}

// sentFrame is which messages a frame has a part of.
type sentFrame struct {
	offset, end uint64
	unfinished  bool // its last message goes on in the next frame
	size        int  // in bytes
}

// repairSent is one REPAIR.
type repairSent struct {
	at  reliable.Time
	seq uint64
	to  *world.Subscriber // nil: the group
}

// rangesAt is a frame with ranges: whom it came from or went to, and when.
type rangesAt struct {
	at     reliable.Time
	sent   reliable.Time // of a NACK
	sub    *world.Subscriber
	ranges []nack.Range
	// Of a NACK: it says when it was sent; the publisher's bounds made it refuse some
	// of it, or left no room for an answer.
	echoes, refused bool
}

func (r *rangesAt) contains(seq uint64) bool {
	for _, x := range r.ranges {
		if x.Contains(seq) {
			return true
		}
	}
	return false
}

const (
	// keepLog is how long the Checker remembers requests.
	keepLog = 30 * time.Second
	// neverQuiet is the longest that a live publisher may send nothing to the
	// group: its longest heartbeat interval is 400 ms, and what its socket has
	// to take comes before.
	neverQuiet = 1500 * time.Millisecond
)

func newTruth(c *Checker, s *world.Session) *truth {
	whole := s.Publisher.Config()
	cfg := whole.Sender
	if cfg.Datagram == 0 {
		cfg.Datagram = reliable.DefaultDatagram
	}
	if cfg.Retention.ResendBuffer == 0 {
		cfg.Retention.ResendBuffer = send.DefaultResendBuffer
	}
	return &truth{
		c: c, s: s, cfg: whole,
		datagram: cfg.Datagram,
		slots:    uint64(cfg.Retention.ResendBuffer/frame.DataSize(cfg.Datagram)) - 1,
		room:     frame.DataRoom(cfg.Datagram),
		lastSent: s.Start,
	}
}

// next returns the sequence number after the last one sent.
func (t *truth) next() uint64 { return t.s.FirstSeq + uint64(len(t.frames)) }

// mayLack says whether the resend buffer may have overwritten a frame that was
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
		filled += uint64(frame.Frames(len(t.s.Payload(o)), t.room))
		if filled-seq > t.slots {
			return true
		}
	}
	return false
}

// first returns the sequence number of the first frame with a part of the
// message at offset or of a later one.
func (t *truth) first(offset uint64) uint64 {
	i := sort.Search(len(t.frames), func(i int) bool { return t.frames[i].end > offset })
	return t.s.FirstSeq + uint64(i)
}

// last returns the sequence number after the last frame with a part of a message
// below offset.
func (t *truth) last(offset uint64) uint64 {
	i := sort.Search(len(t.frames), func(i int) bool { return t.frames[i].offset >= offset })
	return t.s.FirstSeq + uint64(i)
}

// starts returns the first message that starts in a frame or after it.
func (t *truth) starts(seq uint64) uint64 {
	i := seq - t.s.FirstSeq
	switch {
	case i == 0:
		return t.s.FirstOffset
	case i >= uint64(len(t.frames)):
		return t.frames[len(t.frames)-1].end
	}
	return t.frames[i-1].end
}

// spans says whether a message has parts in several frames.
func (t *truth) spans(offset uint64) bool {
	i := t.first(offset) - t.s.FirstSeq
	return i < uint64(len(t.frames)) && t.frames[i].unfinished && t.frames[i].end == offset+1
}

// sent judges a packet that the publisher sends.
func (t *truth) sent(p *world.Datagram) {
	now, f := t.c.w.Now(), p.Frame
	pub := t.s.Publisher
	if p.ToGroup() {
		t.judgeQuiet(now)
		t.lastSent = now
	}
	t.noteRefusals()
	t.judgeFit(p)
	switch f.Kind {
	case frame.Data:
		t.noteData(now, len(f.Raw))
		if f.Seq != t.next() {
			t.c.fail("%v sends frame %d, and %d is next", pub, f.Seq, t.next())
			return
		}
		t.frames = append(t.frames, sentFrame{f.Offset, f.EndOffset(),
			f.Flags&frame.Unfinished != 0, len(f.Raw)})
		t.frame(f.Seq).sent = now
	case frame.Repair:
		if f.Data == nil || f.Data.Seq >= t.next() {
			t.c.fail("%v repairs with what it never sent: %v", pub, f)
			return
		}
		t.judgeRepair(now, p)
		t.repairs = append(t.repairs, repairSent{now, f.Data.Seq, p.Target})
	case frame.Heartbeat, frame.Bye:
		t.beat(f)
	case frame.Gone:
		for _, r := range f.Ranges {
			if f.Flags&frame.TooLarge != 0 {
				for q := r.From; q < r.To; q++ {
					if !t.tooLarge(q) {
						t.c.fail("%v says that frame %d is too large, and datagrams may have "+
							"%d bytes", pub, q, pub.Datagram())
						break
					}
				}
				continue
			}
			if r.To > t.next() || !t.mayLack(r.To-1) {
				t.c.fail("%v says that it no longer holds frames %v, and must: %d frames fit "+
					"its resend buffer, and %d is next",
					pub, r, t.slots, t.next())
			}
		}
		// All below the oldest is denied, named or not.
		denied := append([]nack.Range{{From: 0, To: f.OldestSeq}}, f.Ranges...)
		t.gones = append(t.gones, rangesAt{at: now, sent: now, sub: p.Target, ranges: denied})
	case frame.Confirm:
		t.judgeConfirm(p)
		t.confirms = append(t.confirms, rangesAt{at: now, sent: now, sub: p.Target,
			ranges: f.Ranges})
	}
	t.trim(now)
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
		st := p.Stats()
		if accepted := t.s.NextOffset() - t.s.FirstOffset; st.Accepted != accepted ||
			st.NextOffset != t.s.NextOffset() {
			t.c.fail("%v counts %d messages accepted up to offset %d, and there were %d up to %d",
				p, st.Accepted, st.NextOffset, accepted, t.s.NextOffset())
		}
		if sent := uint64(len(t.frames)); st.Frames > sent || st.Frames < sent && !p.Writing() &&
			t.s.Ended == reliable.Never {
			t.c.fail("%v counts %d frames sent, and there were %d", p, st.Frames, sent)
		}
	}
	if t.s.Ended == reliable.Never && !t.s.Publisher.Paused() {
		t.judgeQuiet(t.c.w.Now())
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
		return
	}
	t.announced = max(t.announced, f.Interval)
}

// answered notes a NACK that reached the publisher.
func (t *truth) answered(p *world.Datagram) {
	if p.Frame.Kind != frame.Nack {
		return
	}
	t.noteRefusals()
	t.asks = append(t.asks, rangesAt{at: t.c.w.Now(), sent: p.Sent, sub: p.Subscriber,
		ranges: p.Frame.Ranges, echoes: p.Frame.Echo != 0})
	t.each(p.Frame.Ranges, func(_ uint64, f *served) { f.asks++ })
}

// noteRefusals remembers whether the publisher's bounds were reached by the last
// NACK. What waits for its budget is no excuse: it is confirmed.
func (t *truth) noteRefusals() {
	st := t.s.Publisher.Stats()
	sum := st.Responder.Refused + st.Responder.Unconfirmed + st.Unconfirmed + st.Unanswered
	if n := len(t.asks); sum != t.refused && n > 0 {
		t.asks[n-1].refused = true
	}
	t.refused = sum
}

func (t *truth) woke(reliable.Time) { t.woken = t.c.w.Now() }

func (t *truth) ended() {
	if !t.s.Crashed && !t.saidBye {
		t.c.fail("%v left without a BYE", t.s.Publisher)
	}
}

// trim forgets what is too old to matter.
func (t *truth) trim(now reliable.Time) {
	if now.Sub(t.lastTrim) < keepLog {
		return
	}
	t.lastTrim = now
	old := now - reliable.Time(keepLog)
	t.repairs = t.repairs[:copy(t.repairs, t.repairs[sort.Search(len(t.repairs),
		func(i int) bool { return t.repairs[i].at >= old }):])]
	t.confirms, t.gones, t.asks = trimRanges(t.confirms, old), trimRanges(t.gones, old),
		trimRanges(t.asks, old)
}

func trimRanges(list []rangesAt, old reliable.Time) []rangesAt {
	n := copy(list, list[sort.Search(len(list), func(i int) bool { return list[i].at >= old }):])
	clear(list[n:])
	return list[:n]
}

// ranFrom reports whether the publisher ran all the time.
func (t *truth) ranFrom(from, to reliable.Time) bool {
	p := t.s.Publisher
	return t.s.Ended > to && !p.Paused() && t.woken < from
}

// answeredSince reports whether a frame was repaired, confirmed or denied.
func (t *truth) answeredSince(at reliable.Time, seq uint64, sub *world.Subscriber) bool {
	for i := len(t.repairs) - 1; i >= 0 && t.repairs[i].at >= at; i-- {
		if r := &t.repairs[i]; r.seq == seq && (r.to == nil || r.to == sub) {
			return true
		}
	}
	for i := range t.confirms {
		if t.confirms[i].at >= at && t.confirms[i].contains(seq) {
			return true
		}
	}
	for i := range t.gones {
		if g := &t.gones[i]; g.at >= at && (g.sub == nil || g.sub == sub) && g.contains(seq) {
			return true
		}
	}
	return false
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
