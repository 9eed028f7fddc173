package checker

import (
	"bytes"
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// view is what the Checker knows of one session at one subscriber.
type view struct {
	// What each frame and message is judged by comes first: of a thousand views, most are out
	// of the processor's cache when their turn comes.

	s   *world.Session
	c   *Checker
	t   *truth
	sub *world.Subscriber

	inOrder   bool               // how its application takes messages
	works     bool               // it takes time for them
	any       bool               // anything at all was heard
	hasData   bool               // firstData and lowData are known
	hasBeat   bool               // firstNext and firstOld are known
	first0    bool               // something came at time 0, which stands for never
	known     bool               // begin and next mean something
	phase     reliable.EventKind // that its application was told; 0 before `new`
	candidate *world.Datagram    // the last one from where the publisher isn't followed to
	source    netip.AddrPort     // from where it is heard, until it begins

	high      uint64 // one past the highest frame known to exist
	offset    uint64 // one past the highest message known to exist
	lastHeard reliable.Time
	quiet     time.Duration   // the longest since `silent`
	help      reliable.Time   // when a repair, CONFIRM or GONE came last, or it woke
	minDelay  time.Duration   // the shortest that a packet took
	maxDelay  time.Duration   // the longest
	maxTook   time.Duration   // the longest from when a frame was made, or its message accepted
	lowData   uint64          // the lowest message that starts in a DATA or after it
	got       bitset          // frames that came, from the session's first on
	gaps      []gapFound      // frames that were found missing
	arrived   []reliable.Time // when frames came first, from arrivedFrom on; 0: they didn't
	// arrivedFrom is the first frame that a message is waited for that wasn't told
	// yet, and told that message; both as of forgetArrivals.
	arrivedFrom, told uint64
	next              uint64 // in order: the offset that is told next
	// in order: when all had come, or was lost, that what was told waited for
	ready     reliable.Time
	begun     reliable.Time // when it was told of the session
	begin     uint64        // the first offset that was told
	delivered uint64
	lost      uint64
	repaired  bitset // frames that were found missing, and came first as a repair
	early     bitset // frames that came as a repair, when it may not have begun
	seen      bitset // on arrival: offsets that were told, from the session's first on
	late      bitset // frames that came when they may have been given up

	// What its process has heard besides.
	first     frame.Kind    // DATA or HEARTBEAT (or BYE), whichever came first
	firstData uint64        // the first message that starts in the first DATA or after it
	firstNext uint64        // NextOffset of the first HEARTBEAT or BYE
	firstOld  uint64        // OldestOffset of it
	age       time.Duration // how old the first frame was
	named     bool          // SESSION was heard
	bye       bool
	confirmed bool          // a CONFIRM was heard
	byeAt     reliable.Time // when a BYE came first
	interval  time.Duration // the last one announced
	newest    uint64        // the latest time in a frame that tells when it was made
	groupTrip time.Duration // the shortest round trip of the group that was announced
	nacks     []rangesAt    // that it sent
	asking    asking

	statuses, asksSession   rate
	goes                    rate
	statusEvery, statusNext time.Duration // the least time between two STATUS, and from the next on

	slow    []slow
	wrote   netip.AddrPort // where its last word went
	subWoke reliable.Time  // when its process woke last

	askedHolders []nack.Range // what holders were asked for
	denied       []nack.Range // what they said that they lack

	cfg world.SubscriberConfig // of sub
}

// gapFound is a run of frames that was found missing.
type gapFound struct {
	from, to uint64
	at       reliable.Time
	next     uint64 // the first frame, then, with something that wasn't told yet
}

func newView(c *Checker, sub *world.Subscriber, t *truth) *view {
	cfg := sub.Config()
	return &view{
		c: c, cfg: cfg, inOrder: cfg.Receiver.Order == reliable.InOrder, works: cfg.Work > 0,
		statusEvery: statusLeast, statusNext: statusLeast, minDelay: 1000 * time.Second, sub: sub,
		t: t, s: t.s, interval: 100 * time.Millisecond, high: t.s.FirstSeq,
		offset: t.s.FirstOffset, arrivedFrom: t.s.FirstSeq, told: t.s.FirstOffset,
	}
}

// fail notes a violation of the promise to this subscriber.
func (v *view) fail(format string, args ...any) {
	v.c.fail("%v, session %v of %v: "+format,
		append([]any{v.sub, v.s.ID, v.s.Publisher}, args...)...)
}

// silence returns how long the publisher must have been quiet to be silent.
func (v *view) silence() time.Duration {
	return max(v.patience(), 5*v.interval)
}

// event judges what the application is told.
func (v *view) event(ev *reliable.Event) {
	if !v.s.WasAt(ev.Source) {
		v.fail("%v comes from %v, and the publisher is at %v", ev.Kind, ev.Source, v.s.Source)
	}
	if ev.Kind == reliable.SessionMoved || ev.Kind == reliable.SessionContested {
		v.movedEvent(ev)
		return
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
		v.judgeOpen()
		if !v.works {
			v.quiet = 0 // else it may be told of several at once
		}
	case reliable.SessionEnded:
		v.phase = ev.Kind
		v.judgeEnded(ev)
	case reliable.SessionNew:
		v.phase, v.begun = ev.Kind, v.c.w.Now()
	default:
		v.phase = ev.Kind
	}
}

// message judges a message.
func (v *view) message(ev *reliable.Event) {
	if !v.s.Accepted(ev.Offset) {
		v.fail("offset %d is delivered, and the publisher accepted [%d, %d)", ev.Offset,
			v.s.FirstOffset, v.s.NextOffset())
		return
	}
	v.delivered++
	v.c.tally.Delivered++
	if ev.Recovered {
		v.c.tally.Recovered++
	}
	v.advance("delivered", ev.Offset, ev.Offset+1)
	if v.s.Dropped(ev.Offset) {
		v.fail("offset %d is delivered, and the publisher dropped it", ev.Offset)
	}
	v.judgeDelivery(ev.Offset)
	v.judgeTold(ev)
	if want := v.s.Payload(ev.Offset); !bytes.Equal(ev.Payload, want) {
		v.fail("offset %d is delivered with other bytes: %d of them, want %d; they differ from "+
			"byte %d on",
			ev.Offset, len(ev.Payload), len(want), common(ev.Payload, want))
	}
	at := v.s.AcceptedAt(ev.Offset)
	if received := world.VirtualTime(ev.Received); received < at || received > v.c.w.Now() {
		v.fail("offset %d was received at %s, and accepted at %s", ev.Offset, world.Stamp(received),
			world.Stamp(at))
	}
	if wall := time.Unix(0, v.wall(at)); ev.Sent.After(wall) {
		v.fail("offset %d was sent at %v by the publisher's clock, before it was accepted at %v",
			ev.Offset, ev.Sent, wall)
	}
}

// wall returns the publisher's wall clock at a time.
func (v *view) wall(at reliable.Time) int64 {
	if wall := v.t.cfg.Sender.Wall; wall != 0 {
		return wall + int64(at-v.s.Start)
	}
	return world.WallStart + int64(at)
}

// advance takes the messages [from, to) as told.
func (v *view) advance(how string, from, to uint64) {
	if !v.known {
		v.known, v.begin, v.next = true, from, from
		if v.inOrder {
			v.judgeBegin()
		}
	}
	if v.inOrder {
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
