package repair

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rate"
	"crier/reliable/store"
)

// Config configures a Repairer.
type Config struct {
	// Session and Channel are those of the frames. Responder is the id of the holder that
	// repeats them: the session's id if that is its publisher.
	Session   uint64
	Channel   uint32
	Responder uint64
	// Start is the zero of the clock that NACKs echo.
	Start reliable.Time
	// Datagram is the size of a full datagram, in bytes.
	Datagram int
	// Marks is the number of requested frames that are told apart.
	Marks uint64
	// Budget bounds the bytes of repairs and CONFIRMs; nil means a Budget of its own.
	Budget *nack.Budget
	// Limit bounds all traffic; nil bounds nothing.
	Limit *rate.Limit
	// Recent has frames that were sent a while ago count as those that were sent lately: nobody
	// is behind, and repairs go to the group first.
	Recent bool
}

const (
	// maxRepairs bounds the repairs in one Batch, for which new data waits.
	maxRepairs = 16
	// arenaSize is the room for datagrams that are made to be sent once, in bytes.
	arenaSize = 64 << 10
)

// A Repairer repeats frames of a store for subscribers that ask.
type Repairer struct {
	cfg       Config
	store     store.Store
	responder *nack.Responder
	answers   answers
	age       age
	// rtt is the group's round trip.
	rtt time.Duration

	// most is the largest datagram that the network takes, in bytes.
	most int
	// Frames below wide may be larger than most.
	wide uint64

	encode  frame.Encoder
	arena   []byte
	scratch frame.Frame
	// repeated are the frames of the last batch.
	repeated []Repeated
	// kind is the kind of the last batch; 0 once Sent has taken it.
	kind  frame.Kind
	stats Stats
}

// Repeated is a frame that a batch repeats, in the turn of a subscriber.
type Repeated struct {
	Seq   uint64
	Asker *nack.Asker
}

// New returns a Repairer for the frames of s.
func New(cfg Config, s store.Store) *Repairer {
	r := &Repairer{
		cfg: cfg, store: s, most: cfg.Datagram,
		age: age{since: cfg.Start},
	}
	if r.cfg.Limit == nil {
		r.cfg.Limit = &rate.Limit{}
	}
	r.responder = nack.NewResponder(nack.ResponderConfig{
		Frames: int(cfg.Marks), FrameSize: cfg.Datagram, Budget: cfg.Budget, Look: r.look,
	})
	return r
}

// look returns the standing of a frame.
func (r *Repairer) look(seq uint64) nack.Standing {
	switch r.store.Look(seq) {
	case store.Absent:
		return nack.Absent
	case store.Stored:
		return nack.Stored
	}
	// The size of a frame that only the disk holds is unknown until it is read.
	if r.Unfit(seq) {
		return nack.Unfit
	}
	return nack.Ready
}

// SetLargest sets the largest datagram that the network takes, in bytes. Frames below
// wide may be larger.
func (r *Repairer) SetLargest(most int, wide uint64) { r.most, r.wide = most, wide }

// Unfit reports whether a REPAIR with a frame in it is too large for the network.
func (r *Repairer) Unfit(seq uint64) bool {
	return seq < r.wide && frame.RepairSize(len(r.store.Frame(seq))) > r.most
}

// SetGroup sets the number of subscribers and their round trip.
func (r *Repairer) SetGroup(size int, rtt time.Duration) {
	r.rtt = rtt
	r.responder.SetGroup(size, rtt)
}

// Advance lets time pass.
func (r *Repairer) Advance(now reliable.Time) { r.age.pass(now, r.store.Held().To, r.rtt) }

// A Place is the publisher's knowledge of a subscriber that asks.
type Place uint8

const (
	// Known means that the subscriber has a row, and asks from its own address.
	Known Place = iota
	// Rowless means that it shares a row with others. It gets frames that are in memory,
	// with the group.
	Rowless
	// Moving means that it asks from an address that is not its own yet. It gets frames
	// that are in memory, and those that must be read once the move is certain.
	Moving
)

