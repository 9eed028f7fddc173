package receive

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
	"crier/reliable/rig"
	"crier/reliable/send"
	"crier/reliable/topic"
)

// square is a network of groups, over one feed or several, on which Senders and Receivers meet in
// virtual time. Its links keep the order of datagrams.
type square struct {
	t     *testing.T
	now   reliable.Time
	rand  *rand.Rand
	feeds []way
	pubs  []*crier
	subs  []*hearer
	// wire is what is on its way, in order of time.
	wire []letter
	// frames counts those of each kind that were sent.
	frames [32]int
	// dec is scratch.
	dec frame.Decoder
}

// way is how datagrams go by a feed.
type way struct {
	delay time.Duration
	// loss is the number of datagrams to subscribers that are lost, of a thousand.
	loss int
	dead bool
}

type letter struct {
	at    reliable.Time
	from  netip.AddrPort
	to    netip.AddrPort
	group bool
	feed  int
	data  []byte
}

// crier is a publisher.
type crier struct {
	*send.Sender
	at     []netip.AddrPort // by feed
	groups []netip.AddrPort
	stands bool // its process does
	sent   [][][]byte
}

// hearer is a subscriber.
type hearer struct {
	*Receiver
	at netip.AddrPort

	told []reliable.Event
	got  map[uint32][][]byte
	// delays are from when a message was published until it was delivered.
	delays []time.Duration
	status []*frame.Frame
	nacks  int
	// copied is the number of datagrams that were dropped unchecked.
	copied int
	gone   bool
	// behind says that the application takes nothing.
	behind bool
}

func newSquare(t *testing.T, feeds ...way) *square {
	if len(feeds) == 0 {
		feeds = []way{{delay: 50 * time.Microsecond}}
	}
	return &square{t: t, now: 1e9, rand: rand.New(rand.NewPCG(7, 7)), feeds: feeds}
}

func (q *square) publisher(cfg send.Config) *crier {
	q.t.Helper()
	if cfg.Session == 0 {
		cfg.Session = uint64(0xa0 + len(q.pubs))
	}
	if cfg.Retention.ResendBuffer == 0 {
		cfg.Retention.ResendBuffer = 8 << 20
	}
	cfg.Start, cfg.Wall = q.now, 1e18+int64(q.now)
	p := &crier{groups: cfg.Layout.All(cfg.Topic)}
	for i := range q.feeds {
		p.at = append(p.at, netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(10 + i), 1, 0,
			byte(len(q.pubs))}), 5000))
	}
	if len(q.feeds) > 1 {
		cfg.Controls = p.at
	}
	s, err := send.New(cfg)
	if err != nil {
		q.t.Fatal(err)
	}
	p.Sender = s
	p.sent = make([][][]byte, max(1, cfg.Layout.Partitions))
	q.pubs = append(q.pubs, p)
	return p
}

func (q *square) subscriber(cfg Config) *hearer {
	q.t.Helper()
	cfg.ID, cfg.Joined = uint64(0x500+len(q.subs)), q.now
	cfg.Epoch = time.Unix(0, 1e18)
	r, err := New(cfg)
	if err != nil {
		q.t.Fatal(err)
	}
	h := &hearer{Receiver: r, got: make(map[uint32][][]byte),
		at: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 2, 0, byte(len(q.subs))}), 6000)}
	q.subs = append(q.subs, h)
	q.settle()
	return h
}

// publish publishes a message of so many bytes in a partition.
func (q *square) publish(p *crier, channel uint32, size int) {
	q.t.Helper()
	m := make([]byte, max(size, 16))
	copy(m, fmt.Sprintf("%d/%d/", channel, len(p.sent[channel])))
	for i := range 8 {
		m[len(m)-1-i] = byte(uint64(q.now) >> (8 * i))
	}
	if _, err := p.Stream(channel).Publish(q.now, m); err != nil {
		q.t.Fatal(err)
	}
	p.sent[channel] = append(p.sent[channel], m)
	q.settle()
}

// settle sends all that is due.
func (q *square) settle() {
	for _, p := range q.pubs {
		if p.stands {
			continue
		}
		for b, ok := p.Next(q.now); ok; b, ok = p.Next(q.now) {
			to := b.To
			if !to.IsValid() {
				to = p.groups[b.Group]
			}
			for i := range b.Datagrams() {
				q.cast(p.at, to, !b.To.IsValid(), b.Datagram(i))
			}
			p.Sent(b)
		}
	}
	for _, h := range q.subs {
		for b, ok := h.Next(q.now); ok; b, ok = h.Next(q.now) {
			q.note(h, b.Data)
			q.cast([]netip.AddrPort{h.at}, b.To, b.To.Addr().IsMulticast(), b.Data)
			h.Sent(b)
		}
		h.poll(q)
	}
}

// note counts what a subscriber sends.
func (q *square) note(h *hearer, data []byte) {
	f := new(frame.Frame)
	if err := q.dec.Decode(bytes.Clone(data), f); err != nil {
		q.t.Fatal(err)
	}
	f.Positions = slices.Clone(f.Positions)
	switch f.Kind {
	case frame.Status:
		h.status = append(h.status, f)
	case frame.Nack:
		h.nacks++
	}
}

