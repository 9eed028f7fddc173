package team

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

const (
	milli = time.Millisecond
	wall  = int64(1_700_000_000_000) * int64(time.Millisecond)
	// firstEpoch is that of the first grant of a session that began at wall.
	firstEpoch = uint64(1_700_000_000_000)
)

// fakeStreams are streams whose frames have one message each, with its offset as their number.
type fakeStreams struct {
	next, oldest []uint64
	closed       bool
}

func (s *fakeStreams) Closed() bool    { return s.closed }
func (s *fakeStreams) Partitions() int { return len(s.next) }
func (s *fakeStreams) Next(channel uint32) (seq, offset uint64) {
	return s.next[channel], s.next[channel]
}
func (s *fakeStreams) Oldest(channel uint32) (seq, offset uint64) {
	return s.oldest[channel], s.oldest[channel]
}
func (s *fakeStreams) Sent(channel uint32) (seq, offset uint64) { return s.Next(channel) }
func (s *fakeStreams) Locate(_ uint32, offset uint64) uint64    { return offset }

// A rig is an Arbiter with subscribers that claim as a test says.
type rig struct {
	*testing.T
	a       *Arbiter
	streams *fakeStreams
	now     reliable.Time
	subs    map[string]*sub
}

// A sub is a subscriber: what it would say, and the last GRANT to it.
type sub struct {
	r    *rig
	f    frame.Frame
	c    frame.ClaimBody
	from netip.AddrPort
	got  *frame.GrantBody
	// answered is the Request of that GRANT, and gots the number of all.
	answered uint64
	gots     int
}

func newRig(t *testing.T, partitions int, cfg Config) *rig {
	t.Helper()
	cfg, err := cfg.Complete()
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeStreams{next: make([]uint64, partitions), oldest: make([]uint64, partitions)}
	r := &rig{T: t, streams: s, subs: map[string]*sub{}, now: reliable.Time(time.Second)}
	r.a = New(cfg, Session{ID: 77, Wall: wall, Topic: "orders", Publisher: "pub"}, s)
	return r
}

// sub returns a subscriber of a name, in a team.
func (r *rig) sub(name string) *sub {
	if s := r.subs[name]; s != nil {
		return s
	}
	id := uint64(len(r.subs) + 1)
	s := &sub{r: r, from: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(id)}), 7000)}
	s.c = frame.ClaimBody{Team: []byte("risk"), Share: frame.ByPartition, Weight: 1, Room: 8,
		Window: 16}
	s.f = frame.Frame{Kind: frame.Claim, Session: 77, Subscriber: id, Name: []byte(name)}
	r.subs[name] = s
	return s
}

// drain takes all GRANTs that are due to the subscribers that they are for.
func (r *rig) drain() {
	for {
		to, f, ok := r.a.Next(r.now)
		if !ok {
			return
		}
		if f.Kind != frame.Grant {
			r.Fatalf("%v comes", f.Kind)
		}
		for _, s := range r.subs { // of which there is one
			if s.f.Subscriber == f.Subscriber && to == s.from {
				g := *f.Grant
				g.Entries = append([]frame.GrantEntry(nil), g.Entries...)
				g.Passed = append([]frame.ChannelOffset(nil), g.Passed...)
				g.Team = append([]byte(nil), g.Team...)
				s.got, s.answered = &g, f.Request
				s.gots++
			}
		}
	}
}

// pass lets time pass, with all deadlines in it.
func (r *rig) pass(d time.Duration) {
	end := r.now.Add(d)
	for at := r.a.Deadline(); at <= end; at = r.a.Deadline() {
		if at < r.now {
			r.Fatalf("at %v, the deadline is %v", r.now, at)
		}
		r.now = at
		r.a.Advance(at)
		r.drain()
		if r.a.Deadline() <= at {
			r.Fatalf("at %v, the deadline stays", at)
		}
	}
	r.now = end
}

// claim sends a CLAIM of a subscriber with these entries, and takes the answers.
func (s *sub) claim(entries ...frame.ClaimEntry) *frame.GrantBody {
	s.send(entries...)
	s.r.drain()
	return s.got
}

// send sends a CLAIM.
func (s *sub) send(entries ...frame.ClaimEntry) {
	s.f.Request++
	c := s.c
	if s.got != nil {
		c.Granted = s.got.Stamp
	}
	c.Entries = entries
	f := s.f
	f.Claim = &c
	s.r.a.Claim(s.r.now, s.from, &f)
}

// join claims twice, so that the subscriber is fresh.
func (s *sub) join() *sub {
	s.claim()
	s.claim()
	return s
}

// tick claims with what the subscribers were granted, every 100 ms for a time.
func (r *rig) tick(d time.Duration, subs ...*sub) {
	for end := r.now.Add(d); r.now < end; r.pass(100 * milli) {
		for _, s := range subs {
			s.claim(s.holds()...)
		}
	}
}

// holds returns the entries for what the last GRANT lists as held.
func (s *sub) holds() (list []frame.ClaimEntry) {
	if s.got == nil {
		return nil
	}
	for _, e := range s.got.Entries {
		if e.State == frame.Hold || e.State == frame.GiveBack {
			if n := len(list); n == 0 || list[n-1].Channel != e.Channel {
				list = append(list, frame.ClaimEntry{Channel: e.Channel, Epoch: e.Epoch,
					Done: e.From, Seq: e.Seq, Received: e.From})
			}
		}
	}
	return list
}

// has returns the entries of the last GRANT in a state, by channel.
func (s *sub) has(state frame.GrantState) (list []uint32) {
	if s.got == nil {
		return nil
	}
	for _, e := range s.got.Entries {
		if e.State == state && (len(list) == 0 || list[len(list)-1] != e.Channel) {
			list = append(list, e.Channel)
		}
	}
	return list
}

// entry returns the entries of a channel in the last GRANT.
func (s *sub) entry(channel uint32) (list []frame.GrantEntry) {
	if s.got == nil {
		return nil
	}
	for _, e := range s.got.Entries {
		if e.Channel == channel {
			list = append(list, e)
		}
	}
	return list
}

func done(channel uint32, epoch, to uint64) frame.ClaimEntry {
	return frame.ClaimEntry{Channel: channel, Epoch: epoch, Done: to, Seq: to, Received: to}
}

func released(channel uint32, epoch, to uint64) frame.ClaimEntry {
	e := done(channel, epoch, to)
	e.State = frame.Released
	return e
}

// kinds returns the kinds of the events since the last call.
func (r *rig) kinds() (list []reliable.TeamEventKind) {
	var buf [64]reliable.TeamEvent
	for n := r.a.Poll(buf[:]); n > 0; n = r.a.Poll(buf[:]) {
		for _, ev := range buf[:n] {
			list = append(list, ev.Kind)
		}
	}
	return list
}

func rng(from, to uint64) nack.Range { return nack.Range{From: from, To: to} }

func addr(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 7000)
}
