package reliable

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// Sender is one session at its publisher.
type Sender struct {
	cfg       SenderConfig
	now       Time // of the last call that knew it
	ring      ring
	keep      retention
	disk      disk
	catch     catchUp
	limit     limit
	build     frame.Builder
	encode    frame.Encoder
	responder *nack.Responder
	members   members
	beats     heartbeats

	nextOffset uint64 // of the next message
	next       uint64 // the open frame's sequence number, or the next to be opened
	sent       uint64 // frames below are with the kernel
	openDue    Time   // when the open frame must go
	flush      bool   // the open frame goes at once

	armed Time // the last deadline
	woke  Time // when this process went on after it had been suspended

	announceDue Time
	sweepDue    Time
	answers     answers

	memberEvents []MemberEvent

	stash   nack.Repair // taken from the responder, for the next batch
	stashed bool

	closing  bool
	closed   Time // when Close was called
	lastNack Time
	saidBye  Time // the first BYE; Never before
	byeDue   Time
	byeWait  time.Duration

	rate      uint64 // of DATA lately, in bytes a second
	rateBytes uint64 // DATA bytes since rateFrom
	rateFrom  Time

	arena   []byte
	scratch frame.Frame
	beaten  bool   // a heartbeat went before data that waited
	taken   bool   // a batch is out, and Sent has not been called
	out     uint64 // DATA frames in it
	served  bool   // an answer or repairs went last: it is data's turn
	stats   SenderStats
}

// NewSender returns a session that has sent nothing yet.
func NewSender(cfg SenderConfig) (*Sender, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Sender{
		cfg:        cfg,
		ring:       newRing(cfg.ResendBuffer, frame.DataSize(cfg.Datagram)),
		members:    newMembers(cfg.MaxMembers),
		nextOffset: cfg.FirstOffset, next: cfg.FirstSeq, sent: cfg.FirstSeq,
		announceDue: cfg.Start, sweepDue: cfg.Start.Add(time.Second),
		openDue: Never, byeDue: Never, saidBye: Never, rateFrom: cfg.Start, armed: Never,
		arena: make([]byte, 0, max(arenaSize, cfg.Datagram)),
		now:   cfg.Start,
		limit: newLimit(cfg.MaxRate, cfg.Burst),
	}
	s.keep = retention{
		hold: nobody, pinned: nobody, gathered: cfg.Start.Add(gatherTime),
		gathering: cfg.Pace.Kind != PaceNone || cfg.WaitFor > 0,
	}
	s.disk.limit = uint64(cfg.Disk) / uint64(s.ring.stride)
	s.catch.budget = newLimit(cfg.RepairFloor, catchBurst)
	s.catch.since = cfg.Start
	marks := s.ring.slots
	if s.disk.limit > 0 {
		marks = max(marks, diskMarks)
	}
	s.responder = nack.NewResponder(nack.ResponderConfig{
		Frames: int(marks), FrameSize: cfg.Datagram,
		Share: cfg.RepairShare, Floor: cfg.RepairFloor,
	})
	s.beats.start(cfg.Start)
	return s, nil
}

// Session returns the session's id.
func (s *Sender) Session() uint64 { return s.cfg.Session }

// sessionTime returns now on the wire's clock.
func (s *Sender) sessionTime(now Time) uint64 { return uint64(max(0, now.Sub(s.cfg.Start))) }

// oldest returns the lowest sequence number that is held, in the ring or on disk.
func (s *Sender) oldest() uint64 {
	ring := s.ringOldest()
	if from, ok := s.disk.from(); ok {
		return min(ring, from)
	}
	return ring
}

// ringOldest returns the lowest sequence number that the ring holds.
func (s *Sender) ringOldest() uint64 {
	end := s.next
	if s.build.IsOpen() {
		end++ // the open frame took the slot of the oldest
	}
	if end-s.cfg.FirstSeq <= s.ring.slots {
		return s.cfg.FirstSeq
	}
	return end - s.ring.slots
}

// held returns the frames that the ring can repair: sent, and not overwritten.
func (s *Sender) held() nack.Range { return nack.Range{From: s.ringOldest(), To: s.sent} }

// startAt returns the offset of the first message that starts in frame seq or
// after it; seq may be the next frame.
func (s *Sender) startAt(seq uint64) uint64 {
	switch {
	case seq < s.ringOldest(): // the first on disk, or what is asked about holds no more
		return s.disk.offsetOf(seq)
	case seq < s.next || s.build.IsOpen():
		return s.ring.of(seq).start
	}
	return s.nextOffset - s.keep.skipped
}

