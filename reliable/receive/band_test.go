package receive

import (
	queue "container/heap"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// band is several Receivers in virtual time that hear each other, and a publisher that a test
// makes up. Each has a store without bounds, and answers NACKs out of it at once.
type band struct {
	t     *testing.T
	now   reliable.Time
	list  []*soul
	wire  parcels
	count int
	hop   time.Duration
	// lost, if not nil, decides which datagrams don't arrive. The publisher is -1.
	lost func(from, to int, f *frame.Frame) bool
	sent map[frame.Kind]int
	// strangers take what is sent to an address that nobody of the band has.
	strangers map[netip.AddrPort]func(from int, f *frame.Frame)
}

// soul is one of a band.
type soul struct {
	*listener
	band *band
	i    int
	addr netip.AddrPort
	role frame.Role
	kept map[uint64]map[uint64][]byte // by session and channel, and number
	dead bool
	// forgot counts the calls of Forget.
	forgot int
	// idle takes nothing of what can be polled.
	idle bool
}

// parcel is a datagram on its way.
type parcel struct {
	at    reliable.Time
	count int
	from  netip.AddrPort
	by    int
	to    int
	raw   []byte
}

// parcels is a heap: those that arrive first come first, in the order in which they were sent.
type parcels []parcel

func (p parcels) Len() int { return len(p) }

func (p parcels) Less(i, j int) bool {
	return p[i].at < p[j].at || p[i].at == p[j].at && p[i].count < p[j].count
}

func (p parcels) Swap(i, j int) { p[i], p[j] = p[j], p[i] }

func (p *parcels) Push(x any) { *p = append(*p, x.(parcel)) }

func (p *parcels) Pop() any {
	last := len(*p) - 1
	x := (*p)[last]
	*p = (*p)[:last]
	return x
}

var bandGroup = netip.MustParseAddrPort("239.1.1.1:7000")

func newBand(t *testing.T, n int, cfg Config) *band {
	b := &band{t: t, now: 6e9, hop: time.Millisecond, sent: make(map[frame.Kind]int),
		strangers: make(map[netip.AddrPort]func(int, *frame.Frame))}
	for i := range n {
		s := &soul{band: b, i: i, role: frame.Peer, kept: make(map[uint64]map[uint64][]byte),
			addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, 1, byte(i + 1)}), 6000)}
		c := cfg
		c.ID, c.Seed, c.Joined, c.Inquest, c.Keeper = uint64(i+101), uint64(i), 5e9, true, s
		c.Groups, c.Name = []netip.AddrPort{bandGroup}, fmt.Sprintf("s%d", i+1)
		r, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		s.listener = &listener{t: t, Receiver: r, now: b.now}
		b.list = append(b.list, s)
	}
	return b
}

func (s *soul) Role() frame.Role { return s.role }

// shelf is the key of a stream in kept.
func shelf(session uint64, channel uint32) uint64 { return session ^ uint64(channel)<<40 }

func (s *soul) Keep(session uint64, channel uint32, f *frame.Frame) {
	session = shelf(session, channel)
	if s.kept[session] == nil {
		s.kept[session] = make(map[uint64][]byte)
	}
	s.kept[session][f.Seq] = slices.Clone(f.Raw)
}

func (s *soul) Oldest(session uint64, channel uint32) (uint64, uint64, bool) {
	session = shelf(session, channel)
	if len(s.kept[session]) == 0 {
		return 0, 0, false
	}
	oldest := ^uint64(0)
	for seq := range s.kept[session] {
		oldest = min(oldest, seq)
	}
	return oldest, oldest, true
}

func (s *soul) Absent(session uint64, channel uint32, of nack.Range, to []nack.Range) []nack.Range {
	session = shelf(session, channel)
	for _, seq := range slices.Sorted(maps.Keys(s.kept[session])) {
		if seq >= of.From && seq < of.To {
			to = append(to, nack.Range{From: of.From, To: seq})
			of.From = seq + 1
		}
	}
	to = slices.DeleteFunc(append(to, of), func(r nack.Range) bool { return r.From >= r.To })
	return nack.Normalize(to)
}

func (s *soul) Forget(uint64, uint32) { s.forgot++ }

// heartbeat is a word of the publisher at a time.
func (b *band) heartbeat(next uint64) *frame.Frame {
	return rig.Made(b.t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1<<60 + uint64(b.now),
		NextSeq: next, NextOffset: next, Group: uint32(len(b.list)), RTT: 2 * b.hop})
}

// tells has those of a band hear the publisher.
func (b *band) tells(f *frame.Frame, whom ...int) {
	for _, i := range whom {
		b.post(-1, rig.PublisherAddr, i, f.Raw, 0)
	}
}

// starts has all hear that a session begins.
func (b *band) starts() {
	beat := new(frame.Encoder).Append(nil, &frame.Frame{Kind: frame.Heartbeat, Session: 1,
		Time: 1<<60 + uint64(b.now), Group: uint32(len(b.list)), RTT: 2 * b.hop})
	for i := range b.list {
		b.post(-1, rig.PublisherAddr, i, beat, 0)
	}
	b.runs(5 * time.Millisecond)
}

// publishes has some hear frames of the publisher's.
func (b *band) publishes(from, to uint64, whom ...int) {
	for seq := from; seq < to; seq++ {
		for _, i := range whom {
			b.post(-1, rig.PublisherAddr, i, rig.Data(b.t, 1, seq).Raw, 0)
		}
	}
	b.runs(2 * time.Millisecond)
}

