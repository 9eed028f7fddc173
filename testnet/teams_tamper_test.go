package testnet

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// Each rule of the leases is broken on purpose, in machines that are wrapped: in some of the
// schedules the Checker must see it, and say so in these words.
func TestTeamTampers(t *testing.T) {
	const n = 100 // at the most; one that is red is enough
	members := func(wrap func(m world.Member) world.Member) func(*teamPlay) {
		return func(p *teamPlay) {
			for i := range p.subs {
				p.subs[i].WrapMember = wrap
			}
		}
	}
	publishers := func(wrap func(world.Sender) world.Sender) func(*teamPlay) {
		return func(p *teamPlay) {
			for i := range p.pubs {
				p.pubs[i].Wrap = wrap
			}
		}
	}
	for _, c := range []struct {
		what   string
		change func(*teamPlay)
		want   []string
	}{
		{"nothing", func(*teamPlay) {}, nil},
		{"leases from receipt", members(func(m world.Member) world.Member {
			return &receiptMember{memberTap: memberTap{Member: m}}
		}), []string{"after its lease was over"}},
		{"grants before release", publishers(func(s world.Sender) world.Sender {
			return &hastySender{senderTap: senderTap{Sender: s}}
		}), []string{"'s under epoch"}},
		{"grants of what wasn't extended", publishers(func(s world.Sender) world.Sender {
			return &generousSender{senderTap: senderTap{Sender: s}}
		}), []string{"'s under epoch", "has begun under"}},
		{"epochs that aren't checked", publishers(func(s world.Sender) world.Sender {
			return &carelessSender{senderTap: senderTap{Sender: s}}
		}), []string{"'s under epoch", "has begun under", "has given it back",
			"unmarked"}},
		{"released epochs that are taken again", members(func(m world.Member) world.Member {
			return &againMember{memberTap: memberTap{Member: m}}
		}), []string{"which it has given back"}},
		{"clocks that stand still while hosts are suspended", func(p *teamPlay) {
			for i := range p.subs {
				p.subs[i].Clock = world.ClockConfig{}
				p.subs[i].WrapMember = func(m world.Member) world.Member {
					return &sleeplessMember{m}
				}
			}
			p.naps = true
		}, []string{"after its lease was over"}},
		{"clocks 10 % apart", func(p *teamPlay) {
			for i := range p.subs {
				p.subs[i].Clock = world.ClockConfig{PPM: -50_000}
			}
			for i := range p.pubs {
				p.pubs[i].Clock = world.ClockConfig{PPM: 50_000}
			}
		}, []string{"'s under epoch"}},
		{"repeats without a mark", members(func(m world.Member) world.Member {
			return &plainMember{memberTap: memberTap{Member: m}}
		}), []string{"unmarked"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			other := ""
			for seed := range uint64(n) {
				_, _, err := playTeams(seed+1, c.change)
				switch {
				case err == nil:
				case slices.ContainsFunc(c.want, func(s string) bool {
					return strings.Contains(err.Error(), s)
				}):
					return
				case other == "":
					other = err.Error()
				}
				if c.want == nil && seed == 10 { // TestTeamSwarm plays more
					break
				}
			}
			if c.want != nil {
				t.Errorf("none of %d schedules is red for %q; the first that is: %.600s", n, c.want,
					other)
			} else if other != "" {
				t.Error(other)
			}
		})
	}
}

// memberTap lets a wrapper see and change the CLAIMs that a member sends.
type memberTap struct {
	world.Member
	dec  frame.Decoder
	enc  frame.Encoder
	real reliable.Batch
}

// claim returns the CLAIM in a batch, or nil.
func (m *memberTap) claim(b reliable.Batch) *frame.Frame {
	var f frame.Frame
	if m.dec.Decode(slices.Clone(b.Datagram(0)), &f) != nil || f.Kind != frame.Claim {
		return nil
	}
	return &f
}

// granted returns a copy of a GRANT, or nil of another frame.
func granted(f *frame.Frame) *frame.Frame {
	if f.Kind != frame.Grant {
		return nil
	}
	g, body := *f, *f.Grant
	g.Grant, body.Entries = &body, slices.Clone(body.Entries)
	return &g
}

// receiptMember counts its leases from when GRANTs come.
type receiptMember struct {
	memberTap
	requests []uint64
	sent     []reliable.Time
}