// tick notes the time of a call.
func (s *Sender) tick(now Time) {
	if s.armed != Never && now.Sub(s.armed) > suspended {
		s.woke, s.armed = now, now
	}
	s.now = now
	if s.keep.gathering {
		s.gather(now)
	}
}

// sample takes the round trip that a NACK or STATUS tells. One that began before
// this process was suspended tells how long it was suspended.
func (s *Sender) sample(now Time, m *member, f *frame.Frame) {
	if f.Echo >= s.sessionTime(s.woke) {
		s.members.sample(m, s.sessionTime(now), f)
	}
}

// Handle takes a decoded frame that came from a subscriber. Frames of other
// sessions, and kinds that no subscriber sends, are passed over.
func (s *Sender) Handle(now Time, from netip.AddrPort, f *frame.Frame) {
	if f.Session != s.cfg.Session || f.Channel != s.cfg.Channel {
		return
	}
	s.tick(now)
	switch f.Kind {
	case frame.Nack:
		s.handleNack(now, from, f)
	case frame.Status:
		m := s.members.hear(now, from, f)
		s.sample(now, m, f)
		if m.name != string(f.Name) {
			m.name = string(f.Name)
		}
		m.room = f.Room
		if f.Flags&frame.Leaving != 0 {
			s.leave(now, m)
			s.regroup(now)
			s.stats.Statuses++
			return
		}
		// One that another has overtaken says where it was, not where it is.
		if told := f.Echo + uint64(f.Held); f.Echo == 0 || told >= m.told {
			m.told = max(m.told, told)
			s.moved(now, m, f.Position)
		}
		s.gather(now)
		if s.closing && s.mayAsk(f) {
			s.lastNack = now
		}
		s.stats.Statuses++
		if f.Flags&frame.WantSession != 0 {
			s.answers.want(from)
		}
		s.regroup(now)
	}
}

func (s *Sender) handleNack(now Time, from netip.AddrPort, f *frame.Frame) {
	s.stats.Nacks++
	s.lastNack = now
	m := s.members.hear(now, from, f)
	s.sample(now, m, f)
	s.regroup(now)
	at := Never // when the NACK was sent, at the earliest, on this session's clock
	if f.Echo != 0 && f.Echo <= s.sessionTime(now) {
		at = s.cfg.Start.Add(time.Duration(f.Echo)).Add(f.Held)
	}
	// Of a batch that is out, the first datagrams may have been missed already. They
	// are pinned, and no repair goes out before Sent.
	held, oldest := s.held(), s.oldest()
	held.To += s.out
	s.responder.Begin()
	for _, r := range f.Ranges {
		if r.To > s.next {
			s.stats.Unknown++ // nothing that far was ever sent
		}
		if r.From < s.catch.aged || r.From < held.From {
			s.responder.Asked(now, &m.Asker, f.Request, at, r.Clip(0, oldest), held)
			r = s.behind(now, m, f.Request, at, r.Clip(oldest, r.To), held)
		}
		s.responder.Asked(now, &m.Asker, f.Request, at, r, held)
	}
	answer := s.responder.Answer()
	s.answers.gone(from, f.Request, answer.Gone)
	s.answers.confirm(answer.Confirm)
}

// regroup tells the responder how large and how far the group is.
func (s *Sender) regroup(now Time) {
	s.members.settle(now)
	s.responder.SetGroup(len(s.members.rows), s.members.rtt)
}

// Advance lets time pass.
func (s *Sender) Advance(now Time) {
	s.tick(now)
	if now >= s.sweepDue {
		gone := s.members.sweep(now, s.patience)
		for _, m := range gone {
			s.gone(m)
		}
		if len(gone) > 0 {
			s.refloor(now)
		}
		s.regroup(now)
		s.sweepDue = now.Add(time.Second)
	}
	if elapsed := now.Sub(s.rateFrom); elapsed >= 50*time.Millisecond {
		// The repairs of a burst come after it: let the rate fall slowly.
		rate := s.rateBytes * 1000 / uint64(elapsed.Milliseconds())
		s.rate = max(rate, s.rate-s.rate/8)
		s.responder.SetDataRate(now, s.rate)
		s.catch.budget.setRate(max(s.cfg.RepairFloor, s.rate), catchBurst)
		s.rateBytes, s.rateFrom = 0, now
	}
	s.catch.age(now, s.sent, s.members.rtt)
	if s.keep.full {
		s.leaveOut(now)
	}
}

