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
	ring      ring
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
	stash       nack.Repair // taken from the responder, for the next batch
	stashed     bool

	closing  bool
	closed   Time // when Close was called
	lastNack Time
	byeDue   Time
	byeWait  time.Duration

	rate      uint64 // of DATA lately, in bytes a second
	rateBytes uint64 // DATA bytes since rateFrom
	rateFrom  Time

	arena   []byte
	scratch frame.Frame
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
		openDue: Never, byeDue: Never, rateFrom: cfg.Start, armed: Never,
		arena: make([]byte, 0, max(arenaSize, cfg.Datagram)),
	}
	s.responder = nack.NewResponder(nack.ResponderConfig{
		Frames: int(s.ring.slots), FrameSize: cfg.Datagram,
		Share: cfg.RepairShare, Floor: cfg.RepairFloor,
	})
	s.beats.start(cfg.Start)
	return s, nil
}

// Session returns the session's id.
func (s *Sender) Session() uint64 { return s.cfg.Session }

// sessionTime returns now on the wire's clock.
func (s *Sender) sessionTime(now Time) uint64 { return uint64(max(0, now.Sub(s.cfg.Start))) }

// oldest returns the lowest sequence number that is held.
func (s *Sender) oldest() uint64 {
	end := s.next
	if s.build.IsOpen() {
		end++ // the open frame took the slot of the oldest
	}
	if end-s.cfg.FirstSeq <= s.ring.slots {
		return s.cfg.FirstSeq
	}
	return end - s.ring.slots
}

// held returns the frames that can be repaired: sent, and not overwritten.
func (s *Sender) held() nack.Range { return nack.Range{From: s.oldest(), To: s.sent} }

// startAt returns the offset of the first message that starts in frame seq or
// after it; seq may be the next frame.
func (s *Sender) startAt(seq uint64) uint64 {
	if seq < s.next || s.build.IsOpen() {
		return s.ring.of(seq).start
	}
	return s.nextOffset
}

// tick notes the time of a call.
func (s *Sender) tick(now Time) {
	if s.armed != Never && now.Sub(s.armed) > suspended {
		s.woke, s.armed = now, now
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
		m.position, m.room = f.Position, f.Room
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
	held := s.held()
	held.To += s.out
	s.responder.Begin()
	for _, r := range f.Ranges {
		if r.To > s.next {
			s.stats.Unknown++ // nothing that far was ever sent
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
		s.members.sweep(now)
		s.regroup(now)
		s.sweepDue = now.Add(time.Second)
	}
	if elapsed := now.Sub(s.rateFrom); elapsed >= 50*time.Millisecond {
		// The repairs of a burst come after it: let the rate fall slowly.
		rate := s.rateBytes * 1000 / uint64(elapsed.Milliseconds())
		s.rate = max(rate, s.rate-s.rate/8)
		s.responder.SetDataRate(now, s.rate)
		s.rateBytes, s.rateFrom = 0, now
	}
}

// Deadline returns when to call Advance, and then Next.
func (s *Sender) Deadline(now Time) Time {
	if s.Finished(now) {
		return Never
	}
	at := min(s.announceDue, s.sweepDue)
	if s.closing {
		at = min(s.byeDue, s.drainEnd(), s.sweepDue)
	} else {
		at = min(at, s.beats.due)
	}
	if s.build.IsOpen() && !s.build.Empty() {
		at = min(at, s.openDue)
	}
	if !s.stashed {
		at = min(at, s.responder.Deadline(now))
	} else {
		at = now
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
	if !ok {
		b, ok = s.nextData(now)
	}
	if !ok {
		b, ok = s.nextBeat(now)
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
}

// nextData seals and returns frames that were never sent.
func (s *Sender) nextData(now Time) (Batch, bool) {
	if s.sent == s.next {
		if !s.build.IsOpen() || s.build.Empty() || (now < s.openDue && !s.flush && !s.closing) {
			return Batch{}, false
		}
		s.seal(false)
		s.flush = false
	}
	data, frames := s.ring.run(s.sent, s.next)
	s.rateBytes += uint64(len(data))
	s.beats.data(now)
	segment := min(s.ring.stride, len(data))
	return Batch{Data: data, Segment: segment, frames: frames}, true
}

// nextRepairs returns repairs for one destination.
func (s *Sender) nextRepairs(now Time) (Batch, bool) {
	b := Batch{}
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
			break
		}
		before := len(s.arena)
		s.arena = s.encode.AppendRepair(s.arena, s.cfg.Session, s.cfg.Channel, s.cfg.Session, s.stash.Request, data)
		size := len(s.arena) - before
		if before > 0 && size > b.Segment {
			s.arena = s.arena[:before]
			break
		}
		if before == 0 {
			b.To, b.Segment = s.stash.To, size
		}
		s.stashed = false
		s.stats.Repairs++
		s.stats.RepairBytes += uint64(size)
		if size < b.Segment {
			break
		}
	}
	b.Data = s.arena
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
	return min(max(s.closed, s.lastNack).Add(drainQuiet), s.closed.Add(drainMax))
}

// Finished reports whether a closed session has nothing left to do.
func (s *Sender) Finished(now Time) bool {
	return s.closing && now >= s.drainEnd() && !s.Pending()
}

// Flush lets the open frame go without waiting for more messages.
func (s *Sender) Flush() { s.flush = s.build.IsOpen() && !s.build.Empty() }

// FlushedOffset returns the offset of the first message that is not yet whole
// with the kernel.
func (s *Sender) FlushedOffset() uint64 {
	if !s.Pending() {
		return s.nextOffset
	}
	return s.ring.of(s.sent).offset
}

// FullBatch reports whether so many full frames wait to be sent that one batch
// takes no more.
func (s *Sender) FullBatch() bool { return s.next-s.sent >= s.ring.most }

// Pending reports whether a message was accepted that is not with the kernel yet.
func (s *Sender) Pending() bool {
	return s.sent != s.next || (s.build.IsOpen() && !s.build.Empty())
}

// Members returns the subscribers that are known, in the order of their first
// word.
func (s *Sender) Members() []Member { return s.members.list() }