func (m *receiptMember) Next(now reliable.Time) (reliable.Batch, bool) {
	b, ok := m.Member.Next(now)
	if ok {
		if f := m.claim(b); f != nil {
			m.requests, m.sent = append(m.requests, f.Request), append(m.sent, now)
		}
	}
	return b, ok
}

func (m *receiptMember) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if g := granted(f); g != nil {
		if i := slices.Index(m.requests, g.Request); i >= 0 {
			g.Grant.Lease += now.Sub(m.sent[i])
		}
		f = g
	}
	m.Member.Handle(now, from, f)
}

// plainMember takes all for the first attempt.
type plainMember struct{ memberTap }

func (m *plainMember) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if g := granted(f); g != nil {
		for i := range g.Grant.Entries {
			g.Grant.Entries[i].Attempt = 1
		}
		f = g
	}
	m.Member.Handle(now, from, f)
}

// sleeplessMember has a lease clock that stands still while its host is suspended.
type sleeplessMember struct{ world.Member }

func (m *sleeplessMember) Shift(time.Duration) {}

// againMember takes a released epoch again: what it takes for an epoch of its own is the epoch,
// and how often it was released before.
type againMember struct {
	memberTap
	releases []grantKey
	grants   []*reliable.Grant // as it knows them
	shown    []*reliable.Grant // and as they are
}

type grantKey struct {
	session uint64
	channel uint32
	epoch   uint64
}

// aliases is how many epochs one has.
const aliases = 1 << 10

func (m *againMember) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if g := granted(f); g != nil {
		for i := range g.Grant.Entries {
			e := &g.Grant.Entries[i]
			key, n := grantKey{f.Session, e.Channel, e.Epoch}, uint64(0)
			for _, k := range m.releases {
				if k == key {
					n++
				}
			}
			e.Epoch = e.Epoch*aliases + min(n, aliases-1)
		}
		f = g
	}
	m.Member.Handle(now, from, f)
}

func (m *againMember) Next(now reliable.Time) (reliable.Batch, bool) {
	b, ok := m.Member.Next(now)
	m.real = b
	if !ok {
		return b, ok
	}
	f := m.claim(b)
	if f == nil {
		return b, ok
	}
	for i := range f.Claim.Entries {
		e := &f.Claim.Entries[i]
		n := e.Epoch % aliases
		e.Epoch /= aliases
		key := grantKey{f.Session, e.Channel, e.Epoch}
		known := uint64(0)
		for _, k := range m.releases {
			if k == key {
				known++
			}
		}
		if e.State == frame.Released && known <= n {
			m.releases = append(m.releases, key)
		}
	}
	data := m.enc.Append(nil, f)
	b.Data, b.Segment = data, len(data)
	return b, true
}

func (m *againMember) Sent(b reliable.Batch) { m.Member.Sent(m.real) }

func (m *againMember) Poll(events []reliable.Run) int {
	n := m.Member.Poll(events)
	for i := range events[:n] {
		events[i].Grant = m.show(events[i].Grant)
	}
	return n
}

// show returns a grant as it is.
func (m *againMember) show(g *reliable.Grant) *reliable.Grant {
	if g == nil {
		return nil
	}
	if i := slices.Index(m.grants, g); i >= 0 {
		m.shown[i].Attempt, m.shown[i].Orphan = g.Attempt, g.Orphan
		m.shown[i].Epoch = g.Epoch / aliases
		return m.shown[i]
	}
	c := *g
	c.Epoch /= aliases
	m.grants, m.shown = append(m.grants, g), append(m.shown, &c)
	return &c
}

// own returns a grant as the member knows it.
func (m *againMember) own(g *reliable.Grant) *reliable.Grant {
	if i := slices.Index(m.shown, g); i >= 0 {
		return m.grants[i]
	}
	return g
}

func (m *againMember) HandOut(now reliable.Time, ev *reliable.Event) bool {
	was := ev.Grant
	ev.Grant = m.own(was)
	ok := m.Member.HandOut(now, ev)
	ev.Grant = was
	return ok
}

func (m *againMember) Busy(now reliable.Time, ev *reliable.Event) {
	was := ev.Grant
	ev.Grant = m.own(was)
	m.Member.Busy(now, ev)
	ev.Grant = was
}

func (m *againMember) Done(now reliable.Time, g *reliable.Grant, offset, seq uint64) error {
	return m.Member.Done(now, m.own(g), offset, seq)
}

