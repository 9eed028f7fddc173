package reliable

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// phase is where a session is in its life, as a receiver sees it.
type phase uint8

const (
	starting phase = iota // it is heard, but not yet known where to begin
	live
	silent // nothing was heard for the silence time
	left   // BYE was heard; what is missing is still asked for
	ended  // all is said: only its id is remembered
)

// session is one publisher's life on one group, as one subscriber sees it.
type session struct {
	r      *Receiver
	id     uint64
	source netip.AddrPort // all its frames come from here, but for repairs
	phase  phase

	// What SESSION said, if it was heard.
	known       bool
	name        string
	wall        int64
	control     netip.AddrPort
	firstSeq    uint64
	knownOffset uint64 // SESSION's first offset

	away      bool // it left the table to make room
	live      bool // it is among those that time means something to
	unheard   bool // it fell silent before it was known where to begin
	fromStart bool // it began after this subscriber joined
	created   Time
	heard     Time // the last frame from its source
	interval  time.Duration
	echo      uint64 // the last HEARTBEAT's or SESSION's time
	echoAt    Time
	transit   transit

	win     window
	req     *nack.Requester
	placed  bool       // win.next means something
	base    uint64     // the first sequence number that counts
	cut     uint64     // frames from here on found no room; 0 if none
	limited uint64     // frames from here on are not asked for yet
	largest int        // frame so far, in bytes
	early   *earlyBeat // the last heartbeat before it was known where to begin
	told    position   // where the frame after the last one that is known starts
	marks   []mark
	cursor  cursor

	every      uint64 // frames after which the publisher wants to know; 0 if it doesn't
	reportAt   uint64 // the position at which to tell
	reported   uint64 // the last position that was told
	statusLast Time
	leaving    bool // a last STATUS is to be sent

	statusDue  Time
	wantDue    Time // when to ask for SESSION, or HEARTBEAT
	wantWait   time.Duration
	ask        []nack.Range
	askRequest uint64
	ready      bool // in the receiver's list of sessions to poll

	stats SessionStats
}

// mark is a change of the session's state, placed where it comes in the stream.
type mark struct {
	seq    uint64 // before this frame
	offset uint64 // all messages below have come, or are lost
	kind   EventKind
	cause  Cause
}

// earlyBeat is what a heartbeat said before it was known where to begin.
type earlyBeat struct {
	nextSeq, nextOffset, oldestSeq, oldestOffset uint64
}

// position is a frame and the offset of the first message that starts in it or
// after it.
type position struct {
	known       bool
	seq, offset uint64
}

// maxMarks bounds the changes of state that wait for the application.
const maxMarks = 16

func newSession(r *Receiver, now Time, id uint64, source netip.AddrPort) *session {
	s := &session{
		r: r, id: id, source: source, created: now, heard: now,
		interval: heartbeatData, statusDue: Never, wantDue: Never,
		req: nack.NewRequester(nack.RequesterConfig{
			ID: r.cfg.ID, Seed: r.cfg.Seed ^ id, NoRecovery: r.cfg.NoRecovery,
			MaxWait: r.cfg.MaxWait, Silence: r.cfg.Silence,
		}),
	}
	s.statusDue = now.Add(r.rand.Duration(statusMin / 5))
	s.stats.ID, s.stats.Source = id, source
	return s
}

// to returns where NACK and STATUS go.
func (s *session) to() netip.AddrPort {
	if s.control.IsValid() {
		return s.control
	}
	return s.source
}

