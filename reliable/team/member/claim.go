package member

import (
	"cmp"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
)

// claim is the CLAIM that is being sent, in as many datagrams as it takes.
type claim struct {
	of     *court
	more   bool
	next   int // of the courts, that is looked at first
	size   int
	frame  frame.Frame
	body   frame.ClaimBody
	ranges []nack.Range
	// left is the room for words about messages, in bytes: where work is shared so, a CLAIM is one
	// datagram. What it says all later ones repeat until one is answered, so that an answer to any
	// of them means that it came.
	left   int
	arena  []byte
	encode frame.Encoder
}

// SetDatagram is that of the Survivor, for CLAIMs as well.
func (m *Member) SetDatagram(size int) {
	m.Survivor.SetDatagram(size)
	m.claim.size = min(max(size, frame.MinDatagram), frame.MaxDatagram)
}

// nextClaim returns the next CLAIM that is due, or the next part of one.
func (m *Member) nextClaim() (reliable.Batch, bool) {
	cl := &m.claim
	if cl.more && !cl.of.gone {
		if life, ok := m.Life(cl.of.id); ok && life.To.IsValid() {
			return m.part(&life), true
		}
	}
	cl.more = false
	for range m.courts {
		if cl.next >= len(m.courts) {
			cl.next = 0
		}
		c := m.courts[cl.next]
		cl.next++
		if life, ok := m.Life(c.id); ok && c.isDue(&life) {
			cl.of = c
			c.fill(&life)
			return m.part(&life), true
		}
	}
	return reliable.Batch{}, false
}

// isDue reports whether a CLAIM is due.
func (c *court) isDue(life *receive.Life) bool {
	if c.m.closed {
		return c.goodbyes > 0 && life.To.IsValid()
	}
	return c.m.now >= c.due && c.claims(life)
}

// part encodes what fits of the CLAIM.
func (m *Member) part(life *receive.Life) (b reliable.Batch) {
	cl := &m.claim
	c := cl.of
	c.request = max(c.request+1, 1)
	// It is sent no earlier than now: the lease may only be shorter by that.
	c.sent[c.request%sentClaims] = sentClaim{c.request, m.lease(), m.now}
	cl.frame.Request = c.request
	cl.arena, cl.more = cl.encode.AppendClaim(cl.arena[:0], &cl.frame, m.datagram())
	m.stats.Claims++
	return reliable.Batch{To: life.To, Data: cl.arena, Segment: len(cl.arena)}
}

// datagram returns the size of the largest CLAIM, in bytes.
func (m *Member) datagram() int {
	return cmp.Or(m.claim.size, m.cfg.Receive.Datagram, reliable.DefaultDatagram)
}

const (
	// wordSize is that of a word about a message in a CLAIM, in bytes, at the most, and entrySize
	// that of the entry that words stand in. slack is for numbers that grow while words wait.
	wordSize, entrySize, slack = 10, 24, 32
)

// measure determines the room for words that no CLAIM has said yet.
func (c *court) measure() {
	cl := &c.m.claim
	cl.arena = cl.encode.Append(cl.arena[:0], &cl.frame)
	cl.left = c.m.datagram() - len(cl.arena) - slack
	for _, s := range c.seats {
		if s != nil && s.desk != nil {
			if n := s.desk.repeated(); n > 0 {
				cl.left -= entrySize + n*wordSize
			}
		}
	}
}

// takes reports whether there is room for one more word, the first one in its entry or not.
func (cl *claim) takes(first bool) bool {
	n := wordSize
	if first {
		n += entrySize
	}
	if cl.left < n {
		return false
	}
	cl.left -= n
	return true
}