// Ask handles a NACK. The sending frames behind those in the store are being sent, and count
// as held. It returns one past the highest frame held that was asked for, or 0.
func (r *Repairer) Ask(
	now reliable.Time, a *nack.Asker, place Place, from netip.AddrPort, f *frame.Frame,
	sending uint64,
) (askedTo uint64) {
	held := r.store.Held()
	memory := max(held.From, r.store.InMemory())
	if !r.cfg.Recent {
		r.responder.SetAge(min(max(r.age.aged, memory), held.To))
	}
	held.To += sending
	at := r.sentAt(now, f)
	ask := func(asked, held nack.Range) {
		r.responder.Asked(now, a, f.Request, at, asked, held)
	}
	r.responder.Begin()
	var coming []nack.Range
	for _, asked := range f.Ranges {
		if part := asked.Clip(held.From, held.To); part.Len() > 0 {
			askedTo = max(askedTo, part.To)
		}
		switch place {
		case Known:
			ask(asked, held)
		case Rowless: // it can't have frames that must be read first
			ask(asked, nack.Range{From: memory, To: held.To})
		case Moving:
			ask(asked.Clip(0, held.From), held)
			if part := asked.Clip(held.From, memory); part.Len() > 0 {
				coming = append(coming, part)
			}
			ask(asked.Clip(memory, max(asked.To, memory)), nack.Range{From: memory, To: held.To})
		}
	}
	answer := r.responder.Answer()
	r.answers.gone(from, f.Request, answer.Gone)
	r.answers.unfit(from, f.Request, answer.Unfit)
	r.answers.confirm(answer.Confirm)
	r.answers.coming(from, coming)
	r.answers.coming(from, answer.Coming)
	r.deny()
	return askedTo
}

// sentAt returns the earliest time at which a NACK may have been sent, or Never if it
// echoes no time.
func (r *Repairer) sentAt(now reliable.Time, f *frame.Frame) reliable.Time {
	if f.Echo == 0 || f.Echo > r.time(now) {
		return reliable.Never
	}
	return r.cfg.Start.Add(time.Duration(f.Echo)).Add(f.Held)
}

// time returns now on the clock that NACKs echo.
func (r *Repairer) time(now reliable.Time) uint64 { return uint64(max(0, now.Sub(r.cfg.Start))) }

// Forget drops the waiting answers and repairs of a subscriber that has left.
func (r *Repairer) Forget(a *nack.Asker) {
	r.answers.forget(a.Addr)
	r.responder.Forget(a)
}

// Unreadable denies frames that were to be read, and can't be.
func (r *Repairer) Unreadable(frames nack.Range) {
	r.responder.Unreadable(frames)
	r.deny()
}

// Idle reports whether nothing that was asked for waits to be sent.
func (r *Repairer) Idle() bool {
	return len(r.answers.list) == 0 && len(r.answers.confirms) == 0 &&
		r.responder.Waiting(nack.Recent) == 0 && r.responder.Waiting(nack.Behind) == 0
}

// Awaits reports whether a subscriber waits for one of frames next.
func (r *Repairer) Awaits(frames nack.Range) bool { return r.responder.Awaits(frames) }

// Owed returns the number of frames that were asked for, are held, and wait to be
// repeated. Its cost is proportional to that number.
func (r *Repairer) Owed() uint64 { return r.responder.Owed(r.store.Held()) }

// deny adds an answer for each denial.
func (r *Repairer) deny() {
	for _, d := range r.responder.Denials() {
		if d.Unfit {
			r.answers.unfit(d.To, d.Request, []nack.Range{d.Range})
		} else {
			r.answers.gone(d.To, d.Request, []nack.Range{d.Range})
		}
	}
}

// Deadline returns when the next repair may go out.
func (r *Repairer) Deadline(now reliable.Time) reliable.Time {
	held, reads := r.store.Held(), !r.store.Reading()
	return min(r.responder.Deadline(now, nack.Recent, held, reads),
		r.responder.Deadline(now, nack.Behind, held, reads))
}

// NextConfirm returns the next CONFIRM for the group.
func (r *Repairer) NextConfirm(now reliable.Time) (reliable.Batch, bool) {
	a := &r.answers
	if len(a.confirms) == 0 {
		return reliable.Batch{}, false
	}
	a.confirms = nack.Normalize(a.confirms)
	fit := frame.FitRanges(frame.Confirm, a.confirms, r.most)
	r.answer(now, frame.Confirm, a.confirms[:fit])
	b := r.encoded(netip.AddrPort{})
	a.confirms = append(a.confirms[:0], a.confirms[fit:]...)
	return b, true
}

