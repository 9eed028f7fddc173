package world

import (
	"time"

	"crier/reliable"
	"crier/testnet/link"
)

// Chooser decides what becomes of each datagram that arrives at a process, besides what
// the links do to it, and when processes crash. An enumerator of all that can happen is one.
type Chooser interface {
	// Choose is called before each event, while the World stands still between two. It may
	// crash processes, or call World.Halt. Next is valid during the call.
	Choose(next *Next) Fate
}

// Next is an event that is about to happen at a process.
type Next struct {
	// Publisher or Subscriber is the process; both are nil where it is of none, or of several:
	// a call given to World.At, or a datagram within the network.
	Publisher  *Publisher
	Subscriber *Subscriber
	// Datagram is what is about to arrive there; nil: it is something else.
	Datagram *Datagram
	// Open says that the datagram's fate may be chosen. That of a copy, or of one that is late
	// by choice, was chosen already, and nobody takes what comes to a process that is gone.
	Open bool
}

// Fate is what becomes of a datagram. The zero Fate lets it arrive.
type Fate struct {
	// Lost: it doesn't arrive.
	Lost bool
	// Late, if above 0, lets it arrive by as much later.
	Late time.Duration
	// Again, if above 0, lets it arrive now, and again as much later.
	Again time.Duration
}

// Halt ends a Run at once, which then returns ErrStopped. The World stands still from then on.
func (w *World) Halt() {
	if w.err == nil {
		w.err = ErrStopped
	}
}

// choose asks the Chooser about the first event scheduled, and reports whether it is to happen.
func (w *World) choose() bool {
	next := w.next()
	fate := w.cfg.Chooser.Choose(&next)
	if w.err != nil {
		return false
	}
	if !next.Open || fate == (Fate{}) {
		return true
	}
	arrives := fate.Late == 0 && !fate.Lost
	if fate.Lost {
		w.traceChosen(&next, "lost")
	}
	if later := max(fate.Late, fate.Again); later > 0 && !fate.Lost {
		at := w.now.Add(later)
		w.pushChosen(&next, at)
		if arrives {
			w.traceChosen(&next, "arrives, and again "+Stamp(at))
		} else {
			w.traceChosen(&next, "arrives late "+Stamp(at))
		}
	}
	if arrives {
		return true
	}
	if first := w.queue.Next().What; first.kind == eventHop {
		w.takeHop(first.node)
	} else {
		w.queue.Pop()
	}
	if fate.Lost && len(w.observers) > 0 {
		w.outcome.Drop = link.DropLoss
		w.observeDropped(next.Datagram, nil, next.Subscriber)
	}
	return false
}

// next returns the first event scheduled.
func (w *World) next() (n Next) {
	switch e := &w.queue.Next().What; e.kind {
	case eventHop:
		one := &w.fanouts.list[e.node]
		n.Subscriber, n.Datagram = w.subs[one.hops[one.next].node], one.pkt
	case eventArrive:
		n.Subscriber, n.Datagram = w.subs[e.node], e.pkt
	case eventAnswer:
		n.Publisher, n.Datagram = w.pubs[e.node], e.pkt
	case eventTimer, eventWake:
		if e.node&subscriberTimer != 0 {
			n.Subscriber = w.subs[e.node&^subscriberTimer]
		} else {
			n.Publisher = w.pubs[e.node]
		}
	case eventConsume:
		n.Subscriber = w.subs[e.node]
	case eventWritten:
		n.Publisher = w.pubs[e.node]
	}
	if d := n.Datagram; d != nil && !d.decided {
		if p := n.Publisher; p != nil {
			n.Open = p.search != nil || p.state == running && d.Session != nil &&
				d.Session.ID == p.session.ID
		} else {
			n.Open = n.Subscriber.Running()
		}
	}
	return n
}

// pushChosen schedules a datagram whose fate is decided to arrive later.
func (w *World) pushChosen(n *Next, at reliable.Time) {
	again := *n.Datagram
	again.decided = true
	if again.Frame != nil {
		again.Frame = &again.frame
	}
	if n.Publisher != nil {
		w.push(at, eventAnswer, uint32(n.Publisher.index), &again)
	} else {
		w.push(at, eventArrive, uint32(n.Subscriber.index), &again)
	}
}

// traceChosen writes what was chosen.
func (w *World) traceChosen(n *Next, outcome string) {
	if w.cfg.Trace == nil {
		return
	}
	what := "damaged frame"
	if n.Datagram.err == nil {
		what = n.Datagram.frame.String()
	}
	if n.Publisher != nil {
		w.trace("choice: %v < %s: %s", n.Publisher, what, outcome)
	} else {
		w.trace("choice: %v < %s: %s", n.Subscriber, what, outcome)
	}
}
