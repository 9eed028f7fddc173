package sim

import (
	"slices"
	"time"

	"crier/cmd/crier/counts"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/scenario"
	"crier/testnet/world"
)

const (
	// bins is the number of bins of time in a Result.
	bins = 240
	// maxLosses bounds the listed loss reports of a subscriber.
	maxLosses = 1000
)

// meter measures a run as it is played. It is used by one goroutine.
type meter struct {
	run      *scenario.Run
	r        *Result
	bin      reliable.Time
	next     reliable.Time                     // when to sample what is held
	behind   map[*world.Segment][]int          // the subscribers behind each segment
	counts   []memberCount                     // by subscriber
	strips   [][]stripPoint                    // by subscriber; the last point is the newest
	sessions map[*world.Session]*sessionFrames // by stream
	last     *sessionFrames                    // whose frame came last
}

// sessionFrames counts losses and NACKs of a session's DATA frames.
type sessionFrames struct {
	session *world.Session
	frames  []frameCount // by sequence number, from the session's first
}

// frameCount counts the subscribers that missed a frame, and the NACKs for it that reached
// the publisher.
type frameCount struct{ missed, nacks uint32 }

// memberCount holds the counts that each message changes, apart from the rest of a member, so
// that those of a thousand members stay in the cache.
type memberCount struct {
	delivered, bytes uint64
	latencyMax       int64
	group            *group
}

// newMeter observes a run that has not been started.
func newMeter(run *scenario.Run) *meter {
	s, w := run.Scenario(), run.World()
	m := &meter{
		run: run, bin: (run.End() + bins - 1) / bins,
		behind: map[*world.Segment][]int{}, sessions: map[*world.Session]*sessionFrames{},
	}
	m.r = &Result{
		Scenario: s.Name, Story: s.Story, Seed: run.Seed(), Duration: int64(s.Duration),
		End:     int64(run.End()),
		Promise: "kept", Events: eventsOf(s),
	}
	for i := range s.Publishers {
		m.r.Publishers = append(m.r.Publishers, &Publisher{Name: s.Publishers[i].Name})
	}
	for i := range s.Recorders {
		m.r.Recorders = append(m.r.Recorders, &recorder{Name: s.Recorders[i].Name})
	}
	for i := range s.Subscribers {
		m.r.Groups = append(m.r.Groups, &group{
			Name: s.Subscribers[i].Name, RoundTrip: int64(s.RoundTrip(i)),
			Causes: map[string]uint64{},
		})
	}
	for i, sub := range w.Subscribers() {
		g := m.r.Groups[run.Group(sub)]
		g.Members++
		m.r.Members = append(m.r.Members,
			&member{Name: sub.String(), Group: g.Name, Losses: []loss{}})
		if seg := sub.Config().Segment; seg != nil {
			m.behind[seg] = append(m.behind[seg], i)
		}
		m.counts = append(m.counts, memberCount{group: g})
	}
	m.strips = make([][]stripPoint, len(m.r.Members))
	t := &m.r.Series
	t.Bin = int64(m.bin)
	for _, list := range []*[]uint64{&t.Frames, &t.FrameBytes, &t.Repairs, &t.RepairBytes, &t.Nacks,
		&t.Delivered, &t.Recovered, &t.Missed, &t.Lost, &t.Held} {
		*list = make([]uint64, bins)
	}
	m.watchTeams(w)
	if len(w.Entries()) > 0 {
		m.r.Announcements = &announcements{}
		w.Observe(world.Observer{Directory: func(d *world.Datagram) {
			m.r.Announcements.sent(w.Now(), d)
		}})
	}
	w.Observe(world.Observer{Accepted: m.accepted, Sent: m.sent, Dropped: m.dropped,
		Answered: m.answered, Told: m.told, Arrived: m.arrived, Disk: m.disk})
	return m
}

// at returns the bin of now.
func (m *meter) at() int { return min(int(m.run.World().Now()/m.bin), bins-1) }

// strip returns the point of a subscriber's strip for now.
func (m *meter) strip(sub int) *stripPoint {
	bin := m.at()
	if n := len(m.strips[sub]); n == 0 || m.strips[sub][n-1].Bin != bin {
		m.strips[sub] = append(m.strips[sub], stripPoint{Bin: bin})
	}
	return &m.strips[sub][len(m.strips[sub])-1]
}

// frames is what is known of a session.
func (m *meter) frames(s *world.Session) *sessionFrames {
	if m.last == nil || m.last.session != s {
		f := m.sessions[s]
		if f == nil {
			f = &sessionFrames{session: s}
			m.sessions[s] = f
		}
		m.last = f
	}
	return m.last
}

// of returns a frame's entry; nil for a number that the session never had.
func (f *sessionFrames) of(seq uint64) *frameCount {
	i := seq - f.session.FirstSeq
	if i >= uint64(len(f.frames)) {
		return nil
	}
	return &f.frames[i]
}

func (m *meter) accepted(s *world.Session, _ uint64, payload []byte) {
	p := m.r.Publishers[s.Publisher.Index()]
	p.Accepted++
	p.Bytes += uint64(len(payload))
}

