package feed

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
)

const (
	// mergeAhead bounds the datagrams of a feed that wait for the other one, and the bytes of
	// their messages. Queues of a capturing host and the ways of the two feeds reorder less.
	mergeAhead, mergeBytes = 4096, 4 << 20
	// mergeWait is the recorded time for which a number that is missing on one feed is looked for.
	mergeWait = 1e9 // ns
	// mergeFeeds is the number of feeds that are merged.
	mergeFeeds = 2
)

// merger takes the two feeds of a market data source as one, by the source's own numbers: the
// first copy of each message goes out, in order; what one feed lacks comes from the other.
type merger struct {
	inputs []*Reader // of one capture with both feeds, or of a capture each
	feeds  [mergeFeeds]mergeFeed
	joined streams // what comes out

	now   part // the datagram whose messages are taken
	left  int  // of its messages
	from  int  // its feed
	ended [mergeFeeds]bool
	more  uint64 // messages of sessions beyond the list, which aren't taken
	// broken is the error that ended the first capture that didn't end well. It comes once all
	// that was read is taken, of the other capture, too.
	broken error
	told   bool // that the other goes on alone
}

func (m *merger) close() error {
	var first error
	for _, in := range m.inputs {
		if err := in.Close(); first == nil {
			first = err
		}
	}
	return first
}

// next returns the next message; tell is called with what happens before it.
func (m *merger) next(tell func(telling, string)) (at raw, message []byte, err error) {
	for m.left == 0 {
		err := m.choose(tell)
		if m.broken != nil && !m.told && err == nil && len(m.inputs) > 1 {
			m.told = true
			tell(tellBroken, fmt.Sprintf("the other capture goes on alone, since %v", m.broken))
		}
		if err == io.EOF && m.broken != nil {
			err = m.broken
		}
		if err != nil {
			return raw{}, nil, err
		}
	}
	m.left--
	message, _ = m.now.take() // walk has found it there
	return m.now.at, message, nil
}

// choose finds the datagram that goes on: it takes it, or reads on in a feed.
func (m *merger) choose(tell func(telling, string)) error {
	best := -1
	for i := range m.feeds {
		waits := len(m.feeds[i].queue) > 0
		// What is in one capture with the other feed is as far as that one.
		if !waits && !m.ended[i] && (len(m.inputs) > 1 || len(m.feeds[1-i].queue) == 0) {
			return m.read(i)
		}
		if waits && (best < 0 || m.before(i, best)) {
			best = i
		}
	}
	if best < 0 {
		return io.EOF
	}
	head := &m.feeds[best].queue[0]
	t := m.joined.known(&head.envelope)
	if t == nil {
		first := m.first(head.session, 1-best)
		if i, ok := m.mayHave(best); first < 0 && ok {
			return m.read(i)
		}
		if first >= 0 && m.feeds[1-best].queue[first].sequence < head.sequence {
			head = &m.feeds[1-best].queue[first]
		}
		t = m.joined.find(&head.envelope, netip.AddrPort{})
		m.tellAll(tell)
		if t == nil {
			m.more += uint64(m.feeds[best].queue[0].count)
			m.use(best, 0)
			return nil
		}
		return nil
	}
	if head.sequence > t.Next {
		if from, at := m.holder(head.session, t.Next); at >= 0 {
			m.advance(from, at, t, tell)
			return nil
		}
		if i, ok := m.mayHave(best); ok {
			return m.read(i)
		}
	}
	m.advance(best, 0, t, tell)
	return nil
}

// first returns the place of the first datagram of a session that waits on a feed, or -1.
func (m *merger) first(session sessionKey, feed int) int {
	return slices.IndexFunc(m.feeds[feed].queue,
		func(p part) bool { return p.session == session })
}

// before reports whether the head of feed i goes before that of feed j: within a session by its
// numbers, else by time.
func (m *merger) before(i, j int) bool {
	a, b := &m.feeds[i].queue[0], &m.feeds[j].queue[0]
	if a.session == b.session && a.sequence != b.sequence {
		return a.sequence < b.sequence
	}
	return a.at.ns < b.at.ns
}

// holder looks for a datagram that waits and has a number of a session.
func (m *merger) holder(session sessionKey, number uint64) (feed, at int) {
	for i := range m.feeds {
		for k := range m.feeds[i].queue {
			p := &m.feeds[i].queue[k]
			if p.session == session && p.sequence <= number &&
				number-p.sequence < uint64(p.count) {
				return i, k
			}
		}
	}
	return 0, -1
}

// mayHave returns a feed that may yet bring a number that is missing before the head of a feed's
// queue: the other one, or else the same, out of order.
func (m *merger) mayHave(head int) (feed int, ok bool) {
	since := m.feeds[head].queue[0].at.ns
	other := 1 - head
	if len(m.inputs) == 1 {
		return other, m.ahead(other, since) && m.ahead(head, since)
	}
	if m.ahead(other, since) {
		return other, true
	}
	return head, m.ahead(head, since)
}

