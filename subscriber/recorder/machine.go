package recorder

import (
	"net/netip"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
)

// machine adapts the Recorder to multicast.Machine.
type machine struct {
	r *Recorder
	// first is the first group, which frames to an invalid address go to.
	first netip.AddrPort
	dec   frame.Decoder
	outer frame.Frame
	inner frame.Frame
	// batch is the batch that is being sent.
	batch reliable.Batch
	// invalid counts datagrams that can't be decoded, and newer frames that need a newer crier.
	invalid, newer uint64
}

func (m *machine) Receive(now int64, ps []multicast.Packet) (int, bool) {
	for i := range ps {
		p, f := &ps[i], &m.outer
		if m.r.rec.Copied(reliable.Time(now), p.From, p.Feed, p.Data) {
			continue
		}
		switch err := m.dec.Decode(p.Data, f); err {
		case nil:
		case frame.ErrNewer:
			m.newer++
			continue
		default:
			m.invalid++
			continue
		}
		f.Arrived, f.GroupIndex, f.Feed = p.Received, p.Group, p.Feed
		if f.Kind == frame.Repair && m.dec.Decode(f.Inner, &m.inner) == nil {
			m.inner.Arrived = p.Received
			f.Data = &m.inner
		}
		m.r.rec.Handle(reliable.Time(now), p.From, f)
	}
	m.r.dispatch()
	return len(ps), false
}

// Memberships implements multicast.Joiner.
func (m *machine) Memberships() (version uint64, groups []netip.AddrPort) {
	return m.r.rec.Memberships()
}

// NotJoined implements multicast.Joiner.
func (m *machine) NotJoined(group netip.AddrPort) { m.r.rec.NotJoined(group) }

// done takes a job's result.
func (m *machine) done(res *journal.Result) { m.r.diskDone(res) }

func (m *machine) Advance(now int64) {
	m.r.rec.Advance(reliable.Time(now))
	m.r.dispatch()
}

func (m *machine) Deadline(int64) int64 { return int64(m.r.rec.Deadline()) }

func (m *machine) Next(now int64, _ bool) (multicast.Datagrams, bool) {
	var ok bool
	m.batch, ok = m.r.rec.Next(reliable.Time(now))
	if !ok {
		m.r.dispatch() // what is to be repeated may have to be read first
		m.r.allSent()
		return multicast.Datagrams{}, false
	}
	to := m.batch.To
	if !to.IsValid() {
		to = m.first
	}
	return multicast.Datagrams{To: to, Data: m.batch.Data, Segment: m.batch.Segment}, true
}

func (m *machine) Sent() { m.r.rec.Sent(m.batch) }
