package send

import (
	"net/netip"
	"slices"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

const (
	// maxAnswers bounds the answers to single subscribers that wait to be sent;
	// whoever gets none asks again.
	maxAnswers = 256
	// maxGone bounds the ranges that one GONE names.
	maxGone = 64
	// maxConfirms bounds the ranges that wait to be CONFIRMed: as many as one NACK
	// may ask for. They go out in as many CONFIRMs as it takes.
	maxConfirms = 4096
)

// answers are the frames that NACKs and STATUS call for, besides repairs.
type answers struct {
	list        []answer
	confirms    []nack.Range
	refused     uint64
	unconfirmed uint64 // ranges that found no room among confirms
}

// answer is what one subscriber is told.
type answer struct {
	to      netip.AddrPort
	request uint64
	gone    []nack.Range // no longer held
	unfit   bool         // no: held, and too large
	coming  []nack.Range // on their way; neither: it wants SESSION and HEARTBEAT
	beat    bool         // SESSION is out, HEARTBEAT follows
}

func (a *answers) add(one answer) {
	if len(a.list) >= maxAnswers {
		a.refused++
		return
	}
	a.list = append(a.list, one)
}

// forget drops the answers to a subscriber that is no longer there.
func (a *answers) forget(to netip.AddrPort) {
	a.list = slices.DeleteFunc(a.list, func(one answer) bool { return one.to == to })
}

// want notes that a subscriber asks for SESSION.
func (a *answers) want(to netip.AddrPort) {
	for i := range a.list {
		if a.list[i].gone == nil && a.list[i].coming == nil && a.list[i].to == to {
			return
		}
	}
	a.add(answer{to: to})
}

// gone notes that a subscriber asked for what is no longer held. What it asked for
// before and wasn't told of yet is no longer held either: GONE says what is the
// oldest, and its ranges are for whoever looks at it.
func (a *answers) gone(to netip.AddrPort, request uint64, ranges []nack.Range) {
	if len(ranges) == 0 {
		return
	}
	ranges = ranges[:min(len(ranges), maxGone)]
	for i := range a.list {
		if one := &a.list[i]; one.gone != nil && !one.unfit && one.to == to {
			one.request, one.gone = request, append(one.gone[:0], ranges...)
			return
		}
	}
	a.add(answer{to: to, request: request, gone: append([]nack.Range(nil), ranges...)})
}

// unfit notes that a subscriber asked for what is too large for the network. What it
// isn't told of it asks for again.
func (a *answers) unfit(to netip.AddrPort, request uint64, ranges []nack.Range) {
	ranges = nack.Normalize(ranges)
	if len(ranges) == 0 {
		return
	}
	for i := range a.list {
		if one := &a.list[i]; one.unfit && one.to == to {
			all := nack.Normalize(append(one.gone, ranges...))
			one.request, one.gone = request, all[:min(len(all), maxGone)]
			return
		}
	}
	ranges = ranges[:min(len(ranges), maxGone)]
	a.add(answer{to: to, request: request, unfit: true, gone: append([]nack.Range(nil), ranges...)})
}

// coming notes ranges that one subscriber is told to wait for.
func (a *answers) coming(to netip.AddrPort, ranges []nack.Range) {
	if len(ranges) > 0 {
		a.add(answer{to: to, coming: append([]nack.Range(nil), ranges...)})
	}
}

// confirm notes ranges that the group is told to wait for.
func (a *answers) confirm(ranges []nack.Range) {
	if n := maxConfirms - len(a.confirms); len(ranges) > n {
		a.unconfirmed += uint64(len(ranges) - n)
		ranges = ranges[:n]
	}
	a.confirms = append(a.confirms, ranges...)
}

// nextControl returns the next frame for the group that isn't data, a repair or a
// heartbeat.
func (s *Sender) nextControl(now reliable.Time) (outgoing, bool) {
	if now >= s.announceDue && !s.closing {
		s.announceDue = now.Add(announceEvery)
		return s.control(netip.AddrPort{}, s.sessionFrame(now)), true
	}
	if len(s.answers.confirms) > 0 {
		s.answers.confirms = nack.Normalize(s.answers.confirms)
		fit := frame.FitRanges(frame.Confirm, s.answers.confirms, s.most)
		s.scratch = s.answerFrame(now, frame.Confirm, s.answers.confirms[:fit])
		b := s.control(netip.AddrPort{}, &s.scratch)
		s.answers.confirms = append(s.answers.confirms[:0], s.answers.confirms[fit:]...)
		return b, true
	}
	return outgoing{}, false
}

// nextAnswer returns the next frame for a single subscriber that asked.
func (s *Sender) nextAnswer(now reliable.Time) (outgoing, bool) {
	n := len(s.answers.list)
	if n == 0 {
		return outgoing{}, false
	}
	a := &s.answers.list[0]
	to, f := a.to, &s.scratch
	switch {
	case a.gone != nil:
		fit := frame.FitRanges(frame.Gone, a.gone, s.most)
		*f = s.answerFrame(now, frame.Gone, a.gone[:fit])
		f.Request = a.request
		if a.unfit {
			f.Flags = frame.TooLarge
		}
		f.OldestSeq = s.store.Oldest()
		f.OldestOffset = s.store.Start(f.OldestSeq)
	case a.coming != nil:
		fit := min(len(a.coming), frame.FitRanges(frame.Confirm, a.coming, s.most))
		*f = s.answerFrame(now, frame.Confirm, a.coming[:fit])
		if a.coming = a.coming[fit:]; len(a.coming) > 0 {
			return s.control(to, f), true
		}
	case !a.beat:
		a.beat = true
		return s.control(to, s.sessionFrame(now)), true
	case s.closing && !s.Pending(): // BYE tells where the session ends
		f = s.beatFrame(now, frame.Bye)
	default:
		f = s.beatFrame(now, frame.Heartbeat)
		f.Interval = heartbeatLast
	}
	b := s.control(to, f)
	copy(s.answers.list, s.answers.list[1:])
	s.answers.list[n-1] = answer{}
	s.answers.list = s.answers.list[:n-1]
	return b, true
}

// nextBeat returns the heartbeat, or BYE, that is due.
func (s *Sender) nextBeat(now reliable.Time) (outgoing, bool) {
	if s.closing && !s.Pending() {
		if now < s.byeDue {
			return outgoing{}, false
		}
		s.saidBye = min(s.saidBye, now)
		s.unsent.bye = true
		s.byeDue = now.Add(s.byeWait)
		s.byeWait = min(2*s.byeWait, byeLast)
		return s.control(netip.AddrPort{}, s.beatFrame(now, frame.Bye)), true
	}
	if now < s.beats.due {
		return outgoing{}, false
	}
	f := s.beatFrame(now, frame.Heartbeat)
	f.Interval = s.beats.sent(now)
	return s.control(netip.AddrPort{}, f), true
}

// Announce says anew who publishes and how far the session is, as at its start: nothing
// may have been heard of it for a while, or it is at another address.
func (s *Sender) Announce(now reliable.Time) {
	s.announceDue = now
	s.beats.start(now)
}

// control encodes one frame into the arena.
func (s *Sender) control(to netip.AddrPort, f *frame.Frame) outgoing {
	f.Session, f.Channel = s.cfg.Session, s.cfg.Channel
	s.arena = s.encode.Append(s.arena[:0], f)
	s.limit.owe(uint64(len(s.arena)))
	return outgoing{Batch: reliable.Batch{To: to, Data: s.arena, Segment: len(s.arena)}, kind: f.Kind}
}

// answerFrame says what becomes of ranges that were asked for.
func (s *Sender) answerFrame(now reliable.Time, kind frame.Kind, ranges []nack.Range) frame.Frame {
	return frame.Frame{Kind: kind, Responder: s.cfg.Session, Time: s.sessionTime(now), Ranges: ranges}
}

// sessionFrame says who publishes, since when, and from which numbers on.
func (s *Sender) sessionFrame(now reliable.Time) *frame.Frame {
	s.scratch = frame.Frame{
		Kind: frame.Session, Time: s.sessionTime(now), Wall: s.cfg.Wall, Channels: 1,
		FirstSeq: s.cfg.FirstSeq, FirstOffset: s.cfg.FirstOffset, Name: []byte(s.cfg.Name),
	}
	return &s.scratch
}

// beatFrame says how far the session is: what was sent, and what is still held.
func (s *Sender) beatFrame(now reliable.Time, kind frame.Kind) *frame.Frame {
	oldest := min(s.store.Oldest(), s.store.Sent())
	s.scratch = frame.Frame{
		Kind: kind, Time: s.sessionTime(now),
		NextSeq: s.store.Sent(), NextOffset: s.store.Start(s.store.Sent()),
		OldestSeq: oldest, OldestOffset: s.store.Start(oldest),
		Interval: byeLast, Group: uint32(len(s.members.rows)), RTT: s.members.rtt,
		Report: s.reportEvery(),
	}
	return &s.scratch
}