// handle takes a frame that came from the session's source.
func (s *session) handle(now Time, f *frame.Frame) {
	s.heard = now
	if s.phase == ended {
		s.stats.Late++
		return
	}
	if s.phase == silent {
		s.resume(now)
	}
	switch f.Kind {
	case frame.Data, frame.Session, frame.Heartbeat, frame.Bye:
		s.req.SetBehind(s.transit.take(now, f.Time))
	}
	switch f.Kind {
	case frame.Data:
		s.data(now, f, false)
	case frame.Session:
		s.noteTime(now, f)
		s.announce(now, f)
	case frame.Heartbeat:
		s.noteTime(now, f)
		s.beat(now, f)
	case frame.Bye:
		s.noteTime(now, f)
		s.beat(now, f)
		s.bye(now)
	case frame.Gone:
		for _, r := range f.Ranges {
			s.lose(r.From, r.To, CauseGone)
		}
		s.lose(s.win.next, f.OldestSeq, CauseGone)
	case frame.Confirm:
		for _, r := range f.Ranges {
			s.req.Confirmed(now, r)
		}
	}
}

// noteTime remembers the publisher's time, to send it back.
func (s *session) noteTime(now Time, f *frame.Frame) {
	if f.Time >= s.echo {
		s.echo, s.echoAt = f.Time, now
	}
}

// announce takes SESSION.
func (s *session) announce(now Time, f *frame.Frame) {
	if !s.known {
		s.known = true
		s.name, s.wall = string(f.Name), f.Wall
		s.control = f.Control
		s.firstSeq, s.knownOffset = f.FirstSeq, f.FirstOffset
		s.stats.Name = s.name
	}
	if s.phase == starting && s.fromStart {
		s.begin(now, f.FirstSeq, f.FirstOffset, true)
	}
}

// beat takes what HEARTBEAT and BYE say.
func (s *session) beat(now Time, f *frame.Frame) {
	if f.Kind == frame.Heartbeat && f.Interval > 0 {
		s.interval = min(f.Interval, maxInterval)
	}
	s.req.SetGroup(int(min(f.Group, maxGroup)), f.RTT)
	defer s.noteReport(now, f.Report)
	if s.phase == starting && !s.fromStart {
		if s.r.cfg.Start == Oldest {
			s.begin(now, f.OldestSeq, f.OldestOffset, true)
		} else if !s.placed {
			// What is published after this heartbeat was published after this
			// subscriber joined: it counts, even if the first of it is lost.
			s.begin(now, f.NextSeq, f.NextOffset, true)
		}
	}
	if s.phase == starting {
		s.early = &earlyBeat{f.NextSeq, f.NextOffset, f.OldestSeq, f.OldestOffset}
		s.want(now)
		return
	}
	s.tell(now, f.NextSeq, f.NextOffset)
	s.lose(s.win.next, min(f.OldestSeq, s.win.high), CauseGone)
}

// tell takes the word of how far the session is.
func (s *session) tell(now Time, seq, offset uint64) {
	if s.phase == left {
		return
	}
	s.exists(now, seq)
	s.evidence(seq, offset)
	if s.cursor.lossPending {
		s.wake()
	}
}

// exists takes the word that all frames below seq exist.
func (s *session) exists(now Time, seq uint64) {
	if seq > s.win.high && s.phase != left {
		s.limit(now) // it isn't kept up to date while nothing is missing
		s.req.Missing(now, s.win.high, seq)
		s.win.high = seq
	}
}

// evidence takes the word that all messages below offset exist, and that it is
// the first to start in frame seq or after it.
func (s *session) evidence(seq, offset uint64) {
	if s.phase == left {
		return
	}
	s.stats.NextOffset = max(s.stats.NextOffset, offset)
	if !s.told.known || seq > s.told.seq {
		s.told = position{true, seq, offset}
	}
}

// bye takes the publisher's word that no more will come.
func (s *session) bye(now Time) {
	if s.phase == starting {
		if !s.fromStart {
			s.drop() // it was over before this subscriber could hear anything
		}
		return // where it began is still to be learnt; BYE is repeated
	}
	if s.phase == silent || s.phase == live {
		s.place(mark{seq: s.win.high, offset: s.stats.NextOffset, kind: SessionEnded, cause: CauseEnded})
		s.phase = left
		s.statusDue = min(s.statusDue, now.Add(s.r.rand.Duration(statusMin/5)))
		s.wake()
	}
}

