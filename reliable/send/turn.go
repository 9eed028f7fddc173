package send

import (
	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// turn is the batch that is being sent, if taken is set: Sent has not been called.
type turn struct {
	out   outgoing
	taken bool
}

// turns decides what a stream sends next.
type turns struct {
	// beaten says that a heartbeat went before data that waited.
	beaten bool
	// served says that an answer or repairs went last: it is data's turn.
	served bool
	// batches counts batches of data since the last repairs for subscribers that are
	// behind.
	batches int
}

// Next returns the next datagrams to send, and false if there are none now. The
// batch must be handed back with Sent before the next call.
func (s *Sender) Next(now reliable.Time) (reliable.Batch, bool) { return s.nextTurn(now, true) }

// NextFull is like Next, but leaves data that doesn't fill a batch where it is.
func (s *Sender) NextFull(now reliable.Time) (reliable.Batch, bool) {
	return s.nextTurn(now, s.FullBatch())
}

// nextTurn returns the next datagrams to send, with data only if data is set.
func (s *Sender) nextTurn(now reliable.Time, data bool) (reliable.Batch, bool) {
	if s.turn.taken || s.Finished(now) {
		return reliable.Batch{}, false
	}
	s.tick(now)
	s.unsent.bye = false
	asked := !s.repairer.Idle() // else a message shouldn't pay for looking four times
	b, ok := s.nextControl(now, asked)
	if !ok && s.store.Sent() != s.store.Next() && !s.turns.beaten &&
		now >= s.beats.due.Add(reliable.HeartbeatData) {
		b, ok = s.nextBeat(now) // however busy the socket is
		s.turns.beaten = ok
	}
	// Answers and repairs come before data, since a subscriber waits for them, but take
	// turns with it: a subscriber that asks for much must not delay the others.
	if !ok && s.turns.served && data {
		s.turns.served = false
		b, ok = s.nextData(now)
	}
	if !ok {
		if b, ok = s.nextWelcome(now); !ok && asked {
			b, ok = s.nextAnswer(now)
		}
		if !ok && asked {
			b, ok = s.nextRepairs(now, nack.Recent)
		}
		s.turns.served = ok
	}
	if !ok && asked && s.turns.batches >= behindTurn {
		b, ok = s.nextRepairs(now, nack.Behind)
	}
	if !ok && data {
		b, ok = s.nextData(now)
	}
	if !ok {
		b, ok = s.nextBeat(now)
	}
	if !ok && asked {
		b, ok = s.nextRepairs(now, nack.Behind)
	}
	if !ok && asked {
		b, ok = s.nextAnswer(now) // what can't be had is denied
	}
	s.turn.taken, s.turn.out = ok, b
	return b.Batch, ok
}

// Sent hands a batch back: its datagrams are with the kernel, or lost. Datagrams that the
// kernel refused count as neither sent nor repaired.
func (s *Sender) Sent(back reliable.Batch) {
	b := s.turn.out
	b.Batch = back
	s.turn.taken, s.turn.out = false, outgoing{}
	datagrams, bytes := uint64(b.Datagrams()), uint64(len(b.Data))
	refused := min(b.Refused, datagrams)
	datagrams -= refused
	bytes -= min(b.RefusedBytes, bytes)
	s.unsent.note(b, s.store.Sent(), s.repairer.Repeated())
	s.store.Pass(b.frames)
	s.repairer.Sent(datagrams, bytes)
	s.stats.Datagrams += datagrams
	s.stats.Bytes += bytes
	if b.frames > 0 || b.kind == frame.Repair {
		s.stats.Refused += refused
	}
	if b.frames > 0 {
		s.stats.Frames += datagrams
	}
	if b.kind == frame.Heartbeat {
		s.stats.Heartbeats += datagrams
	}
	if s.window.full {
		s.window.noteRoom(s.now)
	}
}

// nextData seals and returns frames that were never sent.
func (s *Sender) nextData(now reliable.Time) (outgoing, bool) {
	most := uint64(reliable.MaxBatch)
	s.skipUnfit(now)
	if s.packer.skipped > 0 {
		s.skip(now)
	}
	if s.store.Sent() == s.store.Next() {
		if !s.packer.filling() || (now < s.packer.due && !s.packer.flush && !s.closing.on) {
			return outgoing{}, false
		}
		if s.limit.Bounds() && s.limit.Allow(now) == 0 {
			return outgoing{}, false
		}
		s.packer.seal(false)
		s.packer.flush = false
		if s.skipUnfit(now); s.store.Sent() == s.store.Next() {
			return outgoing{}, false
		}
	}
	if s.limit.Bounds() {
		if most = min(most, s.limit.Allow(now)); most == 0 {
			return outgoing{}, false
		}
	}
	data, segment, frames := s.store.Run(int(most))
	if s.limit.Bounds() {
		s.limit.Take(now, uint64(len(data)))
	}
	s.turns.batches++
	s.rate.bytes += uint64(len(data))
	s.beats.data(now)
	s.turns.beaten = false
	b := outgoing{Batch: reliable.Batch{Data: data, Segment: segment}, frames: frames}
	if frames > 1 && len(data) == int(frames)*segment {
		b.Single = s.offload.single(now, nack.Range{From: s.store.Sent(),
			To: s.store.Sent() + frames})
	}
	return b, true
}

// nextRepairs returns repairs of one class for one destination.
func (s *Sender) nextRepairs(now reliable.Time, class nack.Class) (outgoing, bool) {
	b, ok := s.repairer.NextRepairs(now, class)
	if !ok {
		return outgoing{}, false
	}
	if class == nack.Behind {
		s.turns.batches = 0
	}
	b.Single = b.Single || s.offload.repairsSingle()
	return outgoing{Batch: b, kind: frame.Repair}, true
}

// nextAnswer returns the next frame for a single subscriber that asked.
func (s *Sender) nextAnswer(now reliable.Time) (outgoing, bool) {
	b, ok := s.repairer.NextAnswer(now)
	return outgoing{Batch: b}, ok
}

// Flush lets the open frame go without waiting for more messages.
func (s *Sender) Flush() { s.packer.flush = s.packer.filling() }

// FlushedOffset returns the offset of the first message that is not yet wholly with the
// kernel.
func (s *Sender) FlushedOffset() uint64 { return s.packer.flushedOffset() }

// Frontier returns the number of the first frame that no accepted message has a part in.
func (s *Sender) Frontier() uint64 {
	if s.packer.filling() {
		return s.store.Next() + 1
	}
	return s.store.Next()
}

// Taken reports whether the subscribers that count have passed all frames below seq.
func (s *Sender) Taken(seq uint64) bool { return s.pace.needed() >= seq }

// FullBatch reports whether enough full frames wait to be sent to fill a batch.
func (s *Sender) FullBatch() bool { return s.store.Next()-s.store.Sent() >= s.store.Most() }

// Pending reports whether an accepted message is not with the kernel yet, or was dropped
// and subscribers were not told.
func (s *Sender) Pending() bool { return s.packer.pending() }

// outgoing is the batch that is being sent.
type outgoing struct {
	reliable.Batch
	// frames counts its DATA frames.
	frames uint64
	// kind is the kind of its other frames.
	kind frame.Kind
}
