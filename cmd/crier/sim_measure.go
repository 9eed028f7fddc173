package main

import (
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet"
	"crier/testnet/scenario"
)

const (
	// simBins is in how many bins of time a run is told.
	simBins = 240
	// simLosses bounds the loss reports that are listed of one subscriber.
	simLosses = 1000
)

// simMeter measures a run as it is played. It is used by one goroutine.
type simMeter struct {
	run      *scenario.Run
	r        *simResult
	bin      reliable.Time
	next     reliable.Time              // when to sample what is held
	behind   map[*testnet.Segment][]int // the subscribers behind each segment
	counts   []simCount                 // by subscriber
	strips   [][]simStripPoint          // by subscriber; the last point is the newest
	sessions map[uint64]*simFrames
	last     *simFrames // whose frame came last
}

// simFrames is what became of one session's DATA frames.
type simFrames struct {
	session *testnet.Session
	frames  []simFrame // by sequence number, from the session's first
}

// simFrame counts who missed a frame, and how many NACKs for it reached the publisher.
type simFrame struct{ missed, nacks uint32 }

// simCount is what each message changes of a member: together, so that those of a
// thousand members stay in the cache.
type simCount struct {
	delivered, bytes uint64
	latencyMax       int64
	group            *simGroup
}

// newSimMeter watches a run that has not been started.
func newSimMeter(run *scenario.Run) *simMeter {
	s, w := run.Scenario(), run.World()
	m := &simMeter{
		run: run, bin: (run.End() + simBins - 1) / simBins,
		behind: map[*testnet.Segment][]int{}, sessions: map[uint64]*simFrames{},
	}
	m.r = &simResult{
		Scenario: s.Name, Story: s.Story, Seed: run.Seed(), Duration: int64(s.Duration), End: int64(run.End()),
		Promise: "kept", Events: simEventsOf(s),
	}
	for i := range s.Publishers {
		m.r.Publishers = append(m.r.Publishers, &simPublisher{Name: s.Publishers[i].Name})
	}
	for i := range s.Subscribers {
		m.r.Groups = append(m.r.Groups, &simGroup{
			Name: s.Subscribers[i].Name, RoundTrip: int64(s.RoundTrip(i)), Causes: map[string]uint64{},
		})
	}
	for i, sub := range w.Subscribers() {
		g := m.r.Groups[run.Group(sub)]
		g.Members++
		m.r.Members = append(m.r.Members, &simMember{Name: sub.String(), Group: g.Name, Losses: []simLoss{}})
		if seg := sub.Config().Segment; seg != nil {
			m.behind[seg] = append(m.behind[seg], i)
		}
		m.counts = append(m.counts, simCount{group: g})
	}
	m.strips = make([][]simStripPoint, len(m.r.Members))
	t := &m.r.Series
	t.Bin = int64(m.bin)
	for _, list := range []*[]uint64{&t.Frames, &t.FrameBytes, &t.Repairs, &t.RepairBytes, &t.Nacks, &t.Delivered, &t.Recovered, &t.Missed, &t.Lost, &t.Held} {
		*list = make([]uint64, simBins)
	}
	w.Observe(testnet.Observer{Accepted: m.accepted, Sent: m.sent, Dropped: m.dropped, Answered: m.answered, Told: m.told})
	return m
}

// at is the bin of now.
func (m *simMeter) at() int { return min(int(m.run.World().Now()/m.bin), simBins-1) }

// strip is the point of a subscriber's strip for now.
func (m *simMeter) strip(sub int) *simStripPoint {
	bin := m.at()
	if n := len(m.strips[sub]); n == 0 || m.strips[sub][n-1].Bin != bin {
		m.strips[sub] = append(m.strips[sub], simStripPoint{Bin: bin})
	}
	return &m.strips[sub][len(m.strips[sub])-1]
}

// frames is what is known of a session.
func (m *simMeter) frames(s *testnet.Session) *simFrames {
	if m.last == nil || m.last.session != s {
		f := m.sessions[s.ID]
		if f == nil {
			f = &simFrames{session: s}
			m.sessions[s.ID] = f
		}
		m.last = f
	}
	return m.last
}