// drop forgets a session of which nothing was delivered.
func (s *session) drop() {
	s.release()
	s.phase = ended
}

// begin fixes where the session begins for this subscriber. Where the offset is
// not known, the first frame tells it.
func (s *session) begin(now Time, seq, offset uint64, offsetKnown bool) {
	if !s.placed {
		s.win.next, s.win.high, s.placed = seq, seq, true
	} else if seq < s.win.next && s.win.high-seq <= s.span() {
		s.req.Missing(now, seq, s.win.next)
		s.win.lower(seq, &s.r.mem)
	} else if seq < s.win.next {
		// What is held lies too far ahead to be kept: it is asked for again.
		high := s.win.high
		s.stats.NoRoom += uint64(s.win.count)
		s.release()
		s.win.next, s.win.high = seq, high
		s.req.Missing(now, seq, high)
	} else if seq > s.win.next {
		// The publisher contradicts itself; what was heard counts.
		offsetKnown = false
	}
	s.phase = live
	s.stats.Begun = true
	s.base = s.win.next
	s.wantDue = Never
	if offsetKnown {
		s.startAt(offset)
	}
	s.place(mark{seq: s.win.next, kind: SessionNew})
	if s.r.cfg.Order == OnArrival { // what came before that was known has waited for it only
		for seq := s.win.next; s.win.at(seq) != nil; seq++ {
			if s.win.isHeld(seq) {
				s.cursor.arrive(seq)
			}
		}
	}
	if e := s.early; e != nil {
		s.early = nil
		s.tell(now, e.nextSeq, e.nextOffset)
	}
	s.wake()
}

// startAt fixes the first offset.
func (s *session) startAt(offset uint64) {
	s.cursor.offset, s.cursor.known = offset, true
	s.stats.FirstOffset = offset
	s.stats.NextOffset = max(s.stats.NextOffset, offset)
}

// data takes a DATA frame, or a repair of one.
func (s *session) data(now Time, f *frame.Frame, repaired bool) {
	if s.phase == starting {
		s.startWith(now, f)
	}
	w := &s.win
	switch {
	case f.Seq < w.next && s.phase == starting:
		s.stats.NoRoom++ // it is asked for again if the session begins there
		return
	case f.Seq < w.next:
		s.duplicate(f.Seq)
		return
	case s.phase == left && f.Seq >= w.high:
		s.stats.Late++ // beyond the end that the publisher told
		return
	case f.Seq == w.next && s.cursor.frame != nil, w.isHeld(f.Seq):
		s.duplicate(f.Seq)
		return
	case w.isLost(f.Seq):
		s.stats.Late++
		return
	}
	s.largest = max(s.largest, len(f.Raw))
	s.evidence(f.Seq+1, f.EndOffset())
	s.exists(now, f.Seq)
	gap, missing := s.req.Arrived(now, f.Seq, repaired)
	repaired = repaired && missing // else others lost it, and this copy came first
	came := arrival{received: now, arrived: f.Arrived, repaired: repaired}
	if missing {
		came.waited = int64(now.Sub(gap.Found))
	}
	w.high = max(w.high, f.Seq+1)
	if f.Seq == w.next && s.phase != starting && !s.markAt(f.Seq) {
		s.cursor.load(f, came)
		s.cursor.borrowed = true
		s.wake()
		return
	}
	if !s.hold(f, came) && !s.overrun(f, came) {
		s.stats.NoRoom++
		if s.cut == 0 || f.Seq < s.cut {
			s.cut = f.Seq
		}
		s.limit(now)
		s.req.Missing(now, f.Seq, f.Seq+1)
		return
	}
	if s.r.cfg.Order == OnArrival && s.phase != starting {
		s.cursor.arrive(f.Seq)
		s.wake()
	}
	if s.markAt(w.next) {
		s.wake()
	}
	if s.every != 0 {
		s.progress()
	}
}