// NextAnswer returns the next answer for a single subscriber.
func (r *Repairer) NextAnswer(now reliable.Time) (reliable.Batch, bool) {
	if len(r.answers.list) == 0 {
		return reliable.Batch{}, false
	}
	a := &r.answers.list[0]
	to := a.to
	if a.gone != nil {
		fit := frame.FitRanges(frame.Gone, a.gone, r.most)
		r.answer(now, frame.Gone, a.gone[:fit])
		f := &r.scratch
		f.Request = a.request
		if a.unfit {
			f.Flags = frame.TooLarge
		}
		f.OldestSeq = r.store.Held().From
		f.OldestOffset = r.store.Start(f.OldestSeq)
		r.answers.pop()
		return r.encoded(to), true
	}
	fit := min(len(a.coming), frame.FitRanges(frame.Confirm, a.coming, r.most))
	r.answer(now, frame.Confirm, a.coming[:fit])
	b := r.encoded(to)
	if a.coming = a.coming[fit:]; len(a.coming) == 0 {
		r.answers.pop()
	}
	return b, true
}

// answer makes a frame that answers a request for ranges.
func (r *Repairer) answer(now reliable.Time, kind frame.Kind, ranges []nack.Range) {
	r.scratch = frame.Frame{
		Kind: kind, Session: r.cfg.Session, Channel: r.cfg.Channel, Responder: r.cfg.Responder,
		Time: r.time(now), Ranges: ranges,
	}
}

// room returns the empty arena. A Repairer that repeats nothing has none.
func (r *Repairer) room() []byte {
	if r.arena == nil {
		r.arena = make([]byte, 0, max(arenaSize, r.cfg.Datagram))
	}
	return r.arena[:0]
}

// encoded returns the frame as a batch.
func (r *Repairer) encoded(to netip.AddrPort) reliable.Batch {
	r.repeated, r.kind = r.repeated[:0], r.scratch.Kind
	r.arena = r.encode.Append(r.room(), &r.scratch)
	r.cfg.Limit.Owe(uint64(len(r.arena)))
	return reliable.Batch{To: to, Data: r.arena, Segment: len(r.arena)}
}

// NextRepairs returns repairs of one class for one destination. Single is set if one of
// them was repeated before: the offload that cut the datagrams may have damaged it.
func (r *Repairer) NextRepairs(now reliable.Time, class nack.Class) (reliable.Batch, bool) {
	var b reliable.Batch
	limit := r.cfg.Limit
	if r.responder.Waiting(class) == 0 || limit.Bounds() && limit.Room(now) == 0 {
		return b, false
	}
	r.arena, r.repeated = r.room(), r.repeated[:0]
	for len(r.repeated) < maxRepairs {
		next, ok := r.responder.Next(now, class, r.store.Held())
		n := len(r.repeated)
		if !ok || n > 0 && (next.To != b.To ||
			len(r.arena)+r.cfg.Datagram > min(cap(r.arena), reliable.MaxBatch)) {
			break
		}
		before := len(r.arena)
		r.arena = r.encode.AppendRepair(
			r.arena, r.cfg.Session, r.cfg.Channel, r.cfg.Responder, next.Request,
			r.store.Frame(next.Seq))
		size := len(r.arena) - before
		if n > 0 && size > b.Segment {
			r.arena = r.arena[:before]
			break
		}
		if n == 0 {
			b.To, b.Segment = next.To, size
		}
		r.responder.Take(now, uint64(size))
		b.Single = b.Single || next.Again
		r.repeated = append(r.repeated, Repeated{next.Seq, next.Asker})
		if size < b.Segment {
			break
		}
	}
	r.deny()
	if b.Data = r.arena; len(b.Data) == 0 {
		r.store.Read(r.responder.Stored())
		return b, false // to take nothing would end a lateness that is to be made up
	}
	r.kind = frame.Repair
	limit.Take(now, uint64(len(b.Data)))
	return b, true
}

// Repeated returns the frames that the last batch repeats.
func (r *Repairer) Repeated() []Repeated { return r.repeated }

// Sent reports how many datagrams and bytes of the last batch the kernel took, if the
// Repairer has returned one since the last Sent. If the kernel refused a part of the
// batch, the last datagrams are assumed to be that part.
func (r *Repairer) Sent(taken, bytes uint64) {
	switch r.kind {
	case frame.Confirm:
		r.stats.Confirms += taken
	case frame.Repair:
		r.stats.Repairs += taken
		r.stats.RepairBytes += bytes
		for _, one := range r.repeated[min(taken, uint64(len(r.repeated))):] {
			one.Asker.Repaired -= min(one.Asker.Repaired, 1) // its row may be another's by now
		}
	}
	r.repeated, r.kind = r.repeated[:0], 0
}