// Deadline returns when to call Advance, and then Next.
func (s *Sender) Deadline(now Time) Time {
	if s.Finished(now) {
		return Never
	}
	at := min(s.announceDue, s.sweepDue)
	if s.closing {
		at = min(s.sweepDue, s.byeDue)
		if s.Pending() {
			at = min(s.sweepDue, s.beats.due)
		}
		if end := s.drainEnd(); end > now {
			at = min(at, end)
		}
	} else {
		at = min(at, s.beats.due)
	}
	if s.keep.gathering && s.cfg.WaitFor == 0 {
		at = min(at, s.keep.gathered)
	}
	if s.keep.full {
		at = min(at, s.stallDue())
	}
	data := Never // when the next data, or repair, may go
	if s.build.IsOpen() && !s.build.Empty() {
		data = s.openDue
	}
	if s.limit.rate > 0 && s.sent != s.next {
		data = now
	}
	if !s.stashed {
		data = min(data, s.responder.Deadline(now))
	} else {
		data = now
	}
	if s.limit.rate > 0 && data != Never {
		data = max(data, s.limit.ready())
	}
	at = min(at, data)
	if len(s.catch.turns) > 0 {
		at = min(at, s.catchUpDue())
	}
	s.armed = max(at, now)
	return at
}

// Next returns the next datagrams to send, and false if there are none now. The
// batch must be handed back with Sent before the next call.
func (s *Sender) Next(now Time) (Batch, bool) {
	if s.taken || s.Finished(now) {
		return Batch{}, false
	}
	s.tick(now)
	b, ok := s.nextControl(now)
	if !ok && s.sent != s.next && !s.beaten && now >= s.beats.due.Add(heartbeatData) {
		b, ok = s.nextBeat(now) // however busy the socket is
		s.beaten = ok
	}
	// Answers and repairs come before data, since somebody waits for them, but take
	// turns with it: whoever asks for much must not delay the others.
	if !ok && s.served {
		s.served = false
		b, ok = s.nextData(now)
	}
	if !ok {
		if b, ok = s.nextAnswer(now); !ok {
			b, ok = s.nextRepairs(now)
		}
		s.served = ok
	}
	if !ok && len(s.catch.turns) > 0 && s.catch.data >= catchTurn {
		b, ok = s.nextCatchUp(now)
	}
	if !ok {
		b, ok = s.nextData(now)
	}
	if !ok {
		b, ok = s.nextBeat(now)
	}
	if !ok && len(s.catch.turns) > 0 {
		if b, ok = s.nextCatchUp(now); !ok {
			b, ok = s.nextAnswer(now) // what can't be had is denied
		}
	}
	s.taken, s.out = ok, b.frames
	if ok {
		s.stats.Bytes += uint64(len(b.Data))
		s.stats.Datagrams += uint64(b.Datagrams())
	}
	return b, ok
}

// Sent hands a batch back: its datagrams are with the kernel, or lost.
func (s *Sender) Sent(b Batch) {
	s.taken, s.out = false, 0
	s.sent += b.frames
	s.stats.Frames += b.frames
	if s.keep.full {
		s.noteRoom(s.now)
	}
}

// nextData seals and returns frames that were never sent.
func (s *Sender) nextData(now Time) (Batch, bool) {
	most := uint64(maxBatch)
	if s.keep.skipped > 0 {
		s.skip(now)
	}
	if s.sent == s.next {
		if !s.build.IsOpen() || s.build.Empty() || (now < s.openDue && !s.flush && !s.closing) {
			return Batch{}, false
		}
		if s.limit.rate > 0 && s.limit.allow(now) == 0 {
			return Batch{}, false
		}
		s.seal(false)
		s.flush = false
	}
	if s.limit.rate > 0 {
		if most = min(most, s.limit.allow(now)); most == 0 {
			return Batch{}, false
		}
	}
	data, frames := s.ring.run(s.sent, s.next, int(most))
	if s.limit.rate > 0 {
		s.limit.take(now, uint64(len(data)))
	}
	if len(s.catch.turns) > 0 {
		s.catch.data++
	}
	s.rateBytes += uint64(len(data))
	s.beats.data(now)
	s.beaten = false
	segment := min(s.ring.stride, len(data))
	return Batch{Data: data, Segment: segment, frames: frames}, true
}

