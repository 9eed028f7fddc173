package receive

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// status decides when a stream's publisher is told where this subscriber is: at an
// interval that grows with the group; where the pace of subscribers counts, after as many
// frames as its HEARTBEAT says; when SESSION is wanted; and when this subscriber goes.
type status struct {
	stream *stream

	// When STATUS is due, and when the last one was sent.
	due, last reliable.Time
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
	// reportGap is how long all subscribers together wait between two STATUS that the
	// pace asks for: each waits as many times as long as there are subscribers.
	reportGap = time.Millisecond
	// nowhere is a position that is never reached.
	nowhere = ^uint64(0)
)

func newStatus(st *stream, now reliable.Time) status {
	return status{
		stream: st, due: now.Add(st.r.rand.Duration(reliable.StatusMin / 5)),
		wantDue: reliable.Never, leaveDue: reliable.Never,
	}
}

// report returns the STATUS that is due, or nil.
func (t *status) report(now reliable.Time) *frame.Frame {
	if now < t.due && now < t.wantDue {
		return nil
	}
	f := t.frame(now)
	r := t.stream.r
	if now >= t.wantDue {
		f.Flags |= frame.WantSession
		t.wantDue = now.Add(r.rand.Jitter(t.wantWait))
		t.wantWait = min(2*t.wantWait, wantLast)
	}
	if now >= t.due {
		t.due = now.Add(r.rand.Jitter(reliable.StatusEvery(t.stream.req.GroupSize())))
	}
	return f
}

// farewell tells a publisher that this subscriber leaves, or has everything, and how far it has
// come. Without it, a publisher that waits for its subscribers would wait for the stall timeout,
// and any other would end with a position that is up to half a second old.
func (t *status) farewell(now reliable.Time) *frame.Frame {
	f := t.frame(now)
	f.Flags |= frame.Leaving
	return f
}

// frame returns a STATUS, which tells the subscriber's name and how far it is.
func (t *status) frame(now reliable.Time) *frame.Frame {
	st := t.stream
	f := st.frame(now, frame.Status, &st.session.echo)
	f.Name = st.r.name
	if now < st.session.kin.contested {
		f.Flags |= frame.Contested
	}
	f.Position = st.position()
	st.recorded(f)
	f.Room = uint64(max(0, st.r.cfg.Memory.Buffer-st.win.bytes))
	t.last, t.reported, t.reportAt = now, f.Position, nowhere
	if t.every != 0 {
		t.reportAt = f.Position + t.every
	}
	return f
}

// want asks for SESSION and HEARTBEAT, and again until they come.
func (t *status) want(now reliable.Time) {
	if t.wantDue == reliable.Never {
		t.wantDue, t.wantWait = now, t.stream.req.RTT().Timeout()
	}
}

// noteReport takes the word of a HEARTBEAT.
func (t *status) noteReport(now reliable.Time, every uint64) {
	st := t.stream
	first := t.every == 0
	t.every = every
	if every == 0 || !st.placed {
		return
	}
	switch {
	case first:
		wait := min(t.gap(), reliable.StatusMin/5)
		t.due = min(t.due, now.Add(st.r.rand.Duration(wait)))
		t.reportAt = st.position() + every
	case st.position() != t.reported:
		// Also less than that: while the publisher waits there may be no more.
		due := max(now, t.last.Add(t.gap()))
		if st.req.GroupSize() > nack.SmallGroup { // all hear the same HEARTBEAT
			due = due.Add(st.r.rand.Duration(t.gap()))
		}
		t.due = min(t.due, due)
	}
}

// gap returns how long this subscriber waits between two STATUS.
func (t *status) gap() time.Duration {
	return reportGap * time.Duration(max(1, t.stream.req.GroupSize()))
}

// progress has a STATUS sent when the position has moved far enough.
func (t *status) progress() {
	if t.stream.position() >= t.reportAt {
		t.reportAt = nowhere // until it is sent
		t.soon()
	}
}

// soon has a STATUS sent as soon as may be.
func (t *status) soon() { t.due = min(t.due, max(t.stream.r.now, t.last.Add(t.gap()))) }

// leaveAgain tells the publisher of a stream that has ended here once more that this
// subscriber is done, since it goes on to say BYE; but not each time.
func (t *status) leaveAgain(now reliable.Time) {
	every := reliable.StatusEvery(t.stream.req.GroupSize())
	if t.every != 0 { // it waits
		every /= 5
	}
	if t.leaveDue == reliable.Never && now >= t.last.Add(every) {
		t.leaveDue = now
	}
}
