package member

import (
	"net/netip"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/survivor"
)

// A Member is a subscriber that may share its work with a team. It is not safe for concurrent use.
type Member struct {
	*survivor.Survivor
	cfg Config
	now reliable.Time
	// shift is by how much the clock of leases is ahead of now.
	shift time.Duration
	// courts are the arbiters of the sessions that are followed, and last the one that was asked
	// for last.
	courts []*court
	last   *court
	// told are events that wait to be polled, from first on, and waits those that wait for
	// SessionNew of their stream.
	told, waits []reliable.Run
	first       int
	// turns are changes of streams that were polled, and mean something once they are handed out.
	turns []turn
	// busy is what a handler works on; its epoch is 0 where nothing is.
	busy    hold
	leaving bool
	closed  bool
	// Of the CLAIM that is being sent.
	claim claim
	// apart is the second Receiver, where work is shared by message, and seeks the number of
	// streams that it is to follow; sender says that it sends.
	apart  *receive.Receiver
	seeks  int
	sender bool
	taken  bool
	rand   *nack.Rand
	stats  Stats
}

// turn is the silence of a stream, its end, or its coming back.
type turn struct {
	of      *court
	channel uint32
	kind    reliable.EventKind
}

// hold names a grant.
type hold struct {
	session uint64
	channel uint32
	epoch   uint64
}

