package publisher

import (
	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
)

// machine is the Sender as a multicast.Loop drives it.
type machine struct {
	p       *Publisher
	dec     frame.Decoder
	frame   frame.Frame
	batch   reliable.Batch
	taker   multicast.Taker // the socket, if it tells what was taken
	taken   uint64          // datagrams, before the batch
	bytes   uint64          // theirs
	invalid uint64          // datagrams that no Decoder takes
	newer   uint64          // frames that need a newer crier
	single  bool            // the socket was told to send datagrams one by one
	told    bool            // that it cuts writes in vain
}

func (m *machine) Receive(now int64, ps []multicast.Packet) (int, bool) {
	for i := range ps {
		switch err := m.dec.Decode(ps[i].Data, &m.frame); err {
		case nil:
			m.p.sender.Handle(reliable.Time(now), ps[i].From, &m.frame)
		case frame.ErrNewer:
			m.newer++
		default:
			m.invalid++
		}
	}
	m.p.wantWork()
	m.p.notifyTaken()
	if !m.told && m.p.sender.OffloadOff() && !m.p.stopping {
		m.told = true
		m.p.working.Go(m.p.tellOffload) // a log may take its time
	}
	return len(ps), false
}

func (m *machine) Advance(now int64) {
	m.p.sender.Advance(reliable.Time(now))
	m.p.wantWork()
	m.p.notifyTaken()
	if !m.p.finished && m.p.sender.Finished(reliable.Time(now)) {
		m.p.finished = true
		close(m.p.done)
	}
}

func (m *machine) Deadline(now int64) int64 {
	if m.p.finished {
		return int64(reliable.Never)
	}
	if m.p.sender.Finished(reliable.Time(now)) {
		return now // Advance is to notice
	}
	return int64(m.p.sender.Deadline(reliable.Time(now)))
}

func (m *machine) Next(now int64, all bool) (multicast.Datagrams, bool) {
	var ok bool
	if all {
		m.batch, ok = m.p.sender.Next(reliable.Time(now))
	} else {
		m.batch, ok = m.p.sender.NextFull(reliable.Time(now))
	}
	if !ok {
		if m.p.work.spill != nil {
			m.p.wantWork()
		}
		return multicast.Datagrams{}, false
	}
	if m.taker != nil { // nobody else writes meanwhile
		m.taken, m.bytes = m.taker.Taken()
	}
	if m.batch.Single != m.single && m.p.segmenter != nil {
		m.single = m.batch.Single
		m.p.segmenter.SetSegments(!m.single) // no other writes now
	}
	to := m.batch.To
	if !to.IsValid() {
		to = m.p.cfg.Group
	}
	return multicast.Datagrams{To: to, Data: m.batch.Data, Segment: m.batch.Segment}, true
}

func (m *machine) Sent() {
	if m.taker != nil {
		taken, bytes := m.taker.Taken()
		m.batch.Refused = uint64(m.batch.Datagrams()) - (taken - m.taken)
		m.batch.RefusedBytes = uint64(len(m.batch.Data)) - (bytes - m.bytes)
	}
	m.p.sender.Sent(m.batch)
	m.p.ahead.reach(m.p.sender.Used())
	m.p.line.wake()
	if m.p.waiting > 0 {
		m.p.notify()
	}
}
