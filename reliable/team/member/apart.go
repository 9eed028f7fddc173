package member

import (
	"bytes"
	"net/netip"
	"slices"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
)

// The second Receiver brings messages that the stream has passed: they were another's then.

// apartGate is its gate.
type apartGate struct{ m *Member }

func (g apartGate) Pass(session uint64, channel uint32, offset uint64) (receive.Verdict,
	*reliable.Grant, uint64) {
	if c := g.m.court(session); c != nil {
		if s := c.seat(channel); s != nil && s.desk != nil {
			return s.desk.passApart(s, offset)
		}
	}
	return receive.Wait, nil, endless
}

// passApart returns what becomes of messages that the second Receiver brings.
func (d *desk) passApart(s *seat, offset uint64) (receive.Verdict, *reliable.Grant, uint64) {
	i, _ := d.find(offset)
	for ; i < len(d.items); i++ {
		if one := &d.items[i]; one.apart && !one.brought && one.state == granted {
			if one.offset > offset {
				return receive.Skip, nil, one.offset
			}
			return receive.Deliver, one.grant, offset + 1
		}
	}
	return receive.Wait, nil, endless
}

// apartBuffer is the memory of the second Receiver for one session: what it asks for at once.
const apartBuffer = 64 << 10

// newApart returns the second Receiver.
func (m *Member) newApart(cfg receive.Config) (*receive.Receiver, error) {
	// Its ID is another one: the publisher believes that the first needs nothing of before.
	cfg.ID ^= teamSeed << 32
	if cfg.ID == 0 {
		cfg.ID = teamSeed
	}
	cfg.Gate, cfg.Name, cfg.Runs = apartGate{m}, "", false
	cfg.Inquest, cfg.Keeper, cfg.Tape = false, nil, nil
	cfg.Memory.Buffer, cfg.Memory.Total = apartBuffer, 0
	return receive.New(cfg)
}

// hearApart hands a frame to the second Receiver: SESSIONs, so that it knows of sessions, and
// while it is needed all.
func (m *Member) hearApart(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if f.Kind != frame.Session && m.seeks == 0 {
		return
	}
	m.apart.Handle(now, from, f)
	m.pollApart()
	m.apart.Keep()
	m.seek(now)
}

// pollApart takes what the second Receiver brings.
func (m *Member) pollApart() {
	var events [8]reliable.Run
	for n := m.apart.Poll(events[:]); n > 0; n = m.apart.Poll(events[:]) {
		for i := range events[:n] {
			ev := &events[i]
			c := m.court(uint64(ev.Session))
			if ev.Grant == nil || c == nil {
				continue
			}
			c.seat(ev.Partition).desk.brings(&ev.Event)
			ev.Payload, ev.Properties = bytes.Clone(ev.Payload), slices.Clone(ev.Properties)
			m.told = append(m.told, reliable.Run{Event: ev.Event})
		}
	}
}

// brings notes that a message was brought, or that it is lost.
func (d *desk) brings(ev *reliable.Event) {
	at := nack.Range{From: ev.Offset, To: ev.Offset + 1}
	if ev.Kind == reliable.Loss {
		at = ev.Lost
	}
	for i := range d.items {
		if one := &d.items[i]; one.apart && !one.brought && at.Contains(one.offset) {
			one.brought = true
			d.apart--
		}
	}
}

// seek has the second Receiver follow the streams with messages that it is to bring, and no others.
func (m *Member) seek(now reliable.Time) {
	m.seeks = 0
	for _, c := range m.courts {
		for _, s := range c.seats {
			if s == nil || s.desk == nil {
				continue
			}
			d := s.desk
			if d.apart == 0 {
				if d.asking {
					m.apart.Leave(now, c.id, s.channel)
					d.asking = false
				}
				continue
			}
			m.seeks++
			for i := range d.items {
				one := &d.items[i]
				if !one.apart || one.brought || one.state != granted {
					continue
				}
				p, ok := m.apart.Place(c.id, s.channel)
				if !d.asking || d.asks != one.offset || ok && (!p.Taken || p.Next > one.offset) {
					d.asking = m.apart.Fetch(now, c.id, s.channel, one.seq, one.offset)
					d.asks = one.offset
				}
				break
			}
		}
	}
}

// nextApart returns the next datagram of the second Receiver: it says nothing of where it is.
func (m *Member) nextApart(now reliable.Time) (reliable.Batch, bool) {
	for {
		b, ok := m.apart.Next(now)
		if !ok {
			return b, false
		}
		if kind := kindOf(b.Data); kind != frame.Status && kind != frame.Digest {
			return b, true
		}
		m.apart.Sent(b)
	}
}

// kindOf returns the kind of a frame of this program's.
func kindOf(b []byte) frame.Kind {
	const array16 = 0xdc
	at := 2
	if len(b) > 0 && b[0] == array16 {
		at = 4
	}
	if at >= len(b) {
		return 0
	}
	return frame.Kind(b[at])
}
