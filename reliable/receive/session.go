package receive

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
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

	candidate   peer.Candidate // another address
	contestTold reliable.Time  // when it was last told that there are several; 0: never

	// What SESSION said, if it was heard.
	known       bool
	name        string
	wall        int64
	control     netip.AddrPort
	firstSeq    uint64
	knownOffset uint64 // SESSION's first offset

	spoken bool // a frame came from its control address: that is where NACK and STATUS go

	host    *host
	proven  bool          // data that fits came from its source
	cold    int           // NACKs that it may draw until then
	coldAt  reliable.Time // when that was counted
	yields  reliable.Time // until then it leaves its place to others
	horizon reliable.Time // when a session had last been forgotten, when this one was first heard; 0: never
	start   reliable.Start
	other   netip.AddrPort // who else spoke for it last, and since when
	otherAt reliable.Time
	grewAt  reliable.Time // when more was last known to exist
	newest  uint64        // the latest time in a frame that tells when it was made

	away      bool // it left the table to make room
	live      bool // it is among those that time means something to
	unheard   bool // it fell silent before it was known where to begin
	fromStart bool // it began after this subscriber joined
	created   reliable.Time
	heard     reliable.Time // the last frame from its source
	interval  time.Duration
	timed     bool   // the next two mean something
	echo      uint64 // the last HEARTBEAT's or SESSION's time
	echoAt    reliable.Time
	refuted   bool          // data from elsewhere contradicts what its source said
	refutedAt reliable.Time // since then
	transit   transit

	win       window
	req       *nack.Requester
	placed    bool       // win.next means something
	base      uint64     // the first sequence number that counts
	cut       uint64     // frames from here on found no room; 0 if none
	limited   uint64     // frames from here on are not asked for yet
	largest   int        // frame so far, in bytes
	early     *earlyBeat // the last heartbeat before it was known where to begin
	told      position   // where the frame after the last one that is known starts
	landmarks []position // ascending; see landmark
	marks     []mark
	cursor    cursor

	every      uint64 // frames after which the publisher wants to know; 0 if it doesn't
	reportAt   uint64 // the position at which to tell
	reported   uint64 // the last position that was told
	statusLast reliable.Time
	leaveDue   reliable.Time // when to tell the publisher that this subscriber goes

	statusDue  reliable.Time
	wantDue    reliable.Time // when to ask for SESSION, or HEARTBEAT
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
	kind   reliable.EventKind
	cause  reliable.Cause
	from   netip.AddrPort // of a change that concerns another address; else invalid
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

func newSession(r *Receiver, now reliable.Time, id uint64, source netip.AddrPort) *session {
	s := &session{
		r: r, id: id, source: source, created: now, heard: now, grewAt: now, coldAt: now, cold: coldNacks,
		horizon:  r.forgotten,
		interval: reliable.HeartbeatData, statusDue: reliable.Never, wantDue: reliable.Never, leaveDue: reliable.Never,
		req: nack.NewRequester(nack.RequesterConfig{
			ID: r.cfg.ID, Seed: r.cfg.Seed ^ id, NoRecovery: r.cfg.NoRecovery,
			MaxWait: r.cfg.MaxWait, Silence: r.cfg.Silence,
		}),
	}
	s.statusDue = now.Add(r.rand.Duration(reliable.StatusMin / 5))
	s.stats.ID, s.stats.Source = id, source
	return s
}

// to returns where NACK and STATUS go: to the control address once a frame has come from it.
// Before that anybody could aim the NACKs of a whole group at a third party, with two datagrams.
func (s *session) to() netip.AddrPort {
	if s.spoken {
		return s.control
	}
	return s.source
}