// New returns a Member that has heard nothing yet.
func New(cfg Config) (*Member, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	m := &Member{cfg: cfg, now: cfg.Receive.Joined}
	if cfg.Team != "" {
		cfg.Receive.Gate = gate{m}
		m.rand = nack.NewRand(cfg.Receive.Seed^teamSeed, cfg.Receive.ID)
	}
	if m.Survivor, err = survivor.New(cfg.Receive, cfg.History); err != nil {
		return nil, err
	}
	if cfg.Team != "" && cfg.Share == reliable.ByMessage {
		if m.apart, err = m.newApart(cfg.Receive); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// teamSeed has the claims of a Member come at other times than the requests of its Receiver.
const teamSeed = 0x7465616d

// InTeam reports whether the Member has a team.
func (m *Member) InTeam() bool { return m.cfg.Team != "" }

// Shift says by how much the clock of leases is ahead of the machines', which grows while the
// computer is suspended. It is called before the other calls of a turn.
func (m *Member) Shift(d time.Duration) { m.shift = d }

// lease returns the time by the clock of leases.
func (m *Member) lease() reliable.Time { return m.now.Add(m.shift) }

// tick notes the time of a call.
func (m *Member) tick(now reliable.Time) { m.now = max(m.now, now) }

// Handle is that of the Survivor, and takes GRANTs.
func (m *Member) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if m.cfg.Team == "" {
		m.Survivor.Handle(now, from, f)
		return
	}
	m.tick(now)
	if f.Kind == frame.Grant {
		m.grant(from, f)
		return
	}
	m.Survivor.Handle(now, from, f)
	c := m.court(f.Session)
	if c == nil && !m.closed && !m.leaving {
		c = m.open(f.Session)
	}
	if c != nil && c.preparing > 0 {
		c.look()
	}
	if f.Kind == frame.Session && m.cfg.Share == reliable.ByMessage && c != nil && !c.follows {
		if life, ok := m.Life(c.id); ok {
			c.follow(&life)
		}
	}
	if c != nil && f.Kind == frame.Bye {
		c.attest()
		m.heardBye(c)
	}
	if m.apart != nil {
		m.hearApart(now, from, f)
	}
}

// court returns the arbiter of a session, or nil if there is none.
func (m *Member) court(session uint64) *court {
	if m.last != nil && m.last.id == session {
		return m.last
	}
	for _, c := range m.courts {
		if c.id == session {
			m.last = c
			return c
		}
	}
	return nil
}

// open begins to claim from the arbiter of a session that is heard.
func (m *Member) open(session uint64) *court {
	life, ok := m.Life(session)
	if !ok || !life.To.IsValid() || m.now >= life.SilentAt || len(m.courts) >= maxCourts {
		return nil
	}
	c := newCourt(m, session)
	m.courts = append(m.courts, c)
	m.last = c
	return c
}

// maxCourts bounds the sessions whose arbiters are known at once.
const maxCourts = 1024

// Advance lets time pass.
func (m *Member) Advance(now reliable.Time) {
	m.Survivor.Advance(now)
	if m.cfg.Team == "" {
		return
	}
	m.tick(now)
	if m.seeks > 0 {
		m.apart.Advance(now)
		m.pollApart()
	}
	for _, c := range m.courts {
		c.advance()
	}
	if m.apart != nil {
		m.seek(now)
	}
	m.courts = slices.DeleteFunc(m.courts, func(c *court) bool { return c.gone })
	if m.last != nil && m.last.gone {
		m.last = nil
	}
}

// Deadline returns when to call Advance, and then Next.
func (m *Member) Deadline() reliable.Time {
	at := m.Survivor.Deadline()
	if m.closed {
		return at
	}
	if m.seeks > 0 {
		at = min(at, m.apart.Deadline())
	}
	for _, c := range m.courts {
		at = min(at, c.deadline())
	}
	return at
}

// Next returns the next datagrams to send, as that of the Survivor.
func (m *Member) Next(now reliable.Time) (reliable.Batch, bool) {
	if m.cfg.Team == "" {
		return m.Survivor.Next(now)
	}
	if m.taken || m.sender {
		return reliable.Batch{}, false
	}
	m.tick(now)
	if b, ok := m.nextClaim(); ok {
		m.taken = true
		return b, true
	}
	if m.seeks > 0 && !m.closed {
		if b, ok := m.nextApart(now); ok {
			m.sender = true
			return b, true
		}
	}
	return m.Survivor.Next(now)
}

// Sent hands a batch back.
func (m *Member) Sent(b reliable.Batch) {
	if m.taken {
		m.taken = false
		return
	}
	if m.sender {
		m.sender = false
		m.apart.Sent(b)
		return
	}
	m.Survivor.Sent(b)
}

// Poll is that of the Survivor. What becomes of grants is told before the messages that follow. In
// a team it is called when all events of before were handed out, or HandOut has refused them.
func (m *Member) Poll(events []reliable.Run) int {
	if m.cfg.Team == "" {
		return m.Survivor.Poll(events)
	}
	for {
		for i := 0; i < len(m.turns); i++ {
			one := m.turns[i]
			one.of.turn(one.channel, one.kind)
		}
		m.turns = m.turns[:0]
		for _, c := range m.courts {
			c.conclude()
		}
		n := m.tell(events)
		n += m.watch(events[n : n+m.Survivor.Poll(events[n:])])
		if n > 0 || len(m.turns) == 0 {
			return n
		}
	}
}

// PollMore is Poll that leaves the payloads of the events before valid.
func (m *Member) PollMore(events []reliable.Run) int {
	if m.cfg.Team == "" {
		return m.Survivor.PollMore(events)
	}
	n := m.tell(events)
	return n + m.watch(events[n:n+m.Survivor.PollMore(events[n:])])
}

// tell fills in the events about grants that wait. Those of a stream that has yet to tell
// SessionNew come behind that.
func (m *Member) tell(events []reliable.Run) (n int) {
	if len(m.waits) > 0 {
		kept := m.waits[:0]
		for i := range m.waits {
			ev := &m.waits[i]
			if n == len(events) || m.early(ev) {
				kept = append(kept, *ev)
				continue
			}
			events[n] = *ev
			n++
			m.Wake(uint64(ev.Session), ev.Partition) // its messages waited, too
		}
		clear(m.waits[len(kept):])
		m.waits = kept
	}
	for ; n < len(events) && m.first < len(m.told); m.first++ {
		ev := &m.told[m.first]
		if m.early(ev) {
			m.wait(ev)
		} else {
			events[n] = *ev
			n++
		}
		*ev = reliable.Run{}
	}
	if m.first == len(m.told) {
		m.told, m.first = m.told[:0], 0
	}
	return n
}

// early reports whether an event waits for SessionNew.
func (m *Member) early(ev *reliable.Run) bool {
	switch ev.Kind {
	case reliable.Assigned, reliable.Revoking, reliable.Revoked:
		return m.Untold(uint64(ev.Session), ev.Partition)
	}
	return false
}

// wait has an event told behind SessionNew. What was revoked by then isn't told at all.
func (m *Member) wait(ev *reliable.Run) {
	if ev.Kind == reliable.Revoked {
		m.waits = slices.DeleteFunc(m.waits, func(one reliable.Run) bool {
			return one.Session == ev.Session && one.Partition == ev.Partition
		})
		m.Wake(uint64(ev.Session), ev.Partition)
		return
	}
	m.waits = append(m.waits, *ev)
}

// holdsBack reports whether an event about a stream waits for its SessionNew.
func (m *Member) holdsBack(session uint64, channel uint32) bool {
	for i := range m.waits {
		if ev := &m.waits[i]; uint64(ev.Session) == session && ev.Partition == channel {
			return true
		}
	}
	return false
}

// watch looks at events that are polled: the end of a session, and its silence, end grants behind
// them. It returns how many of them are to be told now.
func (m *Member) watch(events []reliable.Run) int {
	for i := range events {
		switch ev := &events[i]; ev.Kind {
		case reliable.SessionSilent, reliable.SessionEnded, reliable.SessionResumed:
			if c := m.court(uint64(ev.Session)); c != nil {
				m.turns = append(m.turns, turn{c, ev.Partition, ev.Kind})
			}
		}
	}
	return m.holdEnds(events)
}

// announce has an event told about a partition.
func (m *Member) announce(c *court, channel uint32, kind reliable.EventKind) *reliable.Run {
	m.told = append(m.told, reliable.Run{})
	ev := &m.told[len(m.told)-1]
	m.Describe(ev, c.id, channel, kind)
	return ev
}

// Leave begins to leave the team: nothing more is handed out, and what is granted is given back as
// soon as what was handed out is done. Left tells when that is so.
func (m *Member) Leave(now reliable.Time) {
	m.tick(now)
	m.leaving = true
	for _, c := range m.courts {
		c.leave()
	}
}

// Left reports whether nothing is left to be given back, and all publishers know, as far as they
// answer.
func (m *Member) Left() bool {
	return !slices.ContainsFunc(m.courts, func(c *court) bool { return !c.left() })
}

// Close is that of the Survivor. What is granted is given back as it is; publishers are told that
// the member leaves.
func (m *Member) Close(now reliable.Time) {
	if m.cfg.Team != "" && !m.closed {
		m.tick(now)
		m.closed, m.leaving = true, true
		for _, c := range m.courts {
			c.close()
			c.conclude()
		}
	}
	m.Survivor.Close(now)
}

var _ receive.Gate = gate{}