// ahead reports whether a feed may be read on for what is missing since a time.
func (m *merger) ahead(i int, since int64) bool {
	f := &m.feeds[i]
	n := len(f.queue)
	return !m.ended[i] && n < mergeAhead && f.bytes < mergeBytes &&
		(n == 0 || sub(f.queue[n-1].at.ns, since) <= mergeWait)
}

// advance takes the messages of a datagram that were not taken yet.
func (m *merger) advance(feed, at int, t *stream, tell func(telling, string)) {
	p := &m.feeds[feed].queue[at]
	end := p.sequence + uint64(p.count)
	if end < p.sequence { // no feed gets there
		end = math.MaxUint64
	}
	if p.sequence > t.Next {
		t.Gaps++
		t.Missing += p.sequence - t.Next
		tell(tellGap, fmt.Sprintf("both feeds of its source lack %s of %s",
			numbers(t.Next, p.sequence), t.name()))
		t.Next = p.sequence
	}
	f := &m.feeds[feed]
	again := min(t.Next-p.sequence, uint64(p.count))
	f.again += again
	f.taken += uint64(p.count) - again
	t.Next = max(t.Next, end)
	if p.end && !t.Ended {
		t.Ended = true
		tell(tellEnd, fmt.Sprintf("its source ends %s, before number %d", t.name(), t.Next))
	}
	m.use(feed, at)
	m.left = m.now.count
	for ; again > 0; again-- {
		m.now.take()
		m.left--
	}
}

// use makes a datagram of a queue the one whose messages are taken.
func (m *merger) use(feed, at int) {
	f := &m.feeds[feed]
	if m.now.memory != nil {
		m.feeds[m.from].free = append(m.feeds[m.from].free, m.now.memory)
	}
	m.now, m.from, m.left = f.queue[at], feed, 0
	f.bytes -= len(m.now.body)
	if at == 0 {
		f.queue = f.queue[1:]
		return
	}
	f.queue = slices.Delete(f.queue, at, at+1)
}

// read reads the next datagram of a feed, or of the capture that both are in.
func (m *merger) read(i int) error {
	in := m.inputs[0]
	if len(m.inputs) > 1 {
		in = m.inputs[i]
	}
	d, err := in.pull()
	if err != nil && !errors.Is(err, errInterrupted) {
		if err != io.EOF && m.broken == nil {
			m.broken = err
		}
		if m.ended[i] = true; len(m.inputs) == 1 {
			m.ended = [mergeFeeds]bool{true, true}
		}
		return nil
	}
	if err != nil {
		return err
	}
	in.n++
	if len(m.inputs) == 1 {
		if i = 0; d.to == m.feeds[1].to {
			i = 1
		}
	}
	f := &m.feeds[i]
	if f.split.open(d) != nil {
		return nil // it is counted
	}
	for k := range f.split.parts {
		e := &f.split.parts[k]
		f.split.streams.note(e, d.to)
		p := part{envelope: *e, where: in.Where(), at: d}
		if n := len(f.free); n > 0 {
			p.memory, f.free = f.free[n-1], f.free[:n-1]
		}
		p.memory = append(p.memory[:0], e.body...)
		p.body, p.at.payload = p.memory, nil
		m.align(i, &p)
		f.queue = append(f.queue, p)
		f.bytes += len(p.body)
	}
	return nil
}

// align sets a datagram's time to the clock of the first feed, by a datagram that both have.
func (m *merger) align(i int, p *part) {
	f, other := &m.feeds[i], &m.feeds[1-i]
	if len(m.inputs) == 1 || !p.at.timed {
		return
	}
	p.at.ns += f.shift
	for k := range other.queue {
		o := &other.queue[k]
		if o.session == p.session && o.sequence == p.sequence && o.count == p.count && o.at.timed {
			if by := o.at.ns - p.at.ns; i == 1 {
				f.shift += by
				p.at.ns += by
			} else {
				other.shift -= by
			}
			return
		}
	}
}

// tellAll tells of sessions that begin.
func (m *merger) tellAll(tell func(telling, string)) {
	for _, h := range m.joined.happened {
		tell(h.kind, h.text)
	}
	m.joined.happened = m.joined.happened[:0]
}

// name names the captures in sentences.
func (m *merger) name() string {
	if len(m.inputs) == 1 {
		return m.inputs[0].src.name
	}
	return m.inputs[0].src.name + " and " + m.inputs[1].src.name
}

// where names the last datagram of which a message was taken.
func (m *merger) where() string {
	if m.now.where == "" {
		return "the beginning"
	}
	return fmt.Sprintf("%s of %s", m.now.where, m.feeds[m.from].name)
}
