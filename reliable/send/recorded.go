package send

import "crier/reliable"

// A logged is a recorder's word of its log: the frames below written survive the end of its
// process, and those below synced the loss of power.
type logged struct {
	recorder        bool
	written, synced uint64
}

// A recorded knows what the logs of recorders hold.
type recorded struct {
	audience *audience
	// waiting is the number of those who wait for recorders.
	waiting int
}

// count returns how many recorders there are, and how many of them hold all frames below
// seq: written, or synced if that is asked for.
func (r *recorded) count(seq uint64, synced bool) (recorders, holding int) {
	for _, m := range r.audience.rows {
		if !m.log.recorder {
			continue
		}
		recorders++
		has := m.log.written
		if synced {
			has = m.log.synced
		}
		if has >= seq {
			holding++
		}
	}
	return recorders, holding
}

// Holding returns how many recorders there are, and how many of them hold all frames below
// seq: written, or synced if that is asked for. A log of the session's own counts as one,
// unless it lacks some of them.
func (st *Stream) Holding(seq uint64, synced bool) (recorders, holding int) {
	recorders, holding = st.recorded.count(seq, synced)
	if written, sure, ok := st.store.Logged(); ok && !st.store.LogLacks(seq) {
		recorders++
		if !synced && written >= seq || sure >= seq {
			holding++
		}
	}
	return recorders, holding
}

// End returns one past the last frame with a part of the message at an accepted offset. If
// the resend buffer no longer holds that frame, End returns the oldest that it holds.
func (st *Stream) End(offset uint64) uint64 { return st.store.End(offset) }

// AwaitRecorders says that somebody waits for recorders: until it is called with false as
// often, they are asked to report after every frame.
func (st *Stream) AwaitRecorders(now reliable.Time, on bool) {
	if !on {
		st.recorded.waiting--
		return
	}
	if st.recorded.waiting++; st.recorded.waiting == 1 {
		st.beats.due = min(st.beats.due, now)
		st.session.schedule.touch(st)
	}
}
