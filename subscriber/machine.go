package subscriber

import (
	"net/netip"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
)

// received is a frame, with the DATA frame inside it if it is a REPAIR.
type received struct{ outer, inner frame.Frame }

// machine adapts the Receiver to multicast.Machine.
type machine struct {
	s   *Subscriber
	dec frame.Decoder
	// frames are the frames that the delivering goroutine's events view.
	frames [frameBatch]received
	// other is the frame of a goroutine that doesn't deliver.
	other received
	// batch is the batch that is being sent.
	batch reliable.Batch
	// invalid counts datagrams that can't be decoded.
	invalid uint64
	// newer counts frames that need a newer crier.
	newer uint64
	// strangers sent those of both kinds.
	strangers strangers
}

// frameBatch is the number of frames that are handled before their events are delivered.
// It is large enough to amortize the lock and the look at the clock, and small enough to
// keep the frames in the processor's first-level cache.
const frameBatch = 8

func (m *machine) Receive(now int64, ps []multicast.Packet) (int, bool) {
	s := m.s
	if s.absent.watched && now >= s.absent.due {
		s.lookForAbsent(now)
	}
	if !s.direct() || s.delivering {
		// The datagrams are overwritten soon, and the events may be taken later, so
		// Keep copies their payloads.
		for i := range ps {
			if m.handle(now, &ps[i], &m.other) {
				s.receiver.Keep()
			}
		}
		s.news()
		s.watchLag()
		return len(ps), false
	}
	// This goroutine delivers, on views of the datagrams.
	s.delivering = true
	s.hearing(now)
	s.have = s.receiver.Poll(s.events[:])
	taken := 0
	for taken < min(len(ps), frameBatch) && s.have < len(s.events) {
		if m.handle(now, &ps[taken], &m.frames[taken]) {
			s.have += s.receiver.PollMore(s.events[s.have:])
		}
		if taken++; s.receiver.Borrowing() {
			break // deliver the rest of this frame first
		}
	}
	if s.have == 0 {
		s.delivering = false
		s.hearing(now)
	}
	return taken, s.have > 0
}

// handle decodes a datagram into to, and hands it to the receiver. It reports whether the
// datagram is a valid frame that isn't the copy of another one.
func (m *machine) handle(now int64, p *multicast.Packet, to *received) bool {
	f := &to.outer
	if m.s.receiver.Copied(reliable.Time(now), p.From, p.Feed, p.Data) {
		return false
	}
	switch err := m.dec.Decode(p.Data, f); err {
	case nil:
	case frame.ErrNewer:
		m.newer++
		m.strangers.note(p.From, p.Data, true)
		return false
	default:
		m.invalid++
		m.strangers.note(p.From, p.Data, false)
		return false
	}
	if p.Group == directoryIndex || m.s.finder != nil && f.Kind == frame.Announce {
		// Nothing but announcements is believed of the directory's group.
		f.Feed = p.Feed
		m.s.finder.handle(reliable.Time(now), p.From, f)
		return true // a topic that is left has events
	}
	f.Arrived, f.GroupIndex, f.Feed = p.Received, p.Group, p.Feed
	// The receiver counts a REPAIR whose inner frame is invalid.
	if f.Kind == frame.Repair && m.dec.Decode(f.Inner, &to.inner) == nil {
		to.inner.Arrived = p.Received
		f.Data = &to.inner
	}
	m.s.receiver.Handle(reliable.Time(now), p.From, f)
	return true
}

// Memberships implements multicast.Joiner.
func (m *machine) Memberships() (version uint64, groups []netip.AddrPort) {
	return m.s.receiver.Memberships()
}

// NotJoined implements multicast.Joiner.
func (m *machine) NotJoined(group netip.AddrPort) { m.s.receiver.NotJoined(group) }

// Leases and Shift implement multicast.Shifter.
func (m *machine) Leases() bool { return m.s.team != nil }

func (m *machine) Shift(d time.Duration) { m.s.team.m.Shift(d) }

func (m *machine) Advance(now int64) {
	m.s.receiver.Advance(reliable.Time(now))
	if d := m.s.finder; d != nil {
		d.advance(reliable.Time(now))
	}
	m.s.news()
}

func (m *machine) Deadline(int64) int64 {
	at := m.s.receiver.Deadline()
	if d := m.s.finder; d != nil && !m.s.closed {
		at = min(at, d.deadline())
	}
	return int64(at)
}

func (m *machine) Next(now int64, _ bool) (multicast.Datagrams, bool) {
	var ok bool
	m.batch, ok = m.s.receiver.Next(reliable.Time(now))
	if d := m.s.finder; !ok && d != nil && !m.s.closed {
		if out, ok := d.next(reliable.Time(now)); ok {
			return out, true
		}
	}
	if !ok {
		m.s.allSent()
		return multicast.Datagrams{}, false
	}
	to := m.batch.To
	if !to.IsValid() {
		to = m.s.cfg.Groups[0]
	}
	return multicast.Datagrams{To: to, Data: m.batch.Data, Segment: m.batch.Segment}, true
}

func (m *machine) Sent() {
	if d := m.s.finder; d == nil || !d.sent() {
		m.s.receiver.Sent(m.batch)
	}
}
