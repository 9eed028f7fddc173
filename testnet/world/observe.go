package world

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/testnet/link"
)

// Observer is told of each event in a World, as it happens and before the machines
// learn of it: to judge, to measure, to draw, to capture. Functions that are nil are
// not called. Events are valid during the call. An observer must not change the World,
// nor its arguments.
type Observer struct {
	// Accepted: a publisher accepted a message.
	Accepted func(s *Session, offset uint64, payload []byte)
	// Sent: a process handed a datagram to its network: once, however many it
	// goes to.
	Sent func(d *Datagram)
	// Dropped: a link drops a datagram that was handed to it.
	Dropped func(d *Datagram, drop *Drop)
	// Arrived: a datagram came to a subscriber that runs. One that is paused gets
	// it later, or never.
	Arrived func(d *Datagram, sub *Subscriber)
	// Handled: the subscriber's Receiver has taken the frame that Arrived, and tells its
	// application next; it never gets damaged ones.
	Handled func(d *Datagram, sub *Subscriber)
	// Answered: a datagram came to d.Publisher, likewise.
	Answered func(d *Datagram)
	// Started: a subscriber's process starts, or starts again.
	Started func(sub *Subscriber)
	// Told: the application of a subscriber was handed an event.
	Told func(sub *Subscriber, ev *reliable.Event)
	// Acknowledged: the application of a subscriber is done with all before a position.
	Acknowledged func(sub *Subscriber, pos reliable.Position)
	// Settled: a subscriber's Receiver has done all that is due.
	Settled func(sub *Subscriber)
	// Woke: a process that was paused goes on, one of the two.
	Woke func(p *Publisher, s *Subscriber, since reliable.Time)
	// Disk: a recorder's log has done a job. Both are valid during the call.
	Disk func(r *Recorder, job *journal.Job, res *journal.Result)
	// Directory: a process of the directory handed a datagram to its network: to all of
	// them, unless To is valid.
	Directory func(d *Datagram)
	// Ended: a publisher's process crashed or left.
	Ended func(s *Session)

	// What happens in teams. A message of one is Told as others are, once its machine has said
	// that it may be handed out.

	// Withheld: the machine of a member told of a message, and said then that it must not be
	// handed out any more.
	Withheld func(sub *Subscriber, ev *reliable.Event)
	// Finished: the application of a member is done with a message, or a loss. Err is what its
	// machine says of that.
	Finished func(sub *Subscriber, g *reliable.Grant, offset uint64, err error)
	// LetGo: the application of a member gives a message back, to be granted again after a
	// time.
	LetGo func(sub *Subscriber, g *reliable.Grant, offset uint64, after time.Duration, err error)
	// TeamTold: a publisher tells of a team.
	TeamTold func(p *Publisher, ev *reliable.TeamEvent)
	// Restored: a publisher's process starts with the positions of teams that were saved.
	Restored func(p *Publisher, list []reliable.TeamPosition)
}

// Drop is a link that drops a datagram.
type Drop struct {
	// Segment is the link's segment, or nil; then the link is between
	// Datagram.Publisher and Subscriber.
	Segment    *Segment
	Subscriber *Subscriber
	Reason     link.DropReason
}

// String names the link, as traces do.
func (c *Drop) String() string {
	if c.Segment != nil {
		return c.Segment.String()
	}
	return c.Subscriber.String()
}

// Observe adds an observer.
func (w *World) Observe(o Observer) { w.observers = append(w.observers, &o) }

func (w *World) observeAccepted(s *Session, offset uint64, payload []byte) {
	for _, o := range w.observers {
		if o.Accepted != nil {
			o.Accepted(s, offset, payload)
		}
	}
}

func (w *World) observeSent(d *Datagram) {
	for _, o := range w.observers {
		if o.Sent != nil {
			o.Sent(d)
		}
	}
}

// observeDropped shows w.outcome, which is one for all links: it must not be allocated
// for each crossing, observed or not.
func (w *World) observeDropped(d *Datagram, g *Segment, s *Subscriber) {
	for _, o := range w.observers {
		if o.Dropped != nil {
			w.drop = Drop{Segment: g, Subscriber: s, Reason: w.outcome.Drop}
			o.Dropped(d, &w.drop)
		}
	}
}

