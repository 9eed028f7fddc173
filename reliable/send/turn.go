package send

import (
	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// Next returns the next datagrams to send, and false if there are none now. The
// batch must be handed back with Sent before the next call.
func (s *Sender) Next(now reliable.Time) (reliable.Batch, bool) { return s.turn(now, true) }

// NextFull is Next, but that data which doesn't fill a batch stays where it is.
func (s *Sender) NextFull(now reliable.Time) (reliable.Batch, bool) {
	return s.turn(now, s.FullBatch())
}

// turn returns the next datagrams to send; data among them if they may be.
func (s *Sender) turn(now reliable.Time, data bool) (reliable.Batch, bool) {
	if s.taken || s.Finished(now) {
		return reliable.Batch{}, false
	}
	s.tick(now)
	s.unsent.bye, s.unsent.repairs = false, s.unsent.repairs[:0]
	b, ok := s.nextControl(now)
	if !ok && s.store.Sent() != s.store.Next() && !s.beaten && now >= s.beats.due.Add(reliable.HeartbeatData) {
		b, ok = s.nextBeat(now) // however busy the socket is
		s.beaten = ok
	}
	// Answers and repairs come before data, since somebody waits for them, but take
	// turns with it: whoever asks for much must not delay the others.
	if !ok && s.served && data {
		s.served = false
		b, ok = s.nextData(now)
	}
	if !ok {
		if b, ok = s.nextAnswer(now); !ok {
			b, ok = s.nextRepairs(now, nack.Recent)
		}
		s.served = ok
	}
	if !ok && s.batches >= behindTurn {
		b, ok = s.nextRepairs(now, nack.Behind)
	}
	if !ok && data {
		b, ok = s.nextData(now)
	}
	if !ok {
		b, ok = s.nextBeat(now)
	}
	if !ok {
		b, ok = s.nextRepairs(now, nack.Behind)
	}
	if !ok {
		b, ok = s.nextAnswer(now) // what can't be had is denied
	}
	s.taken, s.out = ok, b
	return b.Batch, ok
}

// Sent hands a batch back: its datagrams are with the kernel, or lost. What the kernel
// refused counts as neither sent nor repaired.
func (s *Sender) Sent(back reliable.Batch) {
	b := s.out
	b.Batch = back
	s.taken, s.out = false, outgoing{}
	s.unsent.note(b, s.store.Sent())
	s.store.Pass(b.frames)
	datagrams, bytes := uint64(b.Datagrams()), uint64(len(b.Data))
	refused := min(b.Refused, datagrams)
	datagrams -= refused
	bytes -= min(b.RefusedBytes, bytes)
	s.stats.Datagrams += datagrams
	s.stats.Bytes += bytes
	if b.frames > 0 || b.repairs {
		s.stats.Refused += refused
	}
	if b.frames > 0 {
		s.stats.Frames += datagrams
	}
	if b.repairs {
		s.stats.Repairs += datagrams
		s.stats.RepairBytes += bytes
	}
	if b.catchUp {
		s.stats.CatchUps += datagrams
	}
	switch b.kind {
	case frame.Heartbeat:
		s.stats.Heartbeats += datagrams
	case frame.Confirm:
		s.stats.Confirms += datagrams
	}
	if s.keep.full {
		s.noteRoom(s.now)
	}
}

// nextData seals and returns frames that were never sent.
func (s *Sender) nextData(now reliable.Time) (outgoing, bool) {
	most := uint64(reliable.MaxBatch)
	s.skipUnfit(now)
	if s.keep.skipped > 0 {
		s.skip(now)
	}
	if s.store.Sent() == s.store.Next() {
		if !s.build.IsOpen() || s.build.Empty() || (now < s.openDue && !s.flush && !s.closing) {
			return outgoing{}, false
		}
		if s.limit.rate > 0 && s.limit.allow(now) == 0 {
			return outgoing{}, false
		}
		s.seal(false)
		s.flush = false
		if s.skipUnfit(now); s.store.Sent() == s.store.Next() {
			return outgoing{}, false
		}
	}
	if s.limit.rate > 0 {
		if most = min(most, s.limit.allow(now)); most == 0 {
			return outgoing{}, false
		}
	}
	data, segment, frames := s.store.Run(int(most))
	if s.limit.rate > 0 {
		s.limit.take(now, uint64(len(data)))
	}
	s.batches++
	s.rateBytes += uint64(len(data))
	s.beats.data(now)
	s.beaten = false
	b := outgoing{Batch: reliable.Batch{Data: data, Segment: segment}, frames: frames}
	if frames > 1 && len(data) == int(frames)*segment {
		b.Single = s.offload.single(now, nack.Range{From: s.store.Sent(), To: s.store.Sent() + frames})
	}
	return b, true
}

// nextRepairs returns repairs of one class for one destination.
func (s *Sender) nextRepairs(now reliable.Time, class nack.Class) (outgoing, bool) {
	b := outgoing{repairs: true, catchUp: class == nack.Behind}
	if s.responder.Waiting(class) == 0 || s.limit.rate > 0 && s.limit.room(now) == 0 {
		return b, false
	}
	b.Single = s.offload.repairsSingle()
	s.arena = s.arena[:0]
	for n := 0; n < maxRepairs; n++ {
		r, ok := s.responder.Next(now, class, s.store.Held())
		if !ok || n > 0 && (r.To != b.To || len(s.arena)+s.cfg.Datagram > min(cap(s.arena), reliable.MaxBatch)) {
			break
		}
		before := len(s.arena)
		s.arena = s.encode.AppendRepair(s.arena, s.cfg.Session, s.cfg.Channel, s.cfg.Session, r.Request, s.store.Frame(r.Seq))
		size := len(s.arena) - before
		if n > 0 && size > b.Segment {
			s.arena = s.arena[:before]
			break
		}
		if n == 0 {
			b.To, b.Segment = r.To, size
		}
		s.responder.Take(now, uint64(size))
		b.Single = b.Single || r.Again // it may be cutting that damaged it
		s.unsent.repairs = append(s.unsent.repairs, repeat{r.Seq, r.Asker})
		if size < b.Segment {
			break
		}
	}
	s.deny()
	if b.Data = s.arena; len(b.Data) == 0 {
		s.store.Read(s.responder.Stored())
		return b, false // to take nothing would end a lateness that is to be made up
	}
	if class == nack.Behind {
		s.batches = 0
	}
	s.limit.take(now, uint64(len(b.Data)))
	return b, true
}

// Flush lets the open frame go without waiting for more messages.
func (s *Sender) Flush() { s.flush = s.build.IsOpen() && !s.build.Empty() }

// FlushedOffset returns the offset of the first message that is not yet whole
// with the kernel.
func (s *Sender) FlushedOffset() uint64 {
	if !s.Pending() {
		return s.nextOffset
	}
	if s.store.Sent() == s.store.Next() && !s.build.IsOpen() {
		return s.nextOffset // nothing but a word of what was dropped
	}
	return s.store.Offset(s.store.Sent())
}

// FullBatch reports whether so many full frames wait to be sent that one batch
// takes no more.
func (s *Sender) FullBatch() bool { return s.store.Next()-s.store.Sent() >= s.store.Most() }

// Pending reports whether a message was accepted that is not with the kernel yet,
// or dropped and not told yet.
func (s *Sender) Pending() bool {
	return s.store.Sent() != s.store.Next() || (s.build.IsOpen() && !s.build.Empty()) || s.keep.skipped > 0
}
