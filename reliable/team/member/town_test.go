package member

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/reliable/team"
	"crier/reliable/topic"
)

// A town is a network on which publishers and members of teams meet in virtual time.
type town struct {
	t    *testing.T
	now  reliable.Time
	rand *rand.Rand
	// delay is that of each datagram, and up to jitter more; loss is the number of those that are
	// lost, and twice that of those that come twice, of a thousand.
	delay, jitter time.Duration
	loss, twice   int
	pubs          []*pub
	subs          []*sub
	wire          []letter
	dec           frame.Decoder
	// drop, if not nil, says that a datagram is lost.
	drop func(from, to netip.AddrPort, f *frame.Frame) bool
	// hands are all that were handed out, in order.
	hands []hand
}

type letter struct {
	at       reliable.Time
	from, to netip.AddrPort
	data     []byte
}

type pub struct {
	*send.Sender
	at     netip.AddrPort
	groups []netip.AddrPort
	stands bool
	sent   map[uint32]int
	told   []reliable.TeamEvent
}

// A sub is a member with its application, which works on one message after the other.
type sub struct {
	*Member
	at   netip.AddrPort
	name string
	// work is for how long it works on a message; done is when it has done the one at hand.
	work time.Duration
	hand *hand
	done reliable.Time
	// queue are events that were polled, and not handed out yet.
	queue []reliable.Event
	told  []reliable.Event
	// stands says that its process does; then it wakes with the sleep as a shift.
	stands bool
	slept  time.Duration
	gone   bool
	// keeps has it do nothing with messages: they stay in hand.
	keeps bool
	hands []hand
	errs  map[error]int
}

// hand is a message in a member's hands.
type hand struct {
	of        string
	session   uint64
	partition uint32
	offset    uint64
	seq       uint64
	grant     *reliable.Grant
	from, to  reliable.Time
	finished  bool
}

func newTown(t *testing.T, seed uint64) *town {
	return &town{t: t, now: 1e9, rand: rand.New(rand.NewPCG(seed, 7)),
		delay: 100 * time.Microsecond}
}

func (w *town) publisher(cfg send.Config) *pub {
	w.t.Helper()
	n := len(w.pubs)
	if cfg.Session == 0 {
		cfg.Session = uint64(0xa0 + n)
	}
	if cfg.Topic == "" {
		cfg.Topic = "orders"
	}
	if cfg.Layout.Partitions == 0 {
		cfg.Layout = topic.Layout{Partitions: 4, Groups: 4}
	}
	cfg.Retention.ResendBuffer = 16 << 20
	cfg.Start, cfg.Wall = w.now, 1e18+int64(w.now)
	s, err := send.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	p := &pub{Sender: s, groups: cfg.Layout.All(cfg.Topic), sent: map[uint32]int{},
		at: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(n)}), 5000)}
	w.pubs = append(w.pubs, p)
	return p
}

func (w *town) member(name string, cfg Config) *sub {
	w.t.Helper()
	n := len(w.subs)
	if cfg.Team == "" {
		cfg.Team = "risk"
	}
	if cfg.Share == 0 {
		cfg.Share = reliable.ByPartition
	}
	cfg.Name = name
	cfg.Receive.ID, cfg.Receive.Joined = uint64(0x500+n), w.now
	cfg.Receive.Seed = uint64(n)
	cfg.Receive.Epoch = time.Unix(0, 1e18)
	cfg.Receive.Runs = n%2 == 0
	if cfg.Receive.Topics == nil {
		cfg.Receive.Topics = []receive.Topic{{Name: "orders"}}
	}
	m, err := New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	s := &sub{Member: m, name: name, errs: map[error]int{},
		at: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 2, byte(n >> 8), byte(n)}), 6000)}
	w.subs = append(w.subs, s)
	w.settle()
	return s
}

// publish publishes messages in all partitions in turn.
func (w *town) publish(p *pub, n int) {
	w.t.Helper()
	for range n {
		c := uint32(w.rand.IntN(p.Partitions()))
		m := fmt.Appendf(nil, "%d/%d", c, p.sent[c])
		if _, err := p.Stream(c).Publish(w.now, m); err != nil {
			w.t.Fatal(err)
		}
		p.sent[c]++
	}
	w.settle()
}

// Partitions returns their number.
func (p *pub) Partitions() int { return max(1, len(p.groups)-1) }

// settle sends all that is due, and has the members work.
func (w *town) settle() {
	for _, p := range w.pubs {
		if p.stands {
			continue
		}
		for b, ok := p.Next(w.now); ok; b, ok = p.Next(w.now) {
			to := b.To
			if !to.IsValid() {
				to = p.groups[b.Group]
			}
			for i := range b.Datagrams() {
				w.cast(p.at, to, b.Datagram(i))
			}
			p.Sent(b)
		}
		if a := p.Teams(); a != nil {
			var events [8]reliable.TeamEvent
			for n := a.Poll(events[:]); n > 0; n = a.Poll(events[:]) {
				p.told = append(p.told, events[:n]...)
			}
		}
	}
	for _, s := range w.subs {
		if !s.gone && !s.stands {
			s.run(w)
		}
	}
}