func (w *World) observeArrived(d *Datagram, s *Subscriber) {
	for _, o := range w.observers {
		if o.Arrived != nil {
			o.Arrived(d, s)
		}
	}
}

func (w *World) observeHandled(d *Datagram, s *Subscriber) {
	for _, o := range w.observers {
		if o.Handled != nil {
			o.Handled(d, s)
		}
	}
}

func (w *World) observeAnswered(d *Datagram) {
	for _, o := range w.observers {
		if o.Answered != nil {
			o.Answered(d)
		}
	}
}

func (w *World) observeStarted(s *Subscriber) {
	for _, o := range w.observers {
		if o.Started != nil {
			o.Started(s)
		}
	}
}

func (w *World) observeTold(s *Subscriber, ev *reliable.Event) {
	for _, o := range w.observers {
		if o.Told != nil {
			o.Told(s, ev)
		}
	}
}

func (w *World) observeAcknowledged(s *Subscriber, pos reliable.Position) {
	for _, o := range w.observers {
		if o.Acknowledged != nil {
			o.Acknowledged(s, pos)
		}
	}
}

func (w *World) observeSettled(s *Subscriber) {
	for _, o := range w.observers {
		if o.Settled != nil {
			o.Settled(s)
		}
	}
}

func (w *World) observeWoke(p *Publisher, s *Subscriber, since reliable.Time) {
	for _, o := range w.observers {
		if o.Woke != nil {
			o.Woke(p, s, since)
		}
	}
}

func (w *World) observeDisk(r *Recorder, job *journal.Job, res *journal.Result) {
	for _, o := range w.observers {
		if o.Disk != nil {
			o.Disk(r, job, res)
		}
	}
}

func (w *World) observeEnded(s *Session) {
	for _, o := range w.observers {
		if o.Ended != nil {
			o.Ended(s)
		}
	}
}

// LoseNext loses the next n DATA frames that a publisher sends to the segment,
// whatever its loss model says: all behind it miss the same frames. Repairs pass.
func (g *Segment) LoseNext(p *Publisher, n int) {
	g.doomed[p.index] = n
	g.w.trace("lose %d: %v > %v", n, p, g)
}

// LoseNext loses the next n DATA frames that a publisher sends to a subscriber on
// the subscriber's own link of the first feed, whatever its loss model says.
func (w *World) LoseNext(p *Publisher, s *Subscriber, n int) {
	p.paths[0][s.index].doomed = n
	w.trace("lose %d: %v > %v", n, p, s)
}

// doom takes one of the frames that are to be lost.
func doom(left *int, p *Datagram) bool {
	if *left == 0 || p.err != nil || p.frame.Kind != frame.Data {
		return false
	}
	*left--
	return true
}

// Tamper breaks the machine of a subscriber on purpose, to see a Checker catch
// it: its application isn't told of the events for which hide is true. A World
// with such a subscriber breaks the promise.
func (c *SubscriberConfig) Tamper(hide func(ev *reliable.Event) bool) {
	c.Wrap = func(m Receiver) Receiver { return &hidingReceiver{m, hide} }
}

type hidingReceiver struct {
	Receiver
	hide func(ev *reliable.Event) bool
}

func (h *hidingReceiver) Poll(events []reliable.Run) int {
	for {
		n := h.Receiver.Poll(events)
		kept := 0
		for i := range events[:n] {
			if !h.hide(&events[i].Event) {
				events[kept] = events[i]
				kept++
			}
		}
		if kept > 0 || n == 0 {
			return kept
		}
	}
}

// Index returns the subscriber's place among those of its World, recorders included, from 0.
func (s *Subscriber) Index() int { return s.index }

// Index returns the publisher's place among those of its World, from 0.
func (p *Publisher) Index() int { return p.index }

// Addr returns the address that the subscriber sends from, and gets unicast at.
func (s *Subscriber) Addr() netip.AddrPort { return s.addr }
