package send

import (
	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// turns decides which frames a stream sends next.
type turns struct {
	// beaten says that a heartbeat went before data that waited.
	beaten bool
	// served says that an answer or repairs went last: it is data's turn.
	served bool
	// batches counts batches of data since the last repairs for subscribers that are
	// behind.
	batches int
}

// next finds the next datagrams of a stream, with data only if data is set. It makes b of them,
// and reports whether there are any.
func (st *Stream) next(now reliable.Time, data bool, b *outgoing) (ok bool) {
	asked := !st.repairer.Idle() // else a message shouldn't pay for looking four times
	if asked && st.nextConfirm(now, b) {
		return true
	}
	if !st.turns.beaten && st.store.Sent() != st.store.Next() &&
		now >= st.beats.due.Add(reliable.HeartbeatData) && st.nextBeat(now, b) {
		st.turns.beaten = true // however busy the socket is
		return true
	}
	// Answers and repairs come before data, since a subscriber waits for them, but take
	// turns with it: a subscriber that asks for much must not delay the others.
	if st.turns.served && data {
		st.turns.served = false
		if st.nextData(now, b) {
			return true
		}
	}
	s := st.session
	if st.turns.served = s.nextWelcome(now, b) || s.nextDigest(now, b) ||
		asked && (st.nextAnswer(now, b) || st.nextRepairs(now, nack.Recent, b)); st.turns.served {
		return true
	}
	return asked && st.turns.batches >= behindTurn && st.nextRepairs(now, nack.Behind, b) ||
		data && st.nextData(now, b) ||
		(data || !st.ripe(now)) && st.nextBeat(now, b) ||
		asked && (st.nextRepairs(now, nack.Behind, b) ||
			st.nextAnswer(now, b)) // frames that can't be had are denied
}

// sent takes the fate of a batch: the numbers of datagrams and bytes that the kernel took.
func (st *Stream) sent(b *outgoing, datagrams, bytes uint64) {
	st.unsent.note(b, st.store.Sent(), st.repairer.Repeated())
	st.store.Pass(b.frames)
	st.repairer.Sent(datagrams, bytes)
	if b.frames > 0 || b.kind == frame.Repair {
		st.tally.refused += uint64(b.Datagrams()) - datagrams
	}
	if b.frames > 0 {
		st.tally.frames += datagrams
		st.session.published(st)
	}
	if st.window.full {
		st.window.noteRoom(st.session.clock.now)
	}
}

// sending returns the number of frames in the batch that is being sent.
func (st *Stream) sending() uint64 {
	if out := &st.session.turn.out; out.stream == st {
		return out.frames
	}
	return 0
}

// nextConfirm returns the next CONFIRM for the group.
func (st *Stream) nextConfirm(now reliable.Time, b *outgoing) (ok bool) {
	if b.Batch, ok = st.repairer.NextConfirm(now); ok {
		b.Group, b.kind = st.group, frame.Confirm
	}
	return ok
}

// nextData seals and returns frames that were never sent.
func (st *Stream) nextData(now reliable.Time, b *outgoing) bool {
	most := uint64(reliable.MaxBatch)
	st.skipUnfit(now)
	if st.packer.skipped > 0 {
		st.skip(now)
	}
	if st.store.Sent() == st.store.Next() {
		if !st.packer.filling() || (now < st.packer.due && !st.packer.flush && !st.closed()) {
			return false
		}
		if st.limit.Bounds() && st.limit.Allow(now) == 0 {
			return false
		}
		st.packer.seal(false)
		st.packer.flush = false
		if st.skipUnfit(now); st.store.Sent() == st.store.Next() {
			return false
		}
	}
	if st.limit.Bounds() {
		if most = min(most, st.limit.Allow(now)); most == 0 {
			return false
		}
	}
	data, segment, frames := st.store.Run(int(most))
	if st.limit.Bounds() {
		st.limit.Take(now, uint64(len(data)))
	}
	st.turns.batches++
	st.session.rate.bytes += uint64(len(data))
	st.beats.data(now)
	st.turns.beaten = false
	b.Group, b.Data, b.Segment, b.frames = st.group, data, segment, frames
	if frames > 1 && len(data) == int(frames)*segment {
		b.Single = st.session.offload.single(now, st.channel, nack.Range{From: st.store.Sent(),
			To: st.store.Sent() + frames})
	}
	return true
}

// ripe reports whether data may go now.
func (st *Stream) ripe(now reliable.Time) bool {
	return st.store.Sent() != st.store.Next() || st.packer.filling() && now >= st.packer.due
}

// nextRepairs returns repairs of one class for one destination.
func (st *Stream) nextRepairs(now reliable.Time, class nack.Class, b *outgoing) (ok bool) {
	if b.Batch, ok = st.repairer.NextRepairs(now, class); !ok {
		return false
	}
	if class == nack.Behind {
		st.turns.batches = 0
	}
	b.Group = st.group // which counts if nobody is named
	b.Single = b.Single || st.session.offload.repairsSingle()
	b.kind = frame.Repair
	return true
}

// nextAnswer returns the next frame for a single subscriber that asked.
func (st *Stream) nextAnswer(now reliable.Time, b *outgoing) (ok bool) {
	b.Batch, ok = st.repairer.NextAnswer(now)
	return ok
}

// fullBatch reports whether enough full frames wait to be sent to fill a batch.
func (st *Stream) fullBatch() bool { return st.store.Next()-st.store.Sent() >= st.store.Most() }