// startWith decides, at the first DATA frame, where to begin.
func (s *session) startWith(now Time, f *frame.Frame) {
	w := &s.win
	switch {
	case s.fromStart && s.known:
		s.begin(now, s.firstSeq, s.knownOffset, true)
	case s.fromStart || s.r.cfg.Start == Oldest:
		// Hold it until SESSION, or HEARTBEAT, tells where to begin.
		if !s.placed {
			w.next, w.high, s.placed = f.Seq, f.Seq, true
			s.want(now)
		} else if f.Seq < w.next && w.high-f.Seq <= s.span() {
			s.req.Missing(now, f.Seq, w.next)
			w.lower(f.Seq, &s.r.mem)
		}
	default:
		s.begin(now, f.Seq, 0, false)
	}
}

// want asks for SESSION and HEARTBEAT, and again until they come.
func (s *session) want(now Time) {
	if s.wantDue == Never {
		s.wantDue, s.wantWait = now, s.req.RTT().Timeout()
	}
}

// duplicate counts a frame that is not needed.
func (s *session) duplicate(seq uint64) {
	if seq < s.base {
		s.stats.BeforeStart++
	} else {
		s.stats.Duplicates++
	}
}

// hold keeps a frame in the window, and reports false where there is no room.
func (s *session) hold(f *frame.Frame, came arrival) bool {
	w := &s.win
	forced := f.Seq == w.next
	if (w.bytes >= s.r.cfg.Buffer && !forced) || !w.reach(f.Seq, s.span(), &s.r.mem) {
		return false
	}
	place := slot{came: came, held: true}
	if f.Immutable {
		if s.r.mem.used+len(f.Raw) > s.r.mem.limit && !forced {
			return false
		}
		s.r.mem.used += len(f.Raw)
		place.frame = f
		w.bytes += len(f.Raw)
	} else {
		buf, ok := s.r.mem.get(len(f.Raw), forced)
		if !ok {
			return false
		}
		copy(buf, f.Raw)
		place.buf = buf
		w.bytes += cap(buf)
	}
	w.count++
	*w.at(f.Seq) = place
	return true
}

// lose gives up all missing frames in [from, to).
func (s *session) lose(from, to uint64, cause Cause) {
	if from >= to {
		return
	}
	s.r.removed = s.req.Forget(from, to, s.r.removed[:0])
	for _, r := range s.r.removed {
		s.win.lose(r.From, r.To, cause)
		s.wake()
	}
}

// place puts a change of state into the stream.
func (s *session) place(m mark) {
	if n := len(s.marks); n >= maxMarks {
		// An application that takes nothing while its publisher comes and goes
		// learns of the latest change only.
		s.marks[n-1] = m
		return
	}
	s.marks = append(s.marks, m)
}

// markAt reports whether a change of state comes before frame seq.
func (s *session) markAt(seq uint64) bool { return len(s.marks) > 0 && s.marks[0].seq <= seq }

// fallSilent reports what is known to be missing and says that the publisher is
// gone, for now.
func (s *session) fallSilent(now Time) {
	switch s.phase {
	case starting:
		switch e := s.early; {
		case s.placed:
			s.begin(now, s.win.next, 0, false)
		case e != nil:
			s.begin(now, e.oldestSeq, e.oldestOffset, true)
		default:
			s.drop()
			s.unheard = true
			return
		}
	case left:
		s.lose(s.win.next, s.win.high, CauseEnded)
		return
	}
	s.lose(s.win.next, s.win.high, CauseSilent)
	s.place(mark{seq: s.win.high, offset: s.stats.NextOffset, kind: SessionSilent, cause: CauseSilent})
	s.phase = silent
	s.statusDue = Never
	s.wake()
}

// resume takes up a silent session where it was left.
func (s *session) resume(now Time) {
	s.phase = live
	s.stats.Resumed++
	s.place(mark{seq: s.win.high, kind: SessionResumed})
	s.statusDue = now.Add(s.r.rand.Duration(statusMin / 5))
	s.wake()
}