// of is a frame's entry; nil for a number that the session never had.
func (f *simFrames) of(seq uint64) *simFrame {
	i := seq - f.session.FirstSeq
	if i >= uint64(len(f.frames)) {
		return nil
	}
	return &f.frames[i]
}

func (m *simMeter) accepted(s *testnet.Session, _ uint64, payload []byte) {
	p := m.r.Publishers[s.Publisher.Index()]
	p.Accepted++
	p.Bytes += uint64(len(payload))
}

func (m *simMeter) sent(d *testnet.Datagram) {
	t, bin := &m.r.Series, m.at()
	if d.Subscriber != nil {
		if d.Frame.Kind == frame.Nack {
			t.Nacks[bin]++
			m.r.Groups[m.run.Group(d.Subscriber)].Nacks++
		}
		return
	}
	p, size := m.r.Publishers[d.Publisher.Index()], uint64(len(d.Data))
	switch d.Frame.Kind {
	case frame.Data:
		f := m.frames(d.Session)
		for uint64(len(f.frames)) <= d.Frame.Seq-d.Session.FirstSeq {
			f.frames = append(f.frames, simFrame{})
		}
		p.Frames++
		p.FrameBytes += size
		t.Frames[bin]++
		t.FrameBytes[bin] += size
	case frame.Repair:
		p.Repairs++
		p.RepairBytes += size
		t.Repairs[bin]++
		t.RepairBytes[bin] += size
	default:
		p.Others++
	}
}

// dropped notes DATA frames that are lost on the way.
func (m *simMeter) dropped(d *testnet.Datagram, c *testnet.Drop) {
	if d.Subscriber != nil || d.Frame == nil || d.Frame.Kind != frame.Data {
		return
	}
	f := m.frames(d.Session).of(d.Frame.Seq)
	miss := func(sub int) {
		f.missed++
		m.strip(sub).Missed++
		m.r.Members[sub].Missed++
		m.r.Series.Missed[m.at()]++
	}
	if c.Segment == nil {
		miss(c.Subscriber.Index())
		return
	}
	for _, sub := range m.behind[c.Segment] {
		if m.run.World().Subscribers()[sub].Running() {
			miss(sub)
		}
	}
}

// answered counts what reaches publishers.
func (m *simMeter) answered(d *testnet.Datagram) {
	if d.Frame == nil {
		return
	}
	p := m.r.Publishers[d.Publisher.Index()]
	switch d.Frame.Kind {
	case frame.Status:
		p.Statuses++
	case frame.Nack:
		p.Nacks++
		f := m.frames(d.Session)
		for _, r := range d.Frame.Ranges {
			for seq := r.From; seq < r.To; seq++ {
				if e := f.of(seq); e != nil {
					e.nacks++
				}
			}
		}
	}
}

func (m *simMeter) told(sub *testnet.Subscriber, ev *reliable.Event) {
	count, t := &m.counts[sub.Index()], &m.r.Series
	g, now := count.group, m.run.World().Now()
	switch ev.Kind {
	case reliable.Message:
		count.delivered++
		count.bytes += uint64(len(ev.Payload))
		t.Delivered[m.at()]++
		session := m.session(ev.Session)
		latency := now.Sub(session.AcceptedAt(ev.Offset))
		count.latencyMax = max(count.latencyMax, int64(latency))
		g.latency.Record(latency)
		if ev.Recovered {
			member := m.r.Members[sub.Index()]
			member.Recovered++
			member.RecoveryMax = max(member.RecoveryMax, int64(ev.Recovery))
			g.recovery.Record(ev.Recovery)
			t.Recovered[m.at()]++
			m.strip(sub.Index()).Recovered++
		}
	case reliable.Loss:
		n, member := ev.Lost.Len(), m.r.Members[sub.Index()]
		member.Lost += n
		g.Causes[ev.Cause.String()] += n
		t.Lost[m.at()] += n
		m.strip(sub.Index()).Lost += uint32(n)
		if len(member.Losses) < simLosses {
			member.Losses = append(member.Losses, simLoss{int64(now), ev.Lost.From, ev.Lost.To, ev.Cause.String()})
		} else {
			member.MoreLosses++
		}
	}
}

