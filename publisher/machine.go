package publisher

import (
	"net/netip"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
)

// machine adapts the Sender to multicast.Machine.
type machine struct {
	p *Publisher
	// groups are the addresses of the groups by index.
	groups []netip.AddrPort
	dec    frame.Decoder
	frame  frame.Frame
	// batch is the batch that is being sent.
	batch reliable.Batch
	// taker is the socket if it counts the datagrams that the kernel took, or nil.
	taker multicast.Taker
	// taken and bytes are taker's counts before the batch.
	taken, bytes uint64
	// invalid counts datagrams that can't be decoded.
	invalid uint64
	// newer counts frames that need a newer crier.
	newer uint64
	// single says that the socket sends datagrams one by one.
	single bool
	// told says that the warning about the offload was logged.
	told   bool
	rivals rivals
}

func (m *machine) Receive(now int64, ps []multicast.Packet) (int, bool) {
	for i := range ps {
		switch err := m.dec.Decode(ps[i].Data, &m.frame); err {
		case nil:
			m.frame.Feed = ps[i].Feed
			if m.frame.Kind == frame.Claim && !m.Leases() {
				// The first lease must not count by a shift of long ago.
				m.p.loop.TickLease()
				now = m.p.loop.Now()
			}
			m.p.sender.Handle(reliable.Time(now), ps[i].From, &m.frame)
		case frame.ErrNewer:
			m.newer++
		default:
			m.invalid++
		}
	}
	m.p.dispatch()
	m.p.progress.taken()
	if !m.told && m.p.sender.OffloadOff() && !m.p.stopping {
		m.told = true
		m.p.working.Go(m.warnOffload) // a Logger may block, and the lock is held
	}
	if m.rivals.due(now, m.p.sender.Rivals()) && !m.p.stopping {
		m.p.working.Go(m.warnRival)
	}
	return len(ps), false
}

// Leases reports whether there are teams.
func (m *machine) Leases() bool { return m.p.sender.Teams() != nil }

// Shift says how far the lease clock is ahead.
func (m *machine) Shift(d time.Duration) { m.p.sender.Shift(d) }

// rivals decides when to warn of other publishers of the same name.
type rivals struct {
	reports uint64
	quiet   int64 // until when nothing is said
}

// rivalEvery is the least time between two warnings, in nanoseconds.
const rivalEvery = int64(time.Minute)

// due reports whether subscribers have told of another publisher that was not told of yet.
func (r *rivals) due(now int64, reports uint64) bool {
	if reports == r.reports || now < r.quiet {
		return false
	}
	r.reports, r.quiet = reports, now+rivalEvery
	return true
}

// warnRival logs that the publisher is not alone.
func (m *machine) warnRival() {
	m.p.cfg.Logger.Warn("crier: subscribers hear another publisher of the same name, which runs "+
		"as well: they take the messages of both, each with its own offsets",
		"session", m.p.Session().String(),
		"hint", "stop one of them, or give it another name; Continue (crier pub --continue) "+
			"begins only where none runs")
}

// warnOffload logs that the offload damages datagrams, with the remedy.
func (m *machine) warnOffload() {
	m.p.cfg.Logger.Warn("crier: subscribers received none of the datagrams that the kernel or "+
		"the network card cut out of large writes, but those that were sent one by one: "+
		"all are sent one by one from now on, which takes more processor time",
		"interface", m.p.cfg.Interface,
		"hint", "update the kernel of this host, or of the one that runs it "+
			"(Linux 7.0.0 to 7.1.4 damages them, for some network cards); or switch it off, "+
			"by tx-udp-segmentation off in ethtool -K, or NoOffload (crier pub --offload off)")
}

func (m *machine) Advance(now int64) {
	m.p.sender.Advance(reliable.Time(now))
	m.p.dispatch()
	m.p.progress.taken()
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
		return now // for Advance to notice
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
		if m.p.disk != nil {
			m.p.dispatch()
		}
		return multicast.Datagrams{}, false
	}
	if m.taker != nil { // no other goroutine writes until Sent
		m.taken, m.bytes = m.taker.Taken()
	}
	if m.batch.Single != m.single && m.p.segmenter != nil {
		m.single = m.batch.Single
		m.p.segmenter.SetSegments(!m.single) // no other goroutine writes now
	}
	to := m.batch.To
	if !to.IsValid() {
		to = m.groups[m.batch.Group]
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
	if st := m.p.sender.SentBy(); st != nil {
		m.p.ahead.reach(int(st.Partition()), st.Used())
	}
	if d := m.p.disk; d != nil && d.kept.record { // however busy the socket is
		m.p.dispatch()
	}
	m.p.lanes.wake()
	m.p.progress.sent()
}