// close ends the session here, though it goes on at the publisher.
func (s *session) close() {
	if s.phase == ended || s.phase == starting {
		s.drop()
		return
	}
	s.leaving = s.every != 0
	s.lose(s.win.next, s.win.high, CauseClosed)
	if s.phase == live {
		s.place(mark{seq: s.win.high, offset: s.stats.NextOffset, kind: SessionEnded, cause: CauseClosed})
	}
	s.wake()
}

// silence returns how long the publisher may be quiet.
func (s *session) silence() time.Duration {
	return max(silenceIntervals*s.interval, s.r.cfg.Silence)
}

// advance lets time pass.
func (s *session) advance(now Time) {
	if s.phase == ended {
		return
	}
	if s.phase != silent && now >= s.heard.Add(s.silence()) {
		s.fallSilent(now)
	}
	for _, l := range s.req.Advance(now) {
		s.win.lose(l.From, l.To, causeOf(l.Cause))
		s.wake()
	}
	if request, ranges, ok := s.req.Request(now); ok {
		s.ask, s.askRequest = append(s.ask[:0], ranges...), request
	}
}

// idle reports whether nothing happens to the session by time alone.
func (s *session) idle() bool {
	return s.phase == ended || s.phase == silent && s.deadline() == Never && len(s.ask) == 0
}

// deadline returns when to call advance.
func (s *session) deadline() Time {
	if s.phase == ended {
		return Never
	}
	at := min(s.req.Deadline(), s.statusDue, s.wantDue)
	if s.phase == silent {
		return at
	}
	if s.phase == left && s.req.Gaps().Len() == 0 {
		return at // nothing is waited for but the application
	}
	return min(at, s.heard.Add(s.silence()))
}

// span returns how many frames the window may hold: so many that all of them fit
// the buffer, as large as they come. What is asked for then finds room.
func (s *session) span() uint64 {
	return uint64(max(1, s.r.cfg.Buffer/max(frameBuffer, s.largest)))
}

// limit tells the requester up to where there is room.
func (s *session) limit(now Time) {
	span := s.span()
	limit := s.win.next + span
	if s.cut != 0 {
		if s.win.bytes > s.r.cfg.Buffer*3/4 || s.r.mem.used > s.r.mem.limit*3/4 {
			limit = min(limit, max(s.cut, s.win.next+1))
		} else {
			s.cut = 0
		}
	}
	// An application that takes one message after the other makes room bit by bit:
	// what fits then is asked for in few requests.
	if limit > s.limited && limit-s.limited < span/4 && s.win.count > 0 && s.win.next < s.limited {
		return
	}
	s.limited = limit
	s.req.SetLimit(now, limit)
}

// wake puts the session on the list of those to poll.
func (s *session) wake() {
	if !s.ready && s.phase != starting {
		s.ready = true
		s.r.ready = append(s.r.ready, s)
	}
}

// release frees all that the session holds.
func (s *session) release() {
	for i := range s.win.slots {
		s.freeSlot(&s.win.slots[i])
	}
	s.r.mem.put(s.cursor.whole.buf)
	s.cursor.whole = reassembly{}
	s.cursor.frame = nil
	s.r.mem.used -= len(s.win.slots) * slotBytes
	s.win = window{next: s.win.next, high: s.win.high}
	s.cursor.scratch, s.cursor.ahead = frame.Frame{}, frame.Frame{}
	s.marks, s.ask = nil, nil
	s.req.Forget(0, ^uint64(0), nil)
}

// freeSlot gives back what a slot holds.
func (s *session) freeSlot(p *slot) {
	if !p.held {
		return
	}
	s.win.count--
	if p.frame != nil {
		s.win.bytes -= len(p.frame.Raw)
		s.r.mem.used -= len(p.frame.Raw)
	} else {
		s.win.bytes -= cap(p.buf)
		s.r.mem.put(p.buf)
	}
	*p = slot{}
}
