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

// next returns the next datagrams of a stream, with data only if data is set.
func (st *Stream) next(now reliable.Time, data bool) (b outgoing, ok bool) {
	asked := !st.repairer.Idle() // else a message shouldn't pay for looking four times
	if asked {
		b, ok = st.nextConfirm(now)
	}
	if !ok && st.store.Sent() != st.store.Next() && !st.turns.beaten &&
		now >= st.beats.due.Add(reliable.HeartbeatData) {
		b, ok = st.nextBeat(now) // however busy the socket is
		st.turns.beaten = ok
	}
	// Answers and repairs come before data, since a subscriber waits for them, but take
	// turns with it: a subscriber that asks for much must not delay the others.
	if !ok && st.turns.served && data {
		st.turns.served = false
		b, ok = st.nextData(now)
	}
	if !ok {
		if b, ok = st.session.nextWelcome(now); !ok {
			b, ok = st.session.nextDigest(now)
		}
		if !ok && asked {
			b, ok = st.nextAnswer(now)
		}
		if !ok && asked {
			b, ok = st.nextRepairs(now, nack.Recent)
		}
		st.turns.served = ok
	}
	if !ok && asked && st.turns.batches >= behindTurn {
		b, ok = st.nextRepairs(now, nack.Behind)
	}
	if !ok && data {
		b, ok = st.nextData(now)
	}
	if !ok {
		b, ok = st.nextBeat(now)
	}
	if !ok && asked {
		b, ok = st.nextRepairs(now, nack.Behind)
	}
	if !ok && asked {
		b, ok = st.nextAnswer(now) // frames that can't be had are denied
	}
	return b, ok
}

// sent takes the fate of a batch: the numbers of datagrams and bytes that the kernel took.
func (st *Stream) sent(b outgoing, datagrams, bytes uint64) {
	st.unsent.note(b, st.store.Sent(), st.repairer.Repeated())
	st.store.Pass(b.frames)
	st.repairer.Sent(datagrams, bytes)
	if b.frames > 0 || b.kind == frame.Repair {
		st.tally.refused += uint64(b.Datagrams()) - datagrams
	}
	if b.frames > 0 {
		st.tally.frames += datagrams
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
func (st *Stream) nextConfirm(now reliable.Time) (outgoing, bool) {
	b, ok := st.repairer.NextConfirm(now)
	b.Group = st.group
	return outgoing{Batch: b, kind: frame.Confirm}, ok
}

// nextData seals and returns frames that were never sent.
func (st *Stream) nextData(now reliable.Time) (outgoing, bool) {
	most := uint64(reliable.MaxBatch)
	st.skipUnfit(now)
	if st.packer.skipped > 0 {
		st.skip(now)
	}
	if st.store.Sent() == st.store.Next() {
		if !st.packer.filling() || (now < st.packer.due && !st.packer.flush && !st.closed()) {
			return outgoing{}, false
		}
		if st.limit.Bounds() && st.limit.Allow(now) == 0 {
			return outgoing{}, false
		}
		st.packer.seal(false)
		st.packer.flush = false
		if st.skipUnfit(now); st.store.Sent() == st.store.Next() {
			return outgoing{}, false
		}
	}
	if st.limit.Bounds() {
		if most = min(most, st.limit.Allow(now)); most == 0 {
			return outgoing{}, false
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
	b := outgoing{Batch: reliable.Batch{Group: st.group, Data: data, Segment: segment},
		frames: frames}
	if frames > 1 && len(data) == int(frames)*segment {
		b.Single = st.session.offload.single(now, st.channel, nack.Range{From: st.store.Sent(),
			To: st.store.Sent() + frames})
	}
	return b, true
}

// nextRepairs returns repairs of one class for one destination.
func (st *Stream) nextRepairs(now reliable.Time, class nack.Class) (outgoing, bool) {
	b, ok := st.repairer.NextRepairs(now, class)
	if !ok {
		return outgoing{}, false
	}
	if class == nack.Behind {
		st.turns.batches = 0
	}
	b.Group = st.group // which counts if nobody is named
	b.Single = b.Single || st.session.offload.repairsSingle()
	return outgoing{Batch: b, kind: frame.Repair}, true
}

// nextAnswer returns the next frame for a single subscriber that asked.
func (st *Stream) nextAnswer(now reliable.Time) (outgoing, bool) {
	b, ok := st.repairer.NextAnswer(now)
	return outgoing{Batch: b}, ok
}

// fullBatch reports whether enough full frames wait to be sent to fill a batch.
func (st *Stream) fullBatch() bool { return st.store.Next()-st.store.Sent() >= st.store.Most() }