// handle takes a frame that came from the session's source.
func (s *session) handle(now reliable.Time, f *frame.Frame) {
	if s.phase == ended {
		s.stats.Late++
		if f.Kind == frame.Bye {
			s.leaveAgain(now)
		}
		return
	}
	if f.Kind != frame.Data {
		s.noteNewest(now, f)
	}
	s.req.SetBehind(s.transit.take(now, f.Time))
	switch f.Kind {
	case frame.Data:
		s.data(now, f, false)
	case frame.Session:
		s.noteTime(now, f)
		s.judgeAge(now, f)
		s.announce(now, f)
	case frame.Heartbeat:
		s.noteTime(now, f)
		s.judgeAge(now, f)
		s.beat(now, f)
	case frame.Bye:
		s.noteTime(now, f)
		s.judgeAge(now, f)
		s.beat(now, f)
		s.bye(now, f)
	}
}

// noteNewest takes the time of a frame that tells when it was made: one that is newer
// than all before was not repeated, and so the publisher was heard.
func (s *session) noteNewest(now reliable.Time, f *frame.Frame) {
	if f.Time > s.newest || s.newest == 0 {
		s.newest = max(s.newest, f.Time)
		s.refresh(now)
	}
}

// refresh notes that the publisher was heard, by something that is new: what is repeated,
// by whomever, says nothing about it.
func (s *session) refresh(now reliable.Time) {
	s.heard = now
	if s.phase == silent {
		s.resume(now)
	}
}

// noteTime remembers the publisher's time of a HEARTBEAT, SESSION or BYE, to send it back. The time
// of DATA is when its first message was accepted, and the frame may have waited for others to
// share its datagram: a round trip measured from it would be too long.
func (s *session) noteTime(now reliable.Time, f *frame.Frame) {
	if f.Time >= s.echo {
		s.timed, s.echo, s.echoAt = true, f.Time, now
	}
}

// beat takes what HEARTBEAT and BYE say.
func (s *session) beat(now reliable.Time, f *frame.Frame) {
	if f.Kind == frame.Heartbeat && f.Interval > 0 {
		s.interval = min(f.Interval, maxInterval)
	}
	s.req.SetGroup(int(min(f.Group, maxGroup)), f.RTT)
	defer s.noteReport(now, f.Report)
	if s.phase == starting && !s.fromStart {
		if s.start == reliable.Oldest {
			s.begin(now, f.OldestSeq, f.OldestOffset, true)
		} else if s.placed {
			s.begin(now, s.win.next, 0, false)
		} else {
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
	s.forgotten(f.OldestSeq, f.OldestOffset)
}

// forgotten takes the word that no frame below seq is held any more.
func (s *session) forgotten(seq, offset uint64) {
	if s.req.Gaps().Contains(seq) {
		s.landmark(seq, offset)
	}
	s.lose(s.win.next, min(seq, s.win.high), reliable.CauseGone)
}

// tell takes the word of how far the session is.
func (s *session) tell(now reliable.Time, seq, offset uint64) {
	if s.phase == left {
		return
	}
	if !s.believes(now, seq, offset) {
		s.stats.Beyond++
		return
	}
	if seq > s.win.high {
		s.landmark(seq, offset)
	}
	s.exists(now, seq)
	s.evidence(seq, offset)
	if s.cursor.lossPending {
		s.wake()
	}
}

// advance lets time pass.
func (s *session) advance(now reliable.Time) {
	if s.phase == ended {
		return
	}
	if s.phase != silent && now >= s.silentAt() {
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
	return s.phase == ended && s.leaveDue == reliable.Never ||
		s.phase == silent && s.deadline() == reliable.Never && len(s.ask) == 0
}

// deadline returns when to call advance.
func (s *session) deadline() reliable.Time {
	if s.phase == ended {
		return s.leaveDue
	}
	at := min(s.req.Deadline(), s.statusDue, s.wantDue)
	if s.phase == silent {
		return at
	}
	if s.phase == left && s.req.Gaps().Len() == 0 {
		return at // nothing is waited for but the application
	}
	return min(at, s.silentAt())
}

// wake puts the session on the list of those to poll.
func (s *session) wake() {
	if !s.ready && s.phase != starting {
		s.ready = true
		s.r.ready = append(s.r.ready, s)
	}
}