// clock returns the time by the machine's clock.
func (s *sub) clock(w *town) reliable.Time { return w.now.Add(-s.slept) }

// sleep has a member's computer suspended for a time, or its process stand.
func (w *town) sleep(s *sub, d time.Duration, suspended bool) {
	s.stands = true
	w.pass(d)
	s.stands = false
	if suspended {
		s.slept += d
	}
	s.Shift(s.slept)
}

// run has a member's application work, and sends what it says.
func (s *sub) run(w *town) {
	for {
		s.take(w)
		b, ok := s.Next(s.clock(w))
		if !ok {
			break
		}
		w.cast(s.at, b.To, b.Data)
		s.Sent(b)
	}
}

// take has a member's application take what it can.
func (s *sub) take(w *town) {
	for {
		if s.hand != nil {
			if w.now < s.done || s.keeps {
				return
			}
			s.hand.to, s.hand.finished = w.now, true
			w.hands = append(w.hands, *s.hand)
			s.hands = append(s.hands, *s.hand)
			h := s.hand
			s.hand = nil
			s.errs[s.Done(s.clock(w), h.grant, h.offset, h.seq)]++
			s.Idle(s.clock(w))
		}
		if len(s.queue) == 0 {
			var events [3]reliable.Run
			n := s.Poll(events[:])
			for i := range events[:n] {
				ev := &events[i]
				for more := true; more; more = ev.Next() {
					one := ev.Event
					one.Payload = bytes.Clone(one.Payload)
					s.queue = append(s.queue, one)
				}
			}
			if n == 0 {
				return
			}
		}
		ev := s.queue[0]
		s.queue = s.queue[1:]
		if !s.HandOut(s.clock(w), &ev) {
			continue
		}
		s.told = append(s.told, ev)
		if ev.Kind == reliable.Message {
			s.hand = &hand{of: s.name, session: uint64(ev.Session), partition: ev.Partition,
				offset: ev.Offset, seq: ev.Seq, grant: ev.Grant, from: w.now}
			s.done = w.now.Add(s.work)
			s.Busy(s.clock(w), &ev)
		}
	}
}

// cast puts a datagram on the network.
func (w *town) cast(from, to netip.AddrPort, data []byte) {
	data = bytes.Clone(data)
	n := 1
	if w.rand.IntN(1000) < w.twice {
		n = 2
	}
	for range n {
		l := letter{at: w.now.Add(w.delay), from: from, to: to, data: data}
		if w.jitter > 0 {
			l.at = l.at.Add(time.Duration(w.rand.Int64N(int64(w.jitter))))
		}
		i := len(w.wire)
		for i > 0 && w.wire[i-1].at > l.at {
			i--
		}
		w.wire = slices.Insert(w.wire, i, l)
	}
}

// arrive hands a datagram over.
func (w *town) arrive(l letter) {
	f := new(frame.Frame)
	if err := w.dec.Decode(l.data, f); err != nil {
		w.t.Fatal(err)
	}
	lost := func(to netip.AddrPort) bool {
		return w.rand.IntN(1000) < w.loss || w.drop != nil && w.drop(l.from, to, f)
	}
	for _, p := range w.pubs {
		if l.to == p.at && !p.stands && !lost(p.at) {
			p.Handle(w.now, l.from, f)
		}
	}
	for _, s := range w.subs {
		index := 0
		if l.to != s.at {
			_, groups := s.Memberships()
			if index = slices.Index(groups, l.to); index < 0 {
				continue
			}
		}
		if s.gone || s.stands || lost(s.at) {
			continue
		}
		f := new(frame.Frame)
		if err := w.dec.Decode(bytes.Clone(l.data), f); err != nil {
			w.t.Fatal(err)
		}
		f.GroupIndex = index
		s.Handle(s.clock(w), l.from, f)
		s.run(w)
		s.Keep()
	}
}

// deadline returns when something happens next.
func (w *town) deadline() reliable.Time {
	next := reliable.Never
	if len(w.wire) > 0 {
		next = w.wire[0].at
	}
	for _, p := range w.pubs {
		if !p.stands {
			next = min(next, p.Deadline(w.now))
		}
	}
	for _, s := range w.subs {
		if s.gone || s.stands {
			continue
		}
		next = min(next, s.Deadline().Add(s.slept))
		if s.hand != nil && !s.keeps {
			next = min(next, s.done)
		}
	}
	return next
}

// pass lets time pass.
func (w *town) pass(d time.Duration) {
	w.t.Helper()
	end := w.now.Add(d)
	for rounds := 0; ; {
		w.settle()
		next := min(w.deadline(), end)
		if next > w.now {
			w.now, rounds = next, 0
		} else if rounds++; rounds > 1000 {
			for _, s := range w.subs {
				w.t.Log(s.name, s.Deadline(), s.Survivor.Deadline())
			}
			w.t.Fatalf("at %v a deadline doesn't move", w.now)
		}
		for len(w.wire) > 0 && w.wire[0].at <= w.now {
			l := w.wire[0]
			w.wire = w.wire[1:]
			w.arrive(l)
		}
		for _, p := range w.pubs {
			if !p.stands && p.Deadline(w.now) <= w.now {
				p.Advance(w.now)
			}
		}
		for _, s := range w.subs {
			if !s.gone && !s.stands && s.Deadline() <= s.clock(w) {
				s.Advance(s.clock(w))
			}
		}
		if w.now >= end {
			w.settle()
			return
		}
	}
}

