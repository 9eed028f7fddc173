package send

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// heartbeats schedules HEARTBEAT frames: soon after the last data, then ever more rarely,
// and now and then while data flows.
type heartbeats struct {
	// wait is the time from the last frame to the next heartbeat.
	wait time.Duration
	// last is when the last heartbeat was sent.
	last reliable.Time
	due  reliable.Time
}

func (h *heartbeats) start(now reliable.Time) {
	h.wait, h.last, h.due = heartbeatFirst, now, now
}

// data notes that data was sent.
func (h *heartbeats) data(now reliable.Time) {
	h.wait = heartbeatFirst
	h.due = min(now.Add(heartbeatFirst), h.last.Add(reliable.HeartbeatData))
}

// sent notes a heartbeat, and returns the interval to announce in it: the next one comes
// no later.
func (h *heartbeats) sent(now reliable.Time) time.Duration {
	h.last = now
	h.due = now.Add(h.wait)
	h.wait = min(2*h.wait, heartbeatLast)
	return max(h.due.Sub(now), reliable.HeartbeatData)
}

// byes schedules BYE frames: the end of a stream is repeated, ever more rarely.
type byes struct {
	// said is when the first BYE was sent; Never before.
	said reliable.Time
	// due is when the next BYE is due, and wait the time from then to the one after it.
	due  reliable.Time
	wait time.Duration
}

func (b *byes) start(now reliable.Time) { b.due, b.wait = now, heartbeatFirst }

func (b *byes) sent(now reliable.Time) {
	b.said = min(b.said, now)
	b.due = now.Add(b.wait)
	b.wait = min(2*b.wait, byeLast)
}

// nextBeat makes b of the HEARTBEAT or BYE that is due.
func (st *Stream) nextBeat(now reliable.Time, b *outgoing) bool {
	over := st.closed() && !st.Pending()
	switch {
	case over && now >= st.byes.due:
		st.byes.sent(now)
		st.session.control.batch(netip.AddrPort{}, st.beatFrame(now, frame.Bye, byeLast), b)
	case !over && now >= st.beats.due:
		interval := st.beats.sent(now)
		st.session.control.batch(netip.AddrPort{},
			st.beatFrame(now, frame.Heartbeat, interval), b)
	default:
		return false
	}
	b.Group = st.group
	return true
}

// reportEvery returns the number of frames after which a subscriber is to report its
// position, or 0 if positions don't matter.
func (st *Stream) reportEvery() uint64 {
	if st.recorded.waiting > 0 {
		return 1
	}
	return st.pace.reportEvery()
}

// beatFrame describes the progress of the stream: the frames that were sent, and those
// that are still held. The next such frame comes within the interval.
func (st *Stream) beatFrame(
	now reliable.Time, kind frame.Kind, interval time.Duration,
) frame.Frame {
	s := st.session
	oldest := min(st.store.Oldest(), st.store.Sent())
	return frame.Frame{
		Kind: kind, Flags: s.cfg.flags(), Channel: st.channel, Time: s.clock.wire(now),
		NextSeq: st.store.Sent(), NextOffset: st.store.Start(st.store.Sent()),
		OldestSeq: oldest, OldestOffset: st.store.Start(oldest),
		Interval: interval, Group: uint32(len(st.audience.rows)), RTT: s.members.rtt,
		Report: st.reportEvery(),
	}
}