// says has all hear a stranger.
func (b *band) says(from netip.AddrPort, f *frame.Frame) {
	for i := range b.list {
		b.post(-2, from, i, f.Raw, 0)
	}
}

func (b *band) all() (list []int) {
	for i := range b.list {
		list = append(list, i)
	}
	return list
}

// post puts a datagram on its way.
func (b *band) post(by int, from netip.AddrPort, to int, raw []byte, hop time.Duration) {
	b.count++
	queue.Push(&b.wire, parcel{b.now.Add(hop), b.count, from, by, to, slices.Clone(raw)})
}

// sends takes what one has to send.
func (b *band) sends(s *soul) {
	for p, ok := s.Next(b.now); ok; p, ok = s.Next(b.now) {
		f := rig.Decoded(b.t, slices.Clone(p.Data))
		b.sent[f.Kind]++
		if one := b.strangers[p.To]; one != nil {
			one(s.i, f)
		}
		for i, o := range b.list {
			if i != s.i && (p.To == bandGroup || p.To == o.addr) {
				b.post(s.i, s.addr, i, p.Data, b.hop)
			}
		}
		s.Sent(p)
	}
}

// serves answers a NACK, to the group.
func (b *band) serves(s *soul, from netip.AddrPort, f *frame.Frame) {
	if !s.Serves(b.now, f.Session, f.Channel, from, f.Subscriber) {
		return
	}
	to, gone := b.all(), []nack.Range(nil)
	for _, g := range f.Ranges {
		for seq := g.From; seq < g.To; seq++ {
			raw := s.kept[shelf(f.Session, f.Channel)][seq]
			if raw == nil {
				raw = s.Sealed(f.Session, f.Channel, seq)
			}
			if raw == nil {
				gone = append(gone, nack.Range{From: seq, To: seq + 1})
				continue
			}
			raw = new(frame.Encoder).AppendRepair(nil, f.Session, f.Channel, s.cfg.ID, f.Request, raw)
			for _, i := range to {
				if i != s.i {
					b.post(s.i, s.addr, i, raw, b.hop)
				}
			}
		}
	}
	if len(gone) == 0 {
		return
	}
	oldest, _, _ := s.Oldest(f.Session, f.Channel)
	raw := new(frame.Encoder).Append(nil, &frame.Frame{Kind: frame.Gone, Session: f.Session,
		Channel:   f.Channel,
		Responder: s.cfg.ID, Request: f.Request, Time: uint64(b.now), OldestSeq: oldest,
		OldestOffset: oldest, Ranges: nack.Normalize(gone)})
	for i, o := range b.list {
		if o.addr == from {
			b.post(s.i, s.addr, i, raw, b.hop)
		}
	}
}

// runs lets time pass.
func (b *band) runs(d time.Duration) { b.until(b.now.Add(d), func() bool { return false }) }

// settles lets time pass until something is true, and fails if it doesn't come.
func (b *band) settles(within time.Duration, is func() bool) time.Duration {
	b.t.Helper()
	from := b.now
	b.until(b.now.Add(within), is)
	if !is() {
		for _, s := range b.list {
			b.t.Logf("%d: %+v %v", s.i, s.Sessions(), rig.Kinds(s.told))
		}
		b.t.Fatalf("not within %v", within)
	}
	return b.now.Sub(from)
}

func (b *band) until(end reliable.Time, is func() bool) {
	for rounds := 0; !is(); {
		at := end
		for _, s := range b.list {
			if !s.dead {
				at = min(at, s.Deadline())
			}
		}
		if len(b.wire) > 0 {
			at = min(at, b.wire[0].at)
		}
		if at > b.now {
			b.now, rounds = at, 0
		} else if rounds++; rounds > 100_000 {
			b.t.Fatalf("at %d a deadline doesn't move", b.now)
		}
		for len(b.wire) > 0 && b.wire[0].at <= b.now {
			b.arrives(queue.Pop(&b.wire).(parcel))
		}
		for _, s := range b.list {
			if s.dead {
				continue
			}
			s.now = b.now
			if s.Deadline() <= b.now {
				s.Advance(b.now)
			}
			if !s.idle {
				s.poll()
			}
			b.sends(s)
		}
		if b.now >= end && (len(b.wire) == 0 || b.wire[0].at > b.now) {
			return
		}
	}
}

func (b *band) arrives(p parcel) {
	s := b.list[p.to]
	f := rig.Decoded(b.t, p.raw)
	if s.dead || b.lost != nil && b.lost(p.by, p.to, f) {
		return
	}
	s.now = b.now
	if f.Kind == frame.Nack {
		b.serves(s, p.from, f)
		return
	}
	s.Handle(b.now, p.from, f)
	if !s.idle {
		s.poll()
	}
}

// told returns the events of a kind that one of a band was told.
func (s *soul) events(kind reliable.EventKind) (list []reliable.Event) {
	for _, ev := range s.told {
		if ev.Kind == kind {
			list = append(list, ev)
		}
	}
	return list
}

// certificate returns the certificate that one was told, or nil.
func (s *soul) certificate() *reliable.Certificate {
	if list := s.events(reliable.SessionSilent); len(list) > 0 {
		return list[len(list)-1].Certificate
	}
	return nil
}

// certified reports whether all that live were told a certificate.
func (b *band) certified() bool {
	for _, s := range b.list {
		if !s.dead && s.certificate() == nil {
			return false
		}
	}
	return true
}

// offsets are the messages that one was told, in that order.
func (s *soul) offsets() (list []uint64) {
	for _, ev := range s.events(reliable.Message) {
		list = append(list, ev.Offset)
	}
	return list
}
