package receive

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// reports decides when a session's publisher is told where this subscriber is: at an interval
// that grows with the group, and when one of the streams has a reason. One STATUS tells of all
// streams, as far as they fit.
type reports struct {
	session *session
	// When STATUS is due, and when the last one was sent.
	due, last reliable.Time
	// next is the first of the streams that the STATUS that is due has yet to tell of.
	next int
	// parting reports that a farewell has begun, and that others of its STATUS follow; parted is
	// when the last one ended, or 0.
	parting bool
	parted  reliable.Time
	// wanted is when SESSION was last asked for, of a session of several streams.
	wanted reliable.Time
}

// status is what a stream has to tell its publisher: where it is; where the pace of subscribers
// counts, after as many frames as its HEARTBEAT says; when SESSION is wanted; and when this
// subscriber goes.
type status struct {
	stream *stream

	// Frames after which the publisher wants to know; 0 if it doesn't.
	every uint64
	// The position at which to tell, and the last one that was told.
	reportAt, reported uint64
	// How far the stream was synced in a log, as it was told.
	synced uint64
	// When to ask for SESSION, or HEARTBEAT, and how long until the next time.
	wantDue  reliable.Time
	wantWait time.Duration
	// When to tell the publisher that this subscriber goes.
	leaveDue reliable.Time
}

const (
	// wantLast is the longest time between two requests for SESSION.
	wantLast = 500 * time.Millisecond
	// wantGap is the least time between two requests for those of several streams: what is found
	// to be wanted within it is asked for together.
	wantGap = 10 * time.Millisecond
	// leastWant is the least time until one of several streams asks again.
	leastWant = 100 * time.Millisecond
	// reportGap is how long all subscribers together wait between two STATUS that the
	// pace asks for: each waits as many times as long as there are subscribers.
	reportGap = time.Millisecond
	// nowhere is a position that is never reached.
	nowhere = ^uint64(0)
	// statusBytes is the size of a STATUS without names and positions, at the most, and
	// placeBytes and logBytes those of a further position without and with how far a log is.
	statusBytes = 160
	placeBytes  = 15
	logBytes    = 33
)

func newReports(s *session, now reliable.Time) reports {
	return reports{session: s, due: now.Add(s.r.rand.Duration(reliable.StatusMin / 5))}
}

// by has a STATUS sent at a time, or before.
func (p *reports) by(at reliable.Time) { p.due = min(p.due, at) }

// soon has a STATUS sent as soon as may be.
func (p *reports) soon() { p.by(max(p.session.r.now, p.last.Add(p.gap()))) }

// hush ends the STATUS of a session of which all publishers are gone.
func (p *reports) hush() {
	if p.session.all(func(st *stream) bool { return st.over() || st.deserted() }) {
		p.due = reliable.Never
	}
}

// group returns the number of subscribers that the publisher announced.
func (p *reports) group() int {
	n := p.session.own.req.GroupSize()
	for _, st := range p.session.streams[1:] {
		n = max(n, st.req.GroupSize())
	}
	return n
}

// gap returns how long this subscriber waits between two STATUS.
func (p *reports) gap() time.Duration { return reportGap * time.Duration(max(1, p.group())) }

// wantAt returns when SESSION is to be asked for.
func (p *reports) wantAt() reliable.Time {
	s, at := p.session, reliable.Never
	for _, st := range s.active() {
		if !st.over() {
			at = min(at, st.status.wantDue)
		}
	}
	if s.several() && p.wanted != 0 {
		at = max(at, p.wanted.Add(wantGap))
	}
	return at
}

// deadline returns when a STATUS is due.
func (p *reports) deadline() reliable.Time {
	if p.parting {
		return p.last
	}
	if p.session.over() {
		return reliable.Never
	}
	return min(p.due, p.wantAt())
}

// report returns the STATUS that is due, or nil.
func (p *reports) report(now reliable.Time) *frame.Frame {
	if now < p.deadline() || p.session.over() {
		return nil
	}
	wants := now >= p.wantAt()
	if wants && p.session.several() {
		return p.want(now)
	}
	f, all := p.frame(now)
	if wants {
		f.Flags |= frame.WantSession
		p.session.own.status.again(now)
	}
	if now >= p.due && all {
		p.due = now.Add(p.session.r.rand.Jitter(reliable.StatusEvery(p.group())))
	}
	return f
}

// want returns a STATUS of those streams of several that want their SESSION.
func (p *reports) want(now reliable.Time) *frame.Frame {
	var f *frame.Frame
	fit := min(p.fit(), reliable.WelcomeChannels-1)
	for _, st := range p.session.active() {
		// Those that are soon to ask again do so now.
		if t := &st.status; st.over() || now.Add(max(wantGap, t.wantWait/4)) < t.wantDue {
			continue
		}
		if f != nil && len(f.Positions) == fit {
			break // the others follow after wantGap
		}
		f = p.add(now, f, st)
		st.status.again(now)
	}
	f.Flags |= frame.WantSession
	p.wanted = now
	return f
}

// frame returns a STATUS of all streams, or of the next of them if it can't tell of all, and
// whether they were all told of.
func (p *reports) frame(now reliable.Time) (f *frame.Frame, all bool) {
	s, fit := p.session, p.fit()
	for p.next < len(s.streams) && (f == nil || len(f.Positions) < fit) {
		if st := s.streams[p.next]; st.phase != unheard || !s.several() {
			f = p.add(now, f, st)
		}
		p.next++
	}
	if f == nil {
		f = p.add(now, f, &s.own)
	}
	if p.next < len(s.streams) {
		return f, false
	}
	p.next = 0
	return f, true
}

