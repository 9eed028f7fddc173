package receive

import (
	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// phase is where a stream is in its life, as a receiver sees it.
type phase uint8

const (
	starting phase = iota // it is heard, but not yet known where to begin
	live
	orphaned // nothing was heard of the publisher for the silence time: survivors ask each other
	silent   // nothing was heard of the publisher for the silence time
	left     // BYE was heard; missing frames are still asked for
	ended    // all is said: only its id is remembered
	unheard  // it fell silent before it was known where to begin
)

// phases is their number.
const phases = int(unheard) + 1

// stream is one channel of a session: a sequence space with its own window, requests and
// position.
type stream struct {
	// What each frame looks at lies together, as in Receiver.

	r       *Receiver
	session *session
	channel uint32
	phase   phase
	// In the Receiver's list of streams to poll, and in the session's list of those that something
	// is to be done for.
	ready, busy bool
	// win.next means something.
	placed bool
	// Of a Receiver with a Gate.
	taken takes
	// The answerers are asked for missing frames. req holds the publisher's part.
	req    *nack.Requester
	asked  answerers
	win    window
	status status
	marks  marks
	extent extent
	room   room
	cursor cursor
	stats  SessionStats
	title  title
	join   join
	// The survivors of its publisher help each other, or did; nil: they don't.
	aftermath *aftermath

	// The first sequence number that counts.
	base uint64
	// Where SESSION, and the last heartbeat before it was known where to begin, said that
	// the stream begins.
	first position
	early *earlyBeat
	// Where it begins is looked for; nil: no more.
	seek *quest
	// Holders are looked for after it began.
	waits *quest
	// What was wanted, and nobody had.
	missed missed
	// The stream that is delivered before this one, or the session of one that is looked for, and
	// since when this one waits, and how far the others had come then.
	after  *stream
	awaits uint64
	since  reliable.Time
	heldAt uint64
	// The sessions that an event told of that used the same offsets.
	forks []uint64
	// The aftermath that losses are noted for; nil: none.
	ledger *aftermath
	// Frames come by several feeds; nil: they don't.
	arbiter *arbiter
	// Another that lives doesn't hear the publisher; nil: none did.
	witness *witness
}

// earlyBeat is the content of a heartbeat from before it was known where to begin.
type earlyBeat struct {
	nextSeq, nextOffset, oldestSeq, oldestOffset uint64
}

// position is a frame and the offset of the first message that starts in it or
// after it.
type position struct {
	known       bool
	seq, offset uint64
}

// start makes st a stream of a session of which nothing has come.
func (st *stream) start(s *session, now reliable.Time, channel uint32) {
	r := s.r
	if st.session != nil { // once more
		s.phases[st.phase]--
	}
	s.phases[starting]++
	busy := st.busy
	*st = stream{
		r: r, session: s, channel: channel, join: s.join, busy: busy,
		win:    window{mem: &r.mem, held: &s.held},
		extent: extent{grewAt: now},
	}
	if r.cfg.Gate != nil {
		st.taken.off = true
		st.join.fromStart, st.join.start = false, reliable.Latest
	}
	s.held.divide(s.streams)
	st.asked.start(st)
	st.cursor.until(r.cfg.Until)
	st.req = st.asked.publisher().req
	st.cursor.stream, st.extent.stream, st.room.stream = st, st, st
	st.status = status{stream: st, wantDue: reliable.Never, leaveDue: reliable.Never}
}

// become puts the stream into a phase.
func (st *stream) become(p phase) {
	st.session.phases[st.phase]--
	st.session.phases[p]++
	st.phase = p
	st.session.touch(st)
}

// calm reports whether nothing happens to the stream by time, but for what happens to its session,
// and it has nothing to send.
func (st *stream) calm() bool {
	return st.asked.gaps() == 0 && !st.asked.waiting() && st.aftermath == nil && st.witness == nil &&
		st.status.wantDue == reliable.Never && st.status.leaveDue == reliable.Never
}

// over reports whether nothing more is told of the stream.
func (st *stream) over() bool { return st.phase >= ended }

// deserted reports whether the publisher was found silent.
func (st *stream) deserted() bool { return st.phase == silent || st.phase == orphaned }

// quiet reports whether the stream is over, or silent and no holder is asked any more.
func (st *stream) quiet() bool {
	return st.over() || st.phase == silent && !st.asked.pending()
}

// beat takes the content of HEARTBEAT and BYE.
func (st *stream) beat(now reliable.Time, f *frame.Frame) {
	st.req.SetGroup(int(min(f.Group, maxGroup)), f.RTT)
	st.stats.Heartbeats++
	st.stats.Announced = st.req.GroupSize()
	defer st.status.noteReport(now, f.Report)
	st.tellOldest(now, f)
	if j := &st.join; st.phase == starting && !j.fromStart &&
		st.seek == nil {
		if j.start == reliable.Oldest {
			st.begin(now, f.OldestSeq, f.OldestOffset, true)
		} else if st.placed {
			st.begin(now, st.win.next, 0, false)
		} else {
			// What is published after this heartbeat was published after this
			// subscriber joined: it counts, even if the first of it is lost.
			st.begin(now, f.NextSeq, f.NextOffset, true)
		}
	}
	if st.phase == starting {
		st.early = &earlyBeat{f.NextSeq, f.NextOffset, f.OldestSeq, f.OldestOffset}
		if st.seek == nil || !st.title.known {
			st.status.want(now)
		}
		return
	}
	st.extent.tell(now, f.NextSeq, f.NextOffset)
	st.hearsTaken()
	st.extent.forgotten(now, f.OldestSeq, f.OldestOffset)
}

// position returns where the stream is, for its publisher: the frame that is delivered
// next, or the first that has not come. While it isn't known where the stream begins it is
// 0: that something was heard doesn't mean that earlier messages aren't needed.
func (st *stream) position() uint64 {
	if st.phase == starting {
		return 0
	}
	if st.r.cfg.Tape != nil {
		if log, ok := st.r.cfg.Tape.Recorded(st.session.id, st.channel); ok {
			return max(log.Position, st.base)
		}
		return st.base
	}
	if st.r.cfg.Overload == reliable.OverloadBlock {
		return st.win.next
	}
	if first, ok := st.asked.firstMissing(); ok {
		return max(first, st.win.next)
	}
	return st.win.high
}

// advance lets time pass.
func (st *stream) advance(now reliable.Time) {
	if st.over() {
		return
	}
	if !st.deserted() && st.session.source.IsValid() && now >= st.session.silentAt() {
		st.fallSilent(now)
	}
	st.asked.advance(now)
	if st.aftermath != nil {
		st.aftermath.advance(now)
	}
}

// idle reports whether nothing happens to the stream by time alone.
func (st *stream) idle() bool {
	return st.over() && st.status.leaveDue == reliable.Never ||
		st.phase == silent && st.deadline() == reliable.Never && !st.asked.waiting() &&
			!st.asked.pending()
}

// deadline returns when to call advance.
func (st *stream) deadline() reliable.Time {
	if st.over() {
		return st.status.leaveDue
	}
	at := st.asked.deadline()
	if st.aftermath != nil {
		at = min(at, st.aftermath.deadline())
	}
	if st.witness != nil {
		at = min(at, st.witness.due)
	}
	if st.deserted() || !st.session.source.IsValid() ||
		st.session.several() && st.phase != left {
		return at
	}
	if first, any := st.req.Gaps().First(); st.phase == left && (!any ||
		st.room.limited != 0 && first >= st.room.limited) {
		return at // nothing is waited for but the application, or room
	}
	return min(at, st.session.silentAt())
}

// wake puts the stream on the list of those to poll.
func (st *stream) wake() {
	if !st.ready && st.phase != starting && !st.holds() {
		st.ready = true
		st.r.ready = append(st.r.ready, st)
	}
}

// frame starts a frame of the stream's that sends a time back.
func (st *stream) frame(now reliable.Time, kind frame.Kind, e *echo) *frame.Frame {
	f := &st.r.out.scratch
	*f = frame.Frame{
		Kind: kind, Session: st.session.id, Channel: st.channel,
		Subscriber: st.r.cfg.ID, Echo: e.told,
	}
	if e.told != 0 {
		f.Held = now.Sub(e.at)
	}
	return f
}
