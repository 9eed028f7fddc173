package receive

import (
	"net/netip"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// evidence answers FINDs for the end of a stream: a publisher that starts again asks where its
// last session ended. A subscriber answers as a peer, to the group and after a back-off, so that
// others hold back who know no more. Where a recorder is there, it leaves the first question of
// each asker to that one.
type evidence struct {
	r    *Receiver
	list []testimony
	// askers are those that asked last.
	askers []asker
	// credit is how many answers may go, in thousandths, as of paidAt.
	credit int64
	paidAt reliable.Time
	body   frame.DigestBody
	// asked says that somebody asked for the end of a stream that is followed, last at askedAt.
	asked   bool
	askedAt reliable.Time
}

// testimony is an answer that waits.
type testimony struct {
	session uint64
	channel uint32
	request uint64
	to      netip.AddrPort
	due     reliable.Time
}

// asker is somebody who asked for the end of a stream.
type asker struct {
	id uint64
	at reliable.Time
}

const (
	// maxTestimonies bounds the answers that wait, and maxAskers the askers remembered.
	maxTestimonies = 256
	maxAskers      = 16
	// evidenceRate is how many answers a subscriber sends a second, and evidenceBurst how
	// many at once.
	evidenceRate  = 64
	evidenceBurst = 64
	// askAgain is the time after which the same asker asks anew: it got no answer.
	askAgain = 50 * time.Millisecond
	// recorderTime is for how long a recorder's last word says that it is there: it speaks
	// each 5 s of a session that is over.
	recorderTime = 11 * time.Second
	// restartTime is how long after its last question a publisher that starts again may take
	// until it is heard.
	restartTime = 2 * time.Second
)

// find takes a FIND.
func (e *evidence) find(now reliable.Time, f *frame.Frame) {
	r := e.r
	if f.Find.What != frame.FindEnd || f.Subscriber == r.cfg.ID || len(f.Name) == 0 {
		return // others answer it
	}
	again := e.asks(now, f.Subscriber)
	to := r.topics.group(f.GroupIndex)
	// The newest come last.
	for i := len(r.table.list) - 1; i >= 0 && len(e.list) < maxTestimonies; i-- {
		s := r.table.list[i]
		st := s.stream(f.Channel)
		if f.Session != 0 && f.Session != s.id || st == nil || !s.isOf(f) ||
			e.waits(s.id, f.Channel) {
			continue
		}
		e.asked, e.askedAt = true, now
		if _, ok := st.reach(); !ok || !again && st.asked.recorderKnows(now, st.win.high) {
			continue
		}
		// The back-off is that of the session's NACKs.
		wait := nack.Backoff(r.rand, st.req.GroupSize(), st.req.RoundTrip())
		e.list = append(e.list, testimony{session: s.id, channel: f.Channel, request: f.Request,
			to: to, due: now.Add(wait)})
	}
}

// restarts reports whether a publisher that starts again asked a moment ago.
func (e *evidence) restarts(now reliable.Time) bool {
	return e.asked && now.Sub(e.askedAt) < restartTime
}

// asks notes who asks, and reports whether it asked before and still does.
func (e *evidence) asks(now reliable.Time, id uint64) bool {
	for _, a := range e.askers {
		if a.id == id {
			return now.Sub(a.at) >= askAgain
		}
	}
	if len(e.askers) == maxAskers {
		e.askers = slices.Delete(e.askers, 0, 1)
	}
	e.askers = append(e.askers, asker{id, now})
	return false
}

// waits reports whether an answer about a stream waits.
func (e *evidence) waits(session uint64, channel uint32) bool {
	return slices.ContainsFunc(e.list, func(t testimony) bool {
		return t.session == session && t.channel == channel
	})
}

// isOf reports whether a session is of the stream that a FIND names, and was heard here.
func (s *session) isOf(f *frame.Frame) bool {
	t := s.title.told
	return t != nil && t.Replay == 0 && s.source.IsValid() && t.Publisher == string(f.Name) &&
		t.Topic == string(f.Find.Topic) && t.Key == string(f.Find.Key)
}

// reach returns how far a stream is known to exist.
func (st *stream) reach() (position, bool) {
	switch e := st.early; {
	case st.phase != starting:
		return position{true, st.win.high, st.stats.NextOffset}, st.stats.Begun
	case e != nil:
		return position{true, e.nextSeq, e.nextOffset}, true
	}
	return position{}, false
}

// hears reports whether the publisher of a stream is heard.
func (st *stream) hears(now reliable.Time) bool {
	return (st.phase == starting || st.phase == live) && now < st.session.silentAt()
}

// recorderKnows reports whether a recorder that knows as much was heard lately.
func (a *answerers) recorderKnows(now reliable.Time, high uint64) bool {
	return slices.ContainsFunc(a.list, func(q *inquiry) bool {
		h := &q.holding
		return h.known && now.Sub(h.at) < recorderTime && h.next.seq >= high
	})
}

// heard takes the DIGEST of another, which may make an answer needless: it knows as much, and
// no more than there can be.
func (e *evidence) heard(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if len(e.list) == 0 || !e.r.cfg.Logs.believes(from.Addr()) {
		return
	}
	e.list = slices.DeleteFunc(e.list, func(t testimony) bool {
		s := e.r.table.byID[t.session]
		if t.session != f.Session || t.channel != f.Channel || s == nil {
			return s == nil
		}
		st := s.stream(f.Channel)
		at, _ := st.reach()
		return f.NextSeq >= at.seq && f.NextOffset >= at.offset &&
			st.extent.believes(now, f.NextSeq, f.NextOffset) &&
			(f.Flags&frame.Live != 0 || !st.hears(now))
	})
}

// deadline returns when the next answer is due.
func (e *evidence) deadline() reliable.Time {
	at := reliable.Never
	for i := range e.list {
		at = min(at, e.list[i].due)
	}
	return at
}

// next returns an answer that is due, and to whom it goes, or nil. The frame is valid until the
// next call for any stream.
func (e *evidence) next(now reliable.Time) (*frame.Frame, netip.AddrPort) {
	for i := 0; i < len(e.list); {
		t := e.list[i]
		if now < t.due {
			i++
			continue
		}
		e.list = slices.Delete(e.list, i, i+1)
		s := e.r.table.byID[t.session]
		if s == nil || !e.pay(now) {
			continue
		}
		return e.digest(now, s.stream(t.channel), t.request), t.to
	}
	return nil, netip.AddrPort{}
}

// pay takes one answer's worth of the budget, if there is so much.
func (e *evidence) pay(now reliable.Time) bool {
	const one = int64(time.Second) / evidenceRate
	if e.paidAt == 0 {
		e.credit = evidenceBurst * one
	}
	e.credit = min(e.credit+int64(now.Sub(e.paidAt)), evidenceBurst*one)
	e.paidAt = now
	if e.credit < one {
		return false
	}
	e.credit -= one
	return true
}

// digest returns what this subscriber knows of a stream. It holds no frame for others.
func (e *evidence) digest(now reliable.Time, st *stream, request uint64) *frame.Frame {
	r, s := e.r, st.session
	at, _ := st.reach()
	e.body = frame.DigestBody{Role: frame.Peer, Position: at.seq, From: at.seq, To: at.seq}
	f := &r.out.scratch
	*f = frame.Frame{
		Kind: frame.Digest, Session: s.id, Channel: st.channel, Responder: r.cfg.ID,
		Request: request, Time: uint64(max(0, now)),
		OldestSeq: at.seq, OldestOffset: at.offset, NextSeq: at.seq, NextOffset: at.offset,
		Digest: &e.body,
	}
	st.sign(now, f)
	switch {
	case st.hears(now):
		f.Flags = frame.Live
	case st.phase == left || st.phase == ended && st.stats.End == reliable.EndBye:
		f.Flags = frame.Final | frame.Ended
	default:
		f.Flags = frame.Final
	}
	return f
}

// sign adds to a DIGEST whose session it is of, and when that was heard.
func (st *stream) sign(now reliable.Time, f *frame.Frame) {
	d := f.Digest
	d.Version, d.Heard = st.r.DigestVersion(), max(0, now.Sub(st.session.heard))
	if t := st.told(); t != nil {
		f.Name = []byte(t.Publisher)
		d.Topic, d.Key, d.Replay = []byte(t.Topic), []byte(t.Key), uint64(t.Replay)
	}
	if t := st.title.told; t != nil { // else others would take where it begins for known
		d.Wall, d.FirstSeq, d.FirstOffset = t.Wall, t.FirstSeq, t.FirstOffset
		d.Prev = t.Prev.Wire()
	}
}

// DigestVersion returns the version of the next DIGEST of whatever session, which counts up.
func (r *Receiver) DigestVersion() uint64 {
	r.digests++
	return r.digests
}
