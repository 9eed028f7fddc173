package testnet

import (
	"bytes"
	"sort"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// view is what the Checker knows of one session at one subscriber.
type view struct {
	c   *Checker
	sub *Subscriber
	t   *truth
	s   *Session

	// What its process has heard.
	any       bool          // anything at all
	first     frame.Kind    // DATA or HEARTBEAT, whichever came first
	hasData   bool          // the next two are known
	firstData uint64        // the first message that starts in the first DATA or after it
	lowData   uint64        // the lowest of these
	hasBeat   bool          // the next two are known
	firstNext uint64        // NextOffset of the first HEARTBEAT or BYE
	firstOld  uint64        // OldestOffset of it
	age       time.Duration // how old the first frame was
	named     bool          // SESSION was heard
	bye       bool
	high      uint64        // one past the highest frame known to exist
	offset    uint64        // one past the highest message known to exist
	interval  time.Duration // the last one announced
	lastHeard reliable.Time
	quiet     time.Duration // the longest since `silent`
	got       bitset        // frames that came, from the session's first on
	gaps      []gapFound
	help      reliable.Time // when a repair, CONFIRM or GONE came last, or it woke
	confirmed bool          // a CONFIRM was heard
	maxDelay  time.Duration // the longest that a packet took
	nacks     []rangesAt    // that it sent
	slept     bool          // it was paused at some time

	// What its application was told.
	phase     reliable.EventKind // 0 before `new`
	begun     reliable.Time      // when it was told of the session
	known     bool               // begin and next mean something
	begin     uint64             // the first offset
	next      uint64             // in order: the offset that comes next
	seen      bitset             // on arrival: offsets, from the session's first on
	delivered uint64
	lost      uint64
}

// gapFound is a run of frames that was found missing.
type gapFound struct {
	from, to uint64
	at       reliable.Time
}

func newView(c *Checker, sub *Subscriber, t *truth) *view {
	return &view{c: c, sub: sub, t: t, s: t.s, interval: 100 * time.Millisecond, high: t.s.FirstSeq, offset: t.s.FirstOffset}
}

// fail notes a violation of the promise to this subscriber.
func (v *view) fail(format string, args ...any) {
	v.c.fail("%v, session %016x of %v: "+format, append([]any{v.sub, v.s.ID, v.s.Publisher}, args...)...)
}

// silence returns how long the publisher must have been quiet to be silent.
func (v *view) silence() time.Duration {
	return max(v.patience(), 5*v.interval)
}

// heard notes a packet that is handed to the receiver.
func (v *view) heard(p *packet) {
	now, f := v.c.w.now, &p.frame
	v.maxDelay = max(v.maxDelay, now.Sub(p.at))
	switch f.Kind {
	case frame.Repair:
		v.help = now
		if v.phase == 0 && !v.hasData {
			// It may have begun at a HEARTBEAT, or pass this over.
			if v.any && f.Data != nil {
				v.exists(now, f.Data.Seq+1, f.Data.EndOffset())
			}
			return
		}
		v.alive(now)
		if f.Data != nil {
			v.came(now, f.Data)
		}
		return
	case frame.Gone, frame.Confirm:
		v.help = now
		v.confirmed = v.confirmed || f.Kind == frame.Confirm
		v.alive(now)
		return
	case frame.Nack, frame.Status:
		return
	}
	if v.phase == 0 && v.any && !v.hasData && !v.hasBeat && now.Sub(v.lastHeard) >= v.silence() {
		v.any = false // it was forgotten, and is heard for the first time again
	}
	if !v.any {
		v.any, v.lastHeard = true, now
		v.age = max(0, now.Sub(v.s.Start)-time.Duration(f.Time))
	}
	v.alive(now)
	switch f.Kind {
	case frame.Session:
		v.named = true
	case frame.Data:
		v.came(now, f)
	case frame.Heartbeat, frame.Bye:
		if f.Kind == frame.Bye {
			v.bye = true
		} else {
			v.interval = f.Interval
			if v.first == 0 {
				v.first = frame.Heartbeat
			}
		}
		if !v.hasBeat {
			v.hasBeat, v.firstNext, v.firstOld = true, f.NextOffset, f.OldestOffset
		}
		v.exists(now, f.NextSeq, f.NextOffset)
	}
}

// alive notes that the publisher was heard.
func (v *view) alive(now reliable.Time) {
	v.quiet = max(v.quiet, now.Sub(v.lastHeard))
	v.lastHeard = now
}

// came notes a DATA frame.
func (v *view) came(now reliable.Time, f *frame.Frame) {
	start := f.StartOffset()
	if !v.hasData {
		v.hasData, v.firstData, v.lowData = true, start, start
		if v.first == 0 {
			v.first = frame.Data
		}
	}
	v.lowData = min(v.lowData, start)
	v.exists(now, f.Seq, 0)
	v.got.set(f.Seq - v.s.FirstSeq)
	v.exists(now, f.Seq+1, f.EndOffset())
}

// exists notes that frames below seq and messages below offset are known to
// exist.
func (v *view) exists(now reliable.Time, seq, offset uint64) {
	if seq > v.high {
		if !v.got.has(seq - 1 - v.s.FirstSeq) {
			v.gaps = append(v.gaps, gapFound{v.high, seq, now})
		}
		v.high = seq
	}
	v.offset = max(v.offset, offset)
}

// foundAt returns when a frame was found missing, or 0.
func (v *view) foundAt(seq uint64) reliable.Time {
	i := sort.Search(len(v.gaps), func(i int) bool { return v.gaps[i].to > seq })
	if i < len(v.gaps) && v.gaps[i].from <= seq {
		return v.gaps[i].at
	}
	return 0
}

// asked notes a NACK that the receiver sends.
func (v *view) asked(p *packet, arrives bool) {
	if p.frame.Kind != frame.Nack {
		return
	}
	now := v.c.w.now
	for _, r := range p.frame.Ranges {
		if r.To > v.high {
			v.fail("it asks for frames %v, and knows of none from %d on", r, v.high)
		}
		for q := r.From; q < min(r.To, v.high); q++ {
			if v.got.has(q-v.s.FirstSeq) && !v.threwAway() {
				v.fail("it asks for frame %d, which it has", q)
				break
			}
		}
	}
	if n := len(v.nacks); n > 64 && now.Sub(v.nacks[n/2].at) > keepLog {
		v.nacks = trimRanges(v.nacks, v.nacks[n/2].at)
	}
	v.nacks = append(v.nacks, rangesAt{now, now, nil, p.frame.Ranges})
}

// woke notes that the subscriber's process goes on after a pause: what wasn't
// heard meanwhile says nothing about the publisher.
func (v *view) woke(since reliable.Time) {
	now := v.c.w.now
	v.slept = true
	v.help = now
	if v.any && now.Sub(since) > v.unnoticed() {
		v.lastHeard += now - since
	}
}

// unnoticed is how long a process may be paused without noticing: it must miss a
// deadline, of which the next STATUS is one, by 250 ms. What it would have heard
// meanwhile still waits at its socket.
func (v *view) unnoticed() time.Duration {
	status := max(500*time.Millisecond, time.Duration(len(v.c.w.subs))*10*time.Millisecond)
	return 250*time.Millisecond + status*5/4
}

// event judges what the application is told.
func (v *view) event(ev *reliable.Event) {
	if ev.Source != v.s.Source {
		v.fail("%v comes from %v, and the publisher is at %v", ev.Kind, ev.Source, v.s.Source)
	}
	legal := false
	switch p := v.phase; ev.Kind {
	case reliable.SessionNew:
		legal = p == 0
	case reliable.Message, reliable.Loss, reliable.SessionSilent, reliable.SessionEnded:
		legal = p == reliable.SessionNew || p == reliable.SessionResumed
	case reliable.SessionResumed:
		legal = p == reliable.SessionSilent
	}
	if !legal {
		v.fail("%v comes after %q", ev.Kind, v.phase)
		return
	}
	v.c.tally.Events[ev.Kind]++
	switch ev.Kind {
	case reliable.Message:
		v.message(ev)
	case reliable.Loss:
		v.loss(ev)
	case reliable.SessionSilent:
		v.phase = ev.Kind
		v.judgeSilent()
		if v.sub.cfg.Work == 0 {
			v.quiet = 0 // else it may be told of several at once
		}
	case reliable.SessionEnded:
		v.phase = ev.Kind
		v.judgeEnded(ev)
	case reliable.SessionNew:
		v.phase, v.begun = ev.Kind, v.c.w.now
	default:
		v.phase = ev.Kind
	}
}

// message judges a message.
func (v *view) message(ev *reliable.Event) {
	if !v.s.Accepted(ev.Offset) {
		v.fail("offset %d is delivered, and the publisher accepted [%d, %d)", ev.Offset, v.s.FirstOffset, v.s.NextOffset())
		return
	}
	v.delivered++
	v.c.tally.Delivered++
	if ev.Recovered {
		v.c.tally.Recovered++
	}
	v.advance("delivered", ev.Offset, ev.Offset+1)
	if want := v.s.Payload(ev.Offset); !bytes.Equal(ev.Payload, want) {
		v.fail("offset %d is delivered with other bytes: %d of them, want %d; they differ from byte %d on",
			ev.Offset, len(ev.Payload), len(want), common(ev.Payload, want))
	}
	at := v.s.AcceptedAt(ev.Offset)
	if ev.Received < at || ev.Received > v.c.w.now {
		v.fail("offset %d was received at %s, and accepted at %s", ev.Offset, stamp(ev.Received), stamp(at))
	}
	if ev.Sent != 0 && ev.Sent > v.wall(at) {
		v.fail("offset %d was sent at %d by the publisher's clock, before it was accepted at %d", ev.Offset, ev.Sent, v.wall(at))
	}
}

// wall returns the publisher's wall clock at a time.
func (v *view) wall(at reliable.Time) int64 {
	if wall := v.s.Publisher.cfg.Sender.Wall; wall != 0 {
		return wall + int64(at-v.s.Start)
	}
	return wallStart + int64(at)
}

// advance takes the messages [from, to) as told.
func (v *view) advance(how string, from, to uint64) {
	if !v.known {
		v.known, v.begin, v.next = true, from, from
		if v.sub.cfg.Receiver.Order == reliable.InOrder {
			v.judgeBegin()
		}
	}
	if v.sub.cfg.Receiver.Order == reliable.InOrder {
		if from != v.next {
			v.fail("[%d, %d) is %s, and %d comes next", from, to, how, v.next)
		}
		v.next = max(v.next, to)
		return
	}
	v.begin, v.next = min(v.begin, from), max(v.next, to)
	for o := from; o < to; o++ {
		if v.seen.has(o - v.s.FirstOffset) {
			v.fail("offset %d is %s, and was delivered or lost before", o, how)
		}
		v.seen.set(o - v.s.FirstOffset)
	}
}