// cast puts a datagram on the network: one to a group on each feed.
func (q *square) cast(from []netip.AddrPort, to netip.AddrPort, group bool, data []byte) {
	for feed := range q.feeds {
		if !group { // the first byte of an address tells its feed
			feed = max(0, int(to.Addr().As4()[0])-10)
		}
		l := letter{at: q.now.Add(q.feeds[feed].delay), from: from[min(feed, len(from)-1)], to: to,
			group: group, feed: feed, data: bytes.Clone(data)}
		i := len(q.wire)
		for i > 0 && q.wire[i-1].at > l.at {
			i--
		}
		q.wire = slices.Insert(q.wire, i, l)
		if !group {
			return
		}
	}
}

// arrive hands a datagram over.
func (q *square) arrive(l letter) {
	w := q.feeds[l.feed]
	for _, p := range q.pubs {
		if !l.group && slices.Contains(p.at, l.to) && !p.stands {
			f := new(frame.Frame)
			if q.dec.Decode(l.data, f) == nil {
				f.Feed = l.feed
				p.Handle(q.now, l.from, f)
			}
		}
	}
	for _, h := range q.subs {
		index := 0
		if l.group {
			_, groups := h.Memberships()
			if index = slices.Index(groups, l.to); index < 0 {
				continue
			}
		} else if h.at != l.to {
			continue
		}
		if h.gone || w.dead && l.group || l.group && q.rand.IntN(1000) < w.loss {
			continue
		}
		f := new(frame.Frame)
		if err := q.dec.Decode(bytes.Clone(l.data), f); err != nil {
			q.t.Fatal(err)
		}
		q.frames[f.Kind]++
		if l.group && h.Copied(q.now, l.from, l.feed, l.data) {
			h.copied++
			continue
		}
		f.GroupIndex, f.Feed = index, l.feed
		h.Handle(q.now, l.from, f)
		h.poll(q)
		h.Keep()
	}
}

func (h *hearer) poll(q *square) {
	if h.behind {
		return
	}
	var events [8]reliable.Run
	for n := h.Poll(events[:]); n > 0; n = h.Poll(events[:]) {
		for i := range events[:n] {
			ev := &events[i]
			for more := true; more; more = ev.Next() {
				one := ev.Event
				if ev.Kind == reliable.Message {
					one.Payload = bytes.Clone(ev.Payload)
					h.got[ev.Partition] = append(h.got[ev.Partition], one.Payload)
					var at uint64
					for i := range 8 {
						at |= uint64(one.Payload[len(one.Payload)-1-i]) << (8 * i)
					}
					h.delays = append(h.delays, q.now.Sub(reliable.Time(at)))
				}
				h.told = append(h.told, one)
			}
		}
	}
}

// pass lets time pass.
func (q *square) pass(d time.Duration) {
	q.t.Helper()
	end := q.now.Add(d)
	for rounds := 0; ; {
		q.settle()
		next := end
		if len(q.wire) > 0 {
			next = min(next, q.wire[0].at)
		}
		for _, p := range q.pubs {
			if !p.stands {
				next = min(next, p.Deadline(q.now))
			}
		}
		for _, h := range q.subs {
			next = min(next, h.Deadline())
		}
		if next >= end && end > q.now {
			next = end
		}
		if next > q.now {
			q.now, rounds = next, 0
		} else if rounds++; rounds > 1000 {
			q.t.Fatalf("at %v a deadline doesn't move", q.now)
		}
		for len(q.wire) > 0 && q.wire[0].at <= q.now {
			l := q.wire[0]
			q.wire = q.wire[1:]
			q.arrive(l)
		}
		for _, p := range q.pubs {
			if !p.stands && p.Deadline(q.now) <= q.now {
				p.Advance(q.now)
			}
		}
		for _, h := range q.subs {
			if h.Deadline() <= q.now {
				h.Advance(q.now)
			}
		}
		if q.now >= end {
			q.settle()
			return
		}
	}
}

// whole reports whether a subscriber got all messages of some partitions, in order and once.
func (q *square) whole(h *hearer, p *crier, channels ...uint32) {
	q.t.Helper()
	for _, c := range channels {
		if !slices.EqualFunc(h.got[c], p.sent[c], bytes.Equal) {
			q.t.Errorf("partition %d: %d messages of %d", c, len(h.got[c]), len(p.sent[c]))
		}
	}
}

func upTo(n int) (list []uint32) {
	for i := range n {
		list = append(list, uint32(i))
	}
	return list
}

func layout(p, g int) topic.Layout { return topic.Layout{Partitions: p, Groups: g} }

// rigFeed are the addresses of a publisher by two feeds.
var rigFeed = [...]netip.AddrPort{rig.PublisherAddr, netip.MustParseAddrPort("10.78.0.1:5000")}

// buffer is a frame that datagrams are decoded into.
type buffer struct {
	frame.Frame
	t   testing.TB
	dec frame.Decoder
}

func decodable(t testing.TB) *buffer { return &buffer{t: t} }

func (b *buffer) decode(raw []byte) {
	if err := b.dec.Decode(raw, &b.Frame); err != nil {
		b.t.Fatal(err)
	}
}