// during publishes n messages each millisecond for a time.
func (w *town) during(p *pub, d time.Duration, n int) {
	w.t.Helper()
	for end := w.now.Add(d); w.now < end; {
		w.publish(p, n)
		w.pass(time.Millisecond)
	}
}

// own returns the partitions that a member holds.
func (s *sub) own() (list []uint32) {
	for _, one := range s.Teams() {
		for _, p := range one.Partitions {
			if p.Held {
				list = append(list, p.Partition)
			}
		}
	}
	return list
}

// judge checks what was handed out: of each message, the first time without a mark and no two at
// once; in order within a grant; and all that was published, from what the first had on.
func (w *town) judge(p *pub, from map[uint32]uint64) {
	w.t.Helper()
	type key struct {
		partition uint32
		offset    uint64
	}
	seen := map[key]*hand{}
	all := slices.Clone(w.hands)
	for _, s := range w.subs {
		if s.hand != nil {
			h := *s.hand
			h.to = reliable.Never
			all = append(all, h)
		}
	}
	slices.SortStableFunc(all, func(a, b hand) int { return int(a.from - b.from) })
	for _, s := range w.subs {
		s.newFirst(w)
	}
	last := map[uint64]uint64{}
	for i := range all {
		h := &all[i]
		if h.session != p.Session() {
			continue
		}
		k := key{h.partition, h.offset}
		if was := seen[k]; was != nil && h.grant.Attempt <= 1 && !h.grant.Orphan {
			w.t.Errorf("%+v was handed out unmarked to %s at %v, epoch %d, and before to %s at %v, "+
				"epoch %d", k, h.of, h.from, h.grant.Epoch, was.of, was.from, was.grant.Epoch)
		}
		seen[k] = h
		if w.subs[0].cfg.Share == reliable.ByPartition && !h.grant.Orphan {
			e := h.grant.Epoch<<8 | uint64(h.partition)
			if next := last[e]; h.offset < next {
				w.t.Errorf("%+v comes after %d in one grant", k, next)
			}
			last[e] = h.offset + 1
		}
	}
	for c := range uint32(p.Partitions()) {
		missing := []uint64{}
		for o := from[c]; o < uint64(p.sent[c]); o++ {
			if seen[key{c, o}] == nil {
				missing = append(missing, o)
			}
		}
		if len(missing) > 0 {
			w.t.Errorf("partition %d: of %d messages %d weren't handed out: %v", c, p.sent[c],
				len(missing), missing[:min(len(missing), 10)])
		}
	}
}

// newFirst checks that of each partition SessionNew is told before anything that becomes of it,
// and Assigned before messages.
func (s *sub) newFirst(w *town) {
	w.t.Helper()
	type stream struct {
		session   reliable.SessionID
		partition uint32
	}
	heard, assigned := map[stream]bool{}, map[stream]bool{}
	for _, ev := range s.told {
		switch at := (stream{ev.Session, ev.Partition}); ev.Kind {
		case reliable.SessionNew:
			heard[at] = true
		case reliable.Message, reliable.Loss, reliable.Assigned, reliable.Revoking, reliable.Revoked:
			if !heard[at] {
				w.t.Errorf("%s: %v of partition %d is told before SessionNew", s.name, ev.Kind,
					ev.Partition)
				heard[at] = true
			}
			if ev.Kind == reliable.Message && s.cfg.Share == reliable.ByPartition && !assigned[at] {
				w.t.Errorf("%s: offset %d of partition %d is told before Assigned", s.name,
					ev.Offset, ev.Partition)
			}
			if ev.Kind != reliable.Loss {
				assigned[at] = true
			}
		}
	}
}

// marked returns how many messages were handed out with a mark.
func (w *town) marked() (n int) {
	for _, h := range w.hands {
		if h.grant.Attempt > 1 || h.grant.Orphan {
			n++
		}
	}
	return n
}

// kinds returns the kinds of a member's events about grants.
func (s *sub) kinds(partition uint32) (list []string) {
	for _, ev := range s.told {
		if ev.Partition != partition {
			continue
		}
		switch ev.Kind {
		case reliable.Assigned, reliable.Revoking, reliable.NotGranted:
			list = append(list, ev.Kind.String())
		case reliable.Revoked:
			list = append(list, ev.Revocation.String())
		}
	}
	return list
}

// quick are the times of teams that tests use.
func quick() send.Config {
	return send.Config{Teams: team.Config{Settle: 50 * time.Millisecond,
		Debounce: 20 * time.Millisecond}}
}