// session finds a session by its id; the one asked for last is asked for again.
func (m *simMeter) session(id uint64) *testnet.Session {
	if m.last != nil && m.last.session.ID == id {
		return m.last.session
	}
	if f := m.sessions[id]; f != nil {
		m.last = f
		return f.session
	}
	return m.run.World().Session(id)
}

// sample notes how much subscribers hold, once a bin: a thousand of them take time.
func (m *simMeter) sample(now reliable.Time) {
	if now < m.next {
		return
	}
	m.next = now.Add(time.Duration(m.bin))
	total := 0
	for i, sub := range m.run.World().Subscribers() {
		if sub.Stats().Memory == 0 {
			continue
		}
		held := 0
		for _, st := range sub.Sessions() {
			held += st.HeldBytes
		}
		total += held
		m.r.Members[i].HeldMax = max(m.r.Members[i].HeldMax, held)
	}
	t := &m.r.Series
	t.Held[m.at()] = max(t.Held[m.at()], uint64(total))
}

// finish returns the result.
func (m *simMeter) finish() *simResult {
	w, r := m.run.World(), m.r
	st := w.Stats()
	r.World = simWorld{st.Events, st.Sent, st.Delivered, st.Damaged, st.Overflow}
	for _, s := range w.Sessions() {
		r.Publishers[s.Publisher.Index()].Sessions++
	}
	for i, p := range w.Publishers() {
		r.Publishers[i].GroupSize = p.Stats().Members
	}
	for i, sub := range w.Subscribers() {
		member, g := r.Members[i], r.Groups[m.run.Group(sub)]
		count := &m.counts[i]
		member.Delivered, member.Bytes, member.LatencyMax = count.delivered, count.bytes, count.latencyMax
		member.Strip = m.strips[i]
		if member.Strip == nil {
			member.Strip = []simStripPoint{}
		}
		g.Delivered += member.Delivered
		g.Recovered += member.Recovered
		g.Lost += member.Lost
		g.Missed += member.Missed
		r.LostFrames.Sum += member.Missed
		member.Sessions = []simSession{}
		for _, st := range sub.Sessions() {
			g.Excess += st.Duplicates
			g.Repairs += st.Repairs
			member.Sessions = append(member.Sessions, simSession{
				sessionText(st.ID), st.FirstOffset, st.NextOffset, st.Delivered, st.Lost, st.Duplicates, st.Nacks, st.Repairs, st.End.String(),
			})
		}
	}
	for _, g := range r.Groups {
		g.Latency, g.Recovery = simQuantilesOf(&g.latency), simQuantilesOf(&g.recovery)
	}
	var nacks []uint32
	for _, s := range w.Sessions() {
		if f := m.sessions[s.ID]; f != nil {
			for _, e := range f.frames {
				if e.missed > 0 {
					nacks = append(nacks, e.nacks)
				}
			}
		}
	}
	r.LostFrames.Count, r.LostFrames.Nacks = uint64(len(nacks)), simCountsOf(nacks)
	return r
}

// simCountsOf returns the quantiles of a list, which it sorts; nil if it is empty.
func simCountsOf(list []uint32) *simCounts {
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	at := func(percent int) uint64 { return uint64(list[(len(list)*percent+99)/100-1]) }
	return &simCounts{at(50), at(95), at(99), at(100)}
}

// trips is a time in round trips of a group; 0 if that isn't known.
func (g *simGroup) trips(ns int64) float64 {
	if g.RoundTrip == 0 {
		return 0
	}
	return float64(ns) / float64(g.RoundTrip)
}

// seconds is a time in seconds.
func seconds(ns int64) float64 { return float64(ns) / float64(time.Second) }
