package sub

import (
	"sync"

	"crier/subscriber"
)

// acks acknowledges what was printed, once it is written: what was lost between the two, by a
// kill, comes again. It knows two positions of each session, however much waits: one that is
// acknowledged next, and one for all that was printed since.
type acks struct {
	done func(subscriber.Position) error

	mu      sync.Mutex
	written uint64
	// next is acknowledged when due bytes are written.
	next batch
	rest batch
	err  error // the first that done returned
}

// batch is the positions behind what was printed of each session, and the bytes printed by then.
type batch struct {
	at  map[ackKey]subscriber.Position
	due uint64
}

type ackKey struct {
	session   subscriber.SessionID
	partition uint32
}

func newAcks(done func(subscriber.Position) error) *acks { return &acks{done: done} }

// printed notes an event that is printed when some bytes in all are written.
func (a *acks) printed(ev *subscriber.Event, bytes uint64) {
	if a == nil || ev.Kind != subscriber.Message && ev.Kind != subscriber.Loss {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rest.at == nil {
		a.rest.at = make(map[ackKey]subscriber.Position)
	}
	a.rest.at[ackKey{ev.Session, ev.Partition}], a.rest.due = ev.Position(), bytes
	a.acknowledge()
}

// wrote notes that some bytes in all are written.
func (a *acks) wrote(bytes uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.written = bytes
	a.acknowledge()
}

// acknowledge acknowledges what is written. The caller holds the lock.
func (a *acks) acknowledge() {
	for {
		if len(a.next.at) == 0 {
			if len(a.rest.at) == 0 {
				return
			}
			a.next, a.rest = a.rest, batch{at: a.next.at}
		}
		if a.next.due > a.written {
			return
		}
		for _, at := range a.next.at {
			if err := a.done(at); err != nil && a.err == nil {
				a.err = err
			}
		}
		clear(a.next.at)
	}
}