// fill makes the CLAIM that is due.
func (c *court) fill(life *receive.Life) {
	m, cl := c.m, &c.m.claim
	cfg := &m.cfg
	cl.ranges = cl.ranges[:0]
	cl.body = frame.ClaimBody{
		Granted: c.stamp, Team: []byte(cfg.Team), Share: cfg.Share, Weight: uint32(cfg.Weight),
		Room: uint32(cfg.Room), Window: uint32(cfg.Window),
		// Of a session that began while it listened it misses nothing, as any other subscriber.
		// A team that was forgotten meanwhile begins anew with what is published next.
		Oldest: cfg.Start == reliable.Oldest || life.FromStart && !c.served,
		Host:   []byte(cfg.Host), PID: cfg.PID, Entries: cl.body.Entries[:0],
	}
	cl.frame = frame.Frame{Kind: frame.Claim, Session: c.id, Subscriber: cfg.Receive.ID,
		Name: []byte(cfg.Name), Claim: &cl.body}
	follows := c.follows || cfg.Share != reliable.ByMessage
	if m.leaving || !follows {
		cl.body.Room = 0
	}
	c.tries++
	c.unsaid, c.waiting = 0, 0
	if cfg.Share == reliable.ByMessage {
		c.measure()
	}
	holds := false
	for _, s := range c.seats {
		holds = holds || s != nil && (s.tenure != nil || s.desk != nil && s.desk.works(c))
	}
	for _, s := range c.seats {
		if s != nil {
			if m.leaving && !holds && s.desk != nil {
				s.desk.free(s, false)
			}
			s.entries(&cl.body, c.request+1)
		}
	}
	if m.closed {
		// Words that don't fit a datagram go before the one that the member leaves.
		if c.goodbyes--; c.waiting == 0 || c.goodbyes == 0 {
			cl.frame.Flags |= frame.Leaving
		}
		return
	}
	if m.leaving && !holds && c.waiting == 0 {
		cl.frame.Flags |= frame.Leaving
		if c.leaves == 0 {
			c.leaves = c.request + 1
		}
	}
	c.due = m.now.Add(m.rand.Jitter(c.every()))
	if c.waiting > 0 { // unless an answer comes sooner
		c.by(m.now.Add(c.gather()))
	}
	if c.stamp == 0 || m.leaving || !follows {
		c.due = min(c.due, m.now.Add(firstClaim<<min(c.tries-1, 3)))
	}
}

// entries adds what a CLAIM of a number says of the partition.
func (s *seat) entries(b *frame.ClaimBody, request uint64) {
	m := s.court.m
	if s.desk != nil {
		if e, any := s.desk.entry(s, request); any {
			b.Entries = append(b.Entries, e)
		}
		return
	}
	if s.listed {
		if s.since == 0 {
			s.since = request
		}
		b.Entries = append(b.Entries, s.entry(s.past, s.state, s.past.handed))
	}
	t := s.tenure
	switch {
	case t != nil && t.orphan == 0:
		received := t.handed
		if p, ok := m.Place(s.court.id, s.channel); ok {
			received = max(received, p.Received)
		}
		t.reported, t.changed = t.done, false
		b.Entries = append(b.Entries, s.entry(t, frame.Holds, received))
	case s.prepared && s.ready:
		received := s.from
		if p, ok := m.Place(s.court.id, s.channel); ok {
			received = max(received, p.Received)
		}
		b.Entries = append(b.Entries, frame.ClaimEntry{Channel: s.channel, State: frame.Ready,
			Seq: s.seq, Done: s.from, Received: received})
	}
}

// entry returns what a CLAIM says of a tenure.
func (s *seat) entry(t *tenure, state frame.ClaimState, received uint64) frame.ClaimEntry {
	cl := &s.court.m.claim
	e := frame.ClaimEntry{Channel: s.channel, Epoch: t.epoch, State: state, Seq: t.doneSeq,
		Done: t.done, Received: max(received, t.done)}
	from := len(cl.ranges)
	for i := range t.ahead[:min(len(t.ahead), maxAhead)] {
		cl.ranges = append(cl.ranges, nack.Range{From: t.ahead[i].from, To: t.ahead[i].to})
	}
	e.Ranges = cl.ranges[from:len(cl.ranges):len(cl.ranges)]
	return e
}

// tellRefused tells that the publisher grants nothing, and why.
func (c *court) tellRefused() {
	ev := c.m.announce(c, 0, reliable.NotGranted)
	ev.Refused = c.refused
}