// nextRepairs returns repairs for one destination.
func (s *Sender) nextRepairs(now Time) (Batch, bool) {
	b := Batch{}
	if s.limit.rate > 0 && s.limit.room(now) == 0 {
		return b, false
	}
	s.arena = s.arena[:0]
	held := s.held()
	for n := 0; n < maxRepairs; n++ {
		if !s.stashed {
			if s.stash, s.stashed = s.responder.Next(now, held); !s.stashed {
				break
			}
		}
		if s.stash.Seq < held.From { // overwritten while it waited for a place
			s.stashed = false
			continue
		}
		data := s.ring.frame(s.stash.Seq)
		if len(s.arena) > 0 && (s.stash.To != b.To || len(s.arena)+s.cfg.Datagram > min(cap(s.arena), maxBatch)) {
			s.responder.SentAt(s.stash.Seq, Never)
			break
		}
		before := len(s.arena)
		s.arena = s.encode.AppendRepair(s.arena, s.cfg.Session, s.cfg.Channel, s.cfg.Session, s.stash.Request, data)
		size := len(s.arena) - before
		if before > 0 && size > b.Segment {
			s.arena = s.arena[:before]
			s.responder.SentAt(s.stash.Seq, Never)
			break
		}
		if before == 0 {
			b.To, b.Segment = s.stash.To, size
		}
		s.stashed = false
		s.responder.SentAt(s.stash.Seq, now)
		s.stats.Repairs++
		s.stats.RepairBytes += uint64(size)
		if size < b.Segment {
			break
		}
	}
	b.Data = s.arena
	s.limit.take(now, uint64(len(b.Data)))
	return b, len(b.Data) > 0
}

// Close ends the session: what is open is sent, BYE is repeated, and repairs go
// on until Finished. Publish fails from now on.
func (s *Sender) Close(now Time) {
	if s.closing {
		return
	}
	s.closing, s.closed, s.lastNack = true, now, now
	s.byeDue, s.byeWait = now, heartbeatFirst
	if s.keep.gathering {
		s.gather(now)
	}
}

// mayAsk reports whether a subscriber may yet ask for something, though it asks
// for nothing now: it hasn't heard the end, or it has no room for all that it has
// not delivered.
func (s *Sender) mayAsk(status *frame.Frame) bool {
	if status.Echo < s.sessionTime(s.closed) {
		return true
	}
	lacks := s.next - min(s.next, status.Position)
	return status.Room/uint64(max(s.ring.stride, frameBuffer)) < lacks
}

// drainEnd returns when a closed session stops repairing.
func (s *Sender) drainEnd() Time {
	ended := max(s.closed, s.saidBye)
	return min(max(ended, s.lastNack).Add(drainQuiet), ended.Add(drainMax))
}

// Finished reports whether a closed session has nothing left to do.
func (s *Sender) Finished(now Time) bool {
	return s.closing && s.saidBye != Never && now >= s.drainEnd() && !s.Pending() && !s.owes(now)
}

// owes says whether a subscriber that counts has yet to take something, and is
// still at it.
func (s *Sender) owes(now Time) bool {
	for _, m := range s.members.rows {
		if m.state == Counted && m.position < s.next && now < max(m.movedAt, s.closed).Add(s.cfg.StallTimeout) {
			return true
		}
	}
	return false
}

// Flush lets the open frame go without waiting for more messages.
func (s *Sender) Flush() { s.flush = s.build.IsOpen() && !s.build.Empty() }

// FlushedOffset returns the offset of the first message that is not yet whole
// with the kernel.
func (s *Sender) FlushedOffset() uint64 {
	if !s.Pending() {
		return s.nextOffset
	}
	if s.sent == s.next && !s.build.IsOpen() {
		return s.nextOffset // nothing but a word of what was dropped
	}
	return s.ring.of(s.sent).offset
}

// FullBatch reports whether so many full frames wait to be sent that one batch
// takes no more.
func (s *Sender) FullBatch() bool { return s.next-s.sent >= s.ring.most }

// Pending reports whether a message was accepted that is not with the kernel yet,
// or dropped and not told yet.
func (s *Sender) Pending() bool {
	return s.sent != s.next || (s.build.IsOpen() && !s.build.Empty()) || s.keep.skipped > 0
}

// Members returns the subscribers that are known, in the order of their first
// word.
func (s *Sender) Members() []Member {
	list := make([]Member, 0, len(s.members.rows))
	for _, m := range s.members.rows {
		list = append(list, s.member(m))
	}
	return list
}
