package subscriber

import (
	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
)

// received is a frame, and that inside it if it is a REPAIR.
type received struct{ outer, inner frame.Frame }

// machine is the Receiver as a multicast.Loop drives it.
type machine struct {
	s       *Subscriber
	dec     frame.Decoder
	frames  [frameBatch]received // of the goroutine that delivers, which events view
	other   received             // of all others
	batch   reliable.Batch
	invalid uint64 // datagrams that no Decoder takes
	newer   uint64 // frames that need a newer crier
}

// frameBatch is how many frames are taken at once, before what they bring is
// delivered: so many that the lock and the clock cost little beside them, and so
// few that they stay in the processor's nearest cache.
const frameBatch = 8

func (m *machine) Receive(now int64, ps []multicast.Packet) (int, bool) {
	s := m.s
	if s.cfg.Handler == nil || s.delivering {
		// The datagrams are about to be overwritten, and whoever takes the events
		// may take them later.
		for i := range ps {
			if m.handle(now, &ps[i], &m.other) {
				s.receiver.Keep()
			}
		}
		s.news()
		s.watchLag()
		return len(ps), false
	}
	// This goroutine is going to deliver, on views of the datagrams.
	s.delivering = true
	s.hearing(now)
	s.have = s.receiver.Poll(s.events[:])
	taken := 0
	for taken < min(len(ps), frameBatch) && s.have < len(s.events) {
		if m.handle(now, &ps[taken], &m.frames[taken]) {
			s.have += s.receiver.PollMore(s.events[s.have:])
		}
		if taken++; s.receiver.Borrowing() {
			break // the rest of this one first
		}
	}
	if s.have == 0 {
		s.delivering = false
		s.hearing(now)
	}
	return taken, s.have > 0
}

// handle decodes a datagram and gives the receiver what it is.
func (m *machine) handle(now int64, p *multicast.Packet, to *received) bool {
	f := &to.outer
	switch err := m.dec.Decode(p.Data, f); err {
	case nil:
	case frame.ErrNewer:
		m.newer++
		return false
	default:
		m.invalid++
		return false
	}
	f.Arrived, f.Feed = p.Received, p.Feed
	if f.Kind == frame.Repair && m.dec.Decode(f.Inner, &to.inner) == nil { // else the receiver counts it
		to.inner.Arrived = p.Received
		f.Data = &to.inner
	}
	m.s.receiver.Handle(reliable.Time(now), p.From, f)
	return true
}

func (m *machine) Advance(now int64) {
	m.s.receiver.Advance(reliable.Time(now))
	m.s.news()
}

func (m *machine) Deadline(int64) int64 { return int64(m.s.receiver.Deadline()) }

func (m *machine) Next(now int64, _ bool) (multicast.Datagrams, bool) {
	var ok bool
	m.batch, ok = m.s.receiver.Next(reliable.Time(now))
	if !ok {
		m.s.allSent()
		return multicast.Datagrams{}, false
	}
	return multicast.Datagrams{To: m.batch.To, Data: m.batch.Data, Segment: m.batch.Segment}, true
}

func (m *machine) Sent() { m.s.receiver.Sent(m.batch) }