// fit returns how many further positions fit a STATUS.
func (p *reports) fit() int {
	r, size := p.session.r, placeBytes
	if r.cfg.Tape != nil {
		size = logBytes
	}
	return max(0, (r.cfg.Datagram-statusBytes-len(r.name))/size)
}

// add adds a stream's place to a STATUS, or begins one with it if f is nil.
func (p *reports) add(now reliable.Time, f *frame.Frame, st *stream) *frame.Frame {
	t, r := &st.status, st.r
	one := frame.Progress{Channel: st.channel, Position: st.position()}
	if tape := r.cfg.Tape; tape != nil {
		log, _ := tape.Recorded(st.session.id, st.channel)
		one.Written, one.Synced = log.Written, log.Synced
		t.synced = log.Synced
	}
	if f == nil {
		f = st.frame(now, frame.Status, &st.session.echo)
		f.Name = r.name
		if now < st.session.kin.contested {
			f.Flags |= frame.Contested
		}
		f.Position = one.Position
		f.Recorder, f.Written, f.Synced = r.cfg.Tape != nil, one.Written, one.Synced
		f.Room = uint64(max(0, r.cfg.Memory.Buffer-st.session.held.bytes))
		f.Positions = r.out.positions[:0]
		p.last = now
	} else {
		f.Positions = append(f.Positions, one)
		r.out.positions = f.Positions
	}
	t.reported, t.reportAt = one.Position, nowhere
	if t.every != 0 {
		t.reportAt = one.Position + t.every
	}
	return f
}

// farewell tells a publisher that this subscriber leaves, or has everything, and how far it has
// come. Without it, a publisher that waits for its subscribers would wait for the stall timeout,
// and any other would end with a position that is up to half a second old. Where one STATUS can't
// tell of all streams, the farewell takes several, and only the last of them says Leaving: parting
// holds until that one.
func (p *reports) farewell(now reliable.Time) *frame.Frame {
	if !p.parting {
		p.next = 0
	}
	f, all := p.frame(now)
	if p.parting = !all; all {
		f.Flags |= frame.Leaving
		p.parted = now
	}
	return f
}

// leave returns a last word that is due, or nil. That some streams of several are over is told as
// their positions are.
func (p *reports) leave(now reliable.Time) *frame.Frame {
	s, due, more := p.session, false, false
	if p.parting = p.parting && s.to().IsValid(); p.parting {
		return p.farewell(now)
	}
	for _, st := range s.active() {
		switch t := &st.status; {
		case now >= t.leaveDue && p.parted != 0 && now < p.parted.Add(p.gap()):
			t.leaveDue, more = p.parted.Add(p.gap()), true // as its streams end one by one
		case now >= t.leaveDue:
			t.leaveDue, due = reliable.Never, true
		case t.leaveDue != reliable.Never:
			more = true
		}
	}
	if !due || !s.to().IsValid() {
		return nil
	}
	if s.several() && (more || !s.over()) && (s.topic == nil || !s.topic.gone) {
		p.soon()
		return nil
	}
	return p.farewell(now)
}

// again puts the next request for SESSION off.
func (t *status) again(now reliable.Time) {
	t.wantDue = now.Add(t.stream.r.rand.Jitter(t.wantWait))
	t.wantWait = min(2*t.wantWait, wantLast)
}

// want asks for SESSION and HEARTBEAT, and again until they come.
func (t *status) want(now reliable.Time) {
	if t.wantDue == reliable.Never {
		t.wantDue, t.wantWait = now, t.stream.req.RTT().Timeout()
		if t.stream.session.several() {
			t.wantWait = max(t.wantWait, leastWant)
		}
	}
}

// noteReport takes the word of a HEARTBEAT.
func (t *status) noteReport(now reliable.Time, every uint64) {
	st := t.stream
	p := &st.session.reports
	first := t.every == 0
	t.every = every
	if every == 0 || !st.placed {
		return
	}
	switch {
	case first:
		wait := min(p.gap(), reliable.StatusMin/5)
		p.by(now.Add(st.r.rand.Duration(wait)))
		t.reportAt = st.position() + every
	case st.position() != t.reported:
		// Also less than that: while the publisher waits there may be no more.
		due := max(now, p.last.Add(p.gap()))
		if st.req.GroupSize() > nack.SmallGroup { // all hear the same HEARTBEAT
			due = due.Add(st.r.rand.Duration(p.gap()))
		}
		p.by(due)
	}
}

// progress has a STATUS sent when the position has moved far enough.
func (t *status) progress() {
	if t.stream.position() >= t.reportAt {
		t.reportAt = nowhere // until it is sent
		t.stream.session.reports.soon()
	}
}

// leaveAgain tells the publisher of a stream that has ended here once more that this
// subscriber is done, since it goes on to say BYE; but not each time.
func (t *status) leaveAgain(now reliable.Time) {
	every := reliable.StatusEvery(t.stream.req.GroupSize())
	if t.every != 0 { // it waits
		every /= 5
	}
	if t.leaveDue == reliable.Never && now >= t.stream.session.reports.last.Add(every) {
		t.leaveDue = now
	}
}