func (m *meter) sent(d *world.Datagram) {
	t, bin := &m.r.Series, m.at()
	if r := m.recorderOf(d.Subscriber); r != nil {
		r.sent(d.Frame)
		return
	}
	if d.Subscriber != nil {
		g := m.r.Groups[m.run.Group(d.Subscriber)]
		switch {
		case d.Nowhere:
		case d.Frame.Kind == frame.Nack:
			t.Nacks[bin]++
			g.Nacks++
		case d.Frame.Kind == frame.Repair:
			g.Repeated++
		case d.Frame.Kind == frame.Digest && d.Frame.Request == 0:
			g.Digests++
		}
		return
	}
	p, size := m.r.Publishers[d.Publisher.Index()], uint64(len(d.Data))
	switch d.Frame.Kind {
	case frame.Data:
		f := m.frames(d.Session)
		for uint64(len(f.frames)) <= d.Frame.Seq-d.Session.FirstSeq {
			f.frames = append(f.frames, frameCount{})
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
func (m *meter) dropped(d *world.Datagram, c *world.Drop) {
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
		if c.Subscriber.Recorder() != nil {
			return
		}
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
func (m *meter) answered(d *world.Datagram) {
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

func (m *meter) told(sub *world.Subscriber, ev *reliable.Event) {
	count, t := &m.counts[sub.Index()], &m.r.Series
	g, now := count.group, m.run.World().Now()
	switch ev.Kind {
	case reliable.Message:
		count.delivered++
		count.bytes += uint64(len(ev.Payload))
		t.Delivered[m.at()]++
		session := m.session(ev.Session, ev.Partition)
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
		if len(member.Losses) < maxLosses {
			member.Losses = append(member.Losses,
				loss{int64(now), ev.Lost.From, ev.Lost.To, ev.Cause.String()})
		} else {
			member.MoreLosses++
		}
	default:
		m.certified(sub, ev)
	}
}

// session finds the stream of a session and partition; the one asked for last is asked for
// again.
func (m *meter) session(id reliable.SessionID, partition uint32) *world.Session {
	if m.last != nil && m.last.session.ID == id && m.last.session.Partition == partition {
		return m.last.session
	}
	s := m.run.World().Session(id, partition)
	if f := m.sessions[s]; f != nil {
		m.last = f
	}
	return s
}

// sample notes how much subscribers hold, once a bin: to ask a thousand of them takes time.
func (m *meter) sample(now reliable.Time) {
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
			held += st.BufferedBytes
		}
		total += held
		m.r.Members[i].HeldMax = max(m.r.Members[i].HeldMax, held)
	}
	t := &m.r.Series
	t.Held[m.at()] = max(t.Held[m.at()], uint64(total))
}

// finish returns the result.
func (m *meter) finish() *Result {
	w, r := m.run.World(), m.r
	r.World = w.Stats()
	for _, s := range w.Sessions() {
		if s.Partition == 0 {
			r.Publishers[s.Publisher.Index()].Sessions++
		}
	}
	for i, p := range w.Publishers() {
		r.Publishers[i].Counters = counts.Of(p.Stats().Counters()).Shown()
	}
	for i, rec := range w.Recorders() {
		r.Recorders[i].finish(rec)
	}
	r.Listers = listersOf(w)
	for i, sub := range w.Subscribers() {
		member, g := r.Members[i], r.Groups[m.run.Group(sub)]
		count := &m.counts[i]
		member.Delivered, member.Bytes, member.LatencyMax = count.delivered, count.bytes,
			count.latencyMax
		member.Strip = m.strips[i]
		if member.Strip == nil {
			member.Strip = []stripPoint{}
		}
		g.Delivered += member.Delivered
		g.Recovered += member.Recovered
		g.Lost += member.Lost
		g.Missed += member.Missed
		r.LostFrames.Sum += member.Missed
		member.Sessions = []session{}
		for _, st := range sub.Sessions() {
			g.Excess += st.Duplicates
			g.Repairs += st.Repairs
			member.Sessions = append(member.Sessions,
				session{st.ID.String(), st.End.String(), counts.Of(st.Counters())})
		}
	}
	for _, g := range r.Groups {
		g.Latency, g.Recovery = quantilesOf(&g.latency), quantilesOf(&g.recovery)
	}
	for _, t := range r.Teams {
		t.HandOver = quantilesOf(&t.handOver)
	}
	var nacks []uint32
	for _, s := range w.Sessions() {
		if f := m.sessions[s]; f != nil {
			for _, e := range f.frames {
				if e.missed > 0 {
					nacks = append(nacks, e.nacks)
				}
			}
		}
	}
	r.LostFrames.Count, r.LostFrames.Nacks = uint64(len(nacks)), nackCountsOf(nacks)
	return r
}

// nackCountsOf returns the quantiles of a list, which it sorts; nil if it is empty.
func nackCountsOf(list []uint32) *nackCounts {
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	at := func(percent int) uint64 { return uint64(list[(len(list)*percent+99)/100-1]) }
	return &nackCounts{at(50), at(95), at(99), at(100)}
}

// trips returns a time in round trips of a group; 0 if that isn't known.
func (g *group) trips(ns int64) float64 {
	if g.RoundTrip == 0 {
		return 0
	}
	return float64(ns) / float64(g.RoundTrip)
}

// seconds returns a time in seconds.
func seconds(ns int64) float64 { return float64(ns) / float64(time.Second) }