func (m *againMember) Release(
	now reliable.Time, g *reliable.Grant, offset uint64, after time.Duration,
) error {
	return m.Member.Release(now, m.own(g), offset, after)
}

func (m *againMember) Working(now reliable.Time, g *reliable.Grant, offset uint64) error {
	return m.Member.Working(now, m.own(g), offset)
}

// senderTap lets a wrapper see and change the GRANTs that a publisher sends.
type senderTap struct {
	world.Sender
	dec  frame.Decoder
	enc  frame.Encoder
	real reliable.Batch
}

// grant returns the GRANT in a batch, or nil.
func (s *senderTap) grant(b reliable.Batch) *frame.Frame {
	var f frame.Frame
	if s.dec.Decode(slices.Clone(b.Datagram(0)), &f) != nil || f.Kind != frame.Grant {
		return nil
	}
	return &f
}

func (s *senderTap) Sent(reliable.Batch) { s.Sender.Sent(s.real) }

// claimed returns a copy of a CLAIM, or nil of another frame.
func claimed(f *frame.Frame) *frame.Frame {
	if f.Kind != frame.Claim {
		return nil
	}
	g, body := *f, *f.Claim
	g.Claim, body.Entries = &body, slices.Clone(body.Entries)
	return &g
}

// memberGrant is a grant of a partition to a member.
type memberGrant struct {
	id    uint64
	entry frame.GrantEntry
}

// hastySender takes a member's next word, once it has asked it to give a partition back, for its
// release.
type hastySender struct {
	senderTap
	asked []memberGrant
}

func (s *hastySender) Next(now reliable.Time) (reliable.Batch, bool) {
	b, ok := s.Sender.Next(now)
	if s.real = b; ok {
		if f := s.grant(b); f != nil {
			for _, e := range f.Grant.Entries {
				if e.State == frame.GiveBack {
					s.asked = append(s.asked, memberGrant{f.Subscriber, e})
				}
			}
		}
	}
	return b, ok
}

func (s *hastySender) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if g := claimed(f); g != nil {
		for i := range g.Claim.Entries {
			e := &g.Claim.Entries[i]
			for _, a := range s.asked {
				if a.id == f.Subscriber && a.entry.Channel == e.Channel &&
					a.entry.Epoch == e.Epoch {
					e.State = frame.Released
				}
			}
		}
		f = g
	}
	s.Sender.Handle(now, from, f)
}

// generousSender lists all that a member had by the last GRANT in those that are empty, since what
// they answer wasn't fresh.
type generousSender struct {
	senderTap
	last []frame.Frame
}

func (s *generousSender) Next(now reliable.Time) (reliable.Batch, bool) {
	b, ok := s.Sender.Next(now)
	s.real = b
	if !ok {
		return b, ok
	}
	f := s.grant(b)
	if f == nil {
		return b, ok
	}
	i := slices.IndexFunc(s.last, func(l frame.Frame) bool { return l.Subscriber == f.Subscriber })
	switch {
	case len(f.Grant.Entries) > 0 && i < 0:
		s.last = append(s.last, *f)
	case len(f.Grant.Entries) > 0:
		s.last[i] = *f
	case i >= 0 && f.Grant.Refused == 0:
		f.Grant.Entries = s.last[i].Grant.Entries
		data := s.enc.Append(nil, f)
		b.Data, b.Segment = data, len(data)
	}
	return b, true
}

// carelessSender takes what a member says of an older epoch for what it says of its present one.
type carelessSender struct {
	senderTap
	last []memberGrant
}

func (s *carelessSender) Next(now reliable.Time) (reliable.Batch, bool) {
	b, ok := s.Sender.Next(now)
	if s.real = b; ok {
		if f := s.grant(b); f != nil {
			for _, e := range f.Grant.Entries {
				if e.State != frame.Prepare {
					s.last = append(s.last, memberGrant{f.Subscriber, e})
				}
			}
		}
	}
	return b, ok
}

func (s *carelessSender) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if g := claimed(f); g != nil {
		for i := range g.Claim.Entries {
			e := &g.Claim.Entries[i]
			for _, a := range s.last {
				if a.id == f.Subscriber && a.entry.Channel == e.Channel && e.Epoch != 0 {
					e.Epoch = max(e.Epoch, a.entry.Epoch)
				}
			}
		}
		f = g
	}
	s.Sender.Handle(now, from, f)
}
