package send

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// flood is 100,000 frames a second from strangers, and 50 honest joiners amid them.
type flood struct {
	*parted
	rand *rand.Rand
	// forged says that each frame comes from another address, else all come from one.
	forged bool
	joins  [50]joiner
	// drawn are the bytes to strangers.
	drawn int
}

// joiner is a subscriber that joins.
type joiner struct {
	at   netip.AddrPort
	from reliable.Time
	// wants are the channels that it has yet to be told of, and got is when it knew all.
	wants map[uint32]bool
	got   time.Duration
}

func newFlood(t *testing.T, forged bool, partitions int) *flood {
	f := &flood{parted: newParted(t, Config{Topic: "orders", Seed: 3,
		Layout: topic.Layout{Partitions: partitions}}),
		rand: rand.New(rand.NewPCG(1, 2)), forged: forged}
	f.run(2 * time.Second)
	for i := range f.joins {
		f.joins[i] = joiner{at: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 2, 0, byte(i)}), 6000),
			from: f.now.Add(time.Duration(200+20*i) * time.Millisecond), wants: map[uint32]bool{}}
		for c := range min(partitions, 16) {
			f.joins[i].wants[uint32((16*i+c)%partitions)] = true
		}
	}
	return f
}

// stranger returns where the next made-up frame comes from.
func (f *flood) stranger() netip.AddrPort {
	a := [4]byte{11, 66, 0, 6}
	if f.forged {
		binary.BigEndian.PutUint32(a[:], 11<<24|f.rand.Uint32()>>8)
	}
	return netip.AddrPortFrom(netip.AddrFrom4(a), uint16(f.rand.Uint32()|1))
}

// play floods for a time: made makes up the next frame, and asks has a joiner ask, at first and
// then each 200 ms.
func (f *flood) play(d time.Duration, made func(from netip.AddrPort),
	asks func(i int, j *joiner)) {
	for end := f.now.Add(d); f.now < end; f.now = f.now.Add(time.Millisecond) {
		for range 100 {
			made(f.stranger())
		}
		for i := range f.joins {
			j := &f.joins[i]
			if since := f.now.Sub(j.from); since >= 0 && since%(200*time.Millisecond) == 0 &&
				len(j.wants) > 0 {
				asks(i, j)
			}
		}
		f.Advance(f.now)
		for _, one := range f.send() {
			f.hear(&one)
		}
	}
}

// hear has the joiners hear a frame.
func (f *flood) hear(one *sentFrame) {
	if one.to.IsValid() && one.to.Addr().As4()[0] == 11 {
		f.drawn += len(one.Raw)
	}
	if one.Kind != frame.Session && one.Kind != frame.Digest {
		return
	}
	for i := range f.joins {
		j := &f.joins[i]
		if f.now >= j.from && (!one.to.IsValid() || one.to == j.at) && j.wants[one.Channel] {
			if delete(j.wants, one.Channel); len(j.wants) == 0 {
				j.got = f.now.Sub(j.from)
			}
		}
	}
}

// A flood of STATUS, from one address or from ever other ones, leaves each honest subscriber its
// welcome: nearly all at once in the one case, and all within a bit more than a second.
func TestWelcomesAmidAFlood(t *testing.T) {
	for _, forged := range []bool{false, true} {
		for _, partitions := range []int{1, 256} {
			f := newFlood(t, forged, partitions)
			const d = 2300 * time.Millisecond
			f.play(d, func(from netip.AddrPort) {
				n := min(1+f.rand.IntN(16), partitions)
				f.all(from, f.rand.Uint64(), f.rand.IntN(partitions-n+1), n, frame.WantSession)
			}, func(i int, j *joiner) {
				n := min(16, partitions)
				f.all(j.at, uint64(i), 16*i%partitions, n, frame.WantSession)
			})
			late, latest := 0, time.Duration(0)
			for i, j := range f.joins {
				if len(j.wants) > 0 || j.got > 1100*time.Millisecond {
					t.Errorf("forged %v, %d partitions: joiner %d lacks %d after %v", forged,
						partitions, i, len(j.wants), j.got)
				}
				if latest = max(latest, j.got); j.got > time.Millisecond {
					late++
				}
			}
			t.Logf("forged %v, %d partitions: %d late, by %v; %d bytes drawn", forged, partitions,
				late, latest, f.drawn)
			if !forged && late > 0 {
				t.Errorf("%d partitions: %d are welcomed late", partitions, late)
			}
			if most := welcomeBurst + int(welcomeRate*d/time.Second) + 64<<10; f.drawn > most {
				t.Errorf("forged %v, %d partitions: %d bytes are drawn, of %d", forged, partitions,
					f.drawn, most)
			}
		}
	}
}

// A flood of FIND from one address leaves others their answers.
func TestFindsAmidAFlood(t *testing.T) {
	f := newFlood(t, false, 16)
	for i := range f.joins {
		f.joins[i].wants = map[uint32]bool{1: true, uint32(i % 16): true}
	}
	find := func(from netip.AddrPort, channel uint32) {
		f.Handle(f.now, from, &frame.Frame{Kind: frame.Find, Session: 0xabc, Channel: channel,
			Subscriber: 9, Request: 7, Find: &frame.FindBody{What: frame.FindOldest}})
	}
	f.play(2*time.Second, func(from netip.AddrPort) {
		find(from, []uint32{3, frame.EveryChannel}[f.rand.IntN(2)])
	}, func(i int, j *joiner) {
		for c := range j.wants {
			find(j.at, c)
		}
	})
	late := 0
	for _, j := range f.joins {
		if len(j.wants) > 0 || j.got > time.Millisecond {
			late++
		}
	}
	if late > 0 {
		t.Errorf("%d of %d are answered late", late, len(f.joins))
	}
	if f.drawn > 1<<20 || f.Stats().Unanswered == 0 {
		t.Errorf("%d bytes are drawn", f.drawn)
	}
}

// Whoever is alone has half of a budget at once, and a part of its rate; those that come anew have
// a share beside some that ask without end.
func TestShares(t *testing.T) {
	const rate, burst = 1000, 2000
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	s := newShares(rate, burst, 5)
	now := reliable.Time(1e9)
	takes := func(i int, now reliable.Time) (n int) {
		for s.take(now, addr(i), 10) {
			n += 10
		}
		return n
	}
	if n := takes(1, now); n < burst/2-10 || n > burst/2+10 {
		t.Errorf("one has %d of %d at once", n, burst)
	}
	for range 9000 {
		now = now.Add(time.Millisecond)
		takes(1, now)
	}
	n := 0
	for range 1000 {
		now = now.Add(time.Millisecond)
		n += takes(1, now)
	}
	if n < rate/sharePart-10 || n > rate/sharePart+10 {
		t.Errorf("one has %d of %d in a second", n, rate)
	}
	for range 9000 {
		now = now.Add(time.Millisecond)
		for i := range 7 {
			takes(i, now)
		}
	}
	if n := takes(8, now); n < burst/16-20 || takes(1, now) > 0 {
		t.Errorf("beside 7 another one has %d of %d", n, burst)
	}
	if n := testing.AllocsPerRun(100, func() { takes(9, now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	// All addresses of an IPv6 network are one.
	now = now.Add(time.Minute)
	one, other := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2:1")
	for s.take(now, one, 10) {
	}
	if s.take(now, other, 10) || !s.take(now, netip.MustParseAddr("2001:db9::1"), 10) {
		t.Error("a network's addresses aren't one")
	}
}
