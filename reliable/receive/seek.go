package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// A stream whose beginning is looked for: it keeps what comes, and delivers nothing yet.

// titleRounds is a number of rounds after which a quest ends at its next time.
const titleRounds = questRounds

// aim fixes where a stream is to begin, at its first frame and again when its title is known.
func (st *stream) aim(now reliable.Time) {
	s, r := st.session, st.r
	if st.phase != starting || st.seek != nil && st.seek.what != 0 {
		return
	}
	a := r.aimAt(s.id, st.channel, st.title.told)
	switch {
	case a.at != nil && !r.cfg.Logs.Ask:
		st.endSeek()
		st.begin(now, a.at.Seq, a.at.Offset, true)
		st.room.limit(now)
	case a.at != nil: // who has what comes next is to be known when it is asked for
		st.endSeek()
		st.look(now, a)
	case st.join.fromStart, a.latest && st.title.known:
		st.endSeek()
	case a.unknown && st.seek == nil:
		st.seek = &quest{of: s.asks(), session: s.id, channel: st.channel, stream: st,
			rounds: titleRounds, due: now.Add(s.silence())}
		r.finder.open(st.seek)
	case a.unknown:
	case a.what == frame.FindOldest && !r.cfg.Logs.Ask:
		st.endSeek()
		st.join.start = reliable.Oldest
	case a.what != 0:
		st.endSeek()
		st.look(now, a)
	}
}

// look asks holders where the stream begins.
func (st *stream) look(now reliable.Time, a aim) {
	s, r := st.session, st.r
	q := &quest{of: s.asks(), session: s.id, channel: st.channel, stream: st, what: a.what,
		value: a.value, at: a.at, due: now}
	t := st.title.told
	switch {
	case a.at != nil:
	case a.what == frame.FindOffset:
		q.promised = position{known: true, offset: a.value}
		if t != nil {
			q.promised.offset = max(q.promised.offset, t.FirstOffset)
		}
	case t != nil && t.Prev.Session != 0 && r.reachesBack(t):
		q.promised = position{known: true, offset: t.FirstOffset}
	}
	st.seek = q
	r.finder.open(q)
}

// endSeek stops looking for the stream's beginning.
func (st *stream) endSeek() {
	if st.waits != nil {
		st.r.finder.close(st.waits)
		st.waits = nil
	}
	if st.seek != nil {
		st.r.finder.close(st.seek)
		st.seek = nil
	}
}

// tellStart takes a DIGEST that may tell where the stream begins.
func (st *stream) tellStart(now reliable.Time, f *frame.Frame) {
	q := st.seek
	if q == nil || q.what == 0 {
		return
	}
	exact := q.take(f)
	if exact && st.session.source.IsValid() {
		st.endSeek()
		st.found(now, q)
	}
}

// tellOldest takes the publisher's word of what it holds, which may be what a consumer goes on
// with.
func (st *stream) tellOldest(now reliable.Time, f *frame.Frame) {
	if q := st.seek; q != nil && q.at != nil && f.OldestSeq <= q.at.Seq {
		st.endSeek()
		st.found(now, q)
	}
}
