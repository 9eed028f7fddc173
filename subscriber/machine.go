package subscriber

import (
	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
)

// machine is the Receiver as a multicast.Loop drives it.
type machine struct {
	s       *Subscriber
	dec     frame.Decoder
	frame   frame.Frame
	batch   reliable.Batch
	invalid uint64 // datagrams that no Decoder takes
	newer   uint64 // frames that need a newer crier
}

func (m *machine) Receive(now int64, packet *multicast.Packet) {
	// Another goroutine may be about to deliver the last datagram, of which the
	// receiver then still views the frame.
	m.s.receiver.Hold()
	switch err := m.dec.Decode(packet.Data, &m.frame); err {
	case nil:
	case frame.ErrNewer:
		m.newer++
		return
	default:
		m.invalid++
		return
	}
	m.frame.Arrived = packet.Received
	m.s.receiver.Handle(reliable.Time(now), packet.From, &m.frame)
	m.s.borrowed = packet
	if m.s.cfg.Handler == nil || m.s.delivering {
		// The datagram is about to be overwritten, and whoever takes the events
		// may take them later.
		m.s.receiver.Hold()
	}
	m.s.news()
}

func (m *machine) Advance(now int64) {
	m.s.receiver.Advance(reliable.Time(now))
	m.s.news()
}

func (m *machine) Deadline(int64) int64 { return int64(m.s.receiver.Deadline()) }

func (m *machine) Next(now int64) (multicast.Datagrams, bool) {
	var ok bool
	m.batch, ok = m.s.receiver.Next(reliable.Time(now))
	if !ok {
		return multicast.Datagrams{}, false
	}
	return multicast.Datagrams{To: m.batch.To, Data: m.batch.Data, Segment: m.batch.Segment}, true
}

func (m *machine) Sent() { m.s.receiver.Sent(m.batch) }
