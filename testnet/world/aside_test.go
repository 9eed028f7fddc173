package world_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// speaker is a Receiver that also sends frames that a test gives it.
type speaker struct {
	world.Receiver
	words []reliable.Batch
	now   bool
}

// say sends a STATUS to an address, or to the group.
func (s *speaker) say(to netip.AddrPort, session uint64) {
	var enc frame.Encoder
	data := enc.Append(nil, &frame.Frame{Kind: frame.Status, Session: session, Subscriber: 1,
		Name: []byte("x")})
	s.words = append(s.words, reliable.Batch{To: to, Data: data, Segment: len(data)})
}

func (s *speaker) Next(now reliable.Time) (reliable.Batch, bool) {
	if s.now = len(s.words) > 0; s.now {
		b := s.words[0]
		s.words = s.words[1:]
		return b, true
	}
	return s.Receiver.Next(now)
}

func (s *speaker) Sent(b reliable.Batch) {
	if !s.now {
		s.Receiver.Sent(b)
	}
}

// aside is a World with a speaker, and writes down which of its words come where and when.
type aside struct {
	*world.World
	speaker *speaker
	subs    []*world.Subscriber
	came    []string
	trace   []string
}

// newAside makes a World in which speaker and listeners are members of segments by their
// numbers; -1: none.
func newAside(t *testing.T, seed uint64, shared link.Config, down, up link.Config,
	segments ...int) *aside {
	t.Helper()
	a := &aside{}
	a.World = world.New(world.Config{Seed: seed, Trace: func(line string) {
		a.trace = append(a.trace, line)
	}})
	var list []*world.Segment
	for i := range slices.Max(segments) + 1 {
		g, err := a.AddSegment(fmt.Sprintf("segment%d", i), shared)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, g)
	}
	for i, n := range segments {
		cfg := world.SubscriberConfig{Down: down, Up: up}
		if n >= 0 {
			cfg.Segment = list[n]
		}
		if i == 0 {
			cfg.Wrap = func(m world.Receiver) world.Receiver {
				a.speaker = &speaker{Receiver: m}
				return a.speaker
			}
		}
		a.subs = append(a.subs, story.AddSubscriber(t, a.World, cfg))
	}
	a.Observe(world.Observer{Arrived: func(d *world.Datagram, sub *world.Subscriber) {
		if d.Aside() {
			a.came = append(a.came, fmt.Sprintf("%v at %v", sub, world.Stamp(a.Now())))
		}
	}})
	return a
}

// say lets the speaker's process send what it has to say.
func (a *aside) say(to netip.AddrPort) {
	a.speaker.say(to, 7)
	a.subs[0].Pause(0)
	a.subs[0].Resume()
}

func TestSubscribersReachTheGroupAndEachOther(t *testing.T) {
	a := newAside(t, 1, story.Near(nil), story.Near(nil), story.Near(nil), 0, 0, 1, -1)
	a.At(story.Milli, func() { a.say(netip.AddrPort{}) })
	a.At(11*story.Milli, func() { a.say(a.subs[2].Addr()) })
	a.At(21*story.Milli, func() { a.say(a.subs[1].Addr()) })
	if err := a.Run(reliable.Time(time.Second)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"sub1 at 0.003000000", // on the same segment
		"sub3 at 0.003000000",
		"sub2 at 0.004000000", // behind another
		"sub2 at 0.014000000",
		"sub1 at 0.023000000",
	}
	slices.Sort(want[:2])
	slices.Sort(a.came[:2])
	if !slices.Equal(a.came, want) {
		t.Errorf("came\n\t%s\nwant\n\t%s", strings.Join(a.came, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// What a segment loses, all behind it miss; what a link loses, one does; and the same seed
// tells the same.
func TestWordsAsideAreLostBySegmentAndLink(t *testing.T) {
	half := link.Config{Loss: link.Bernoulli{P: 0.5}}
	tell := func(shared, down link.Config) (*aside, int) {
		a := newAside(t, 3, shared, down, link.Config{}, -1, 0, 0)
		story.Every(a.World, 0, story.Milli, 1000, func(int) { a.say(netip.AddrPort{}) })
		if err := a.Run(reliable.Time(2 * time.Second)); err != nil {
			t.Fatal(err)
		}
		both, times := 0, map[string]int{}
		for _, line := range a.came {
			_, at, _ := strings.Cut(line, " at ")
			if times[at]++; times[at] == 2 {
				both++
			}
		}
		return a, both
	}
	for _, c := range []struct {
		name         string
		shared, down link.Config
		alone        bool
	}{{"segment", half, link.Config{}, false}, {"links", link.Config{}, half, true}} {
		a, both := tell(c.shared, c.down)
		if n := len(a.came); n < 900 || n > 1100 || (n != 2*both) != c.alone {
			t.Errorf("%s: %d words came, %d of them to both", c.name, n, both)
		}
		if again, _ := tell(c.shared, c.down); !slices.Equal(a.trace, again.trace) {
			t.Errorf("%s: the same seed tells another story", c.name)
		}
	}
}

func TestACutBetweenSubscribers(t *testing.T) {
	a := newAside(t, 1, link.Config{}, link.Config{}, link.Config{}, -1, -1, -1)
	a.Sever(a.subs[0], a.subs[1])
	a.At(story.Milli, func() { a.say(netip.AddrPort{}) })
	a.At(2*story.Milli, func() {
		a.Join(a.subs[1], a.subs[0])
		a.say(netip.AddrPort{})
	})
	a.At(3*story.Milli, func() {
		if err := a.subs[1].Relink(link.Config{Loss: link.Bernoulli{P: 1}},
			link.Config{}); err != nil {
			t.Fatal(err)
		}
		a.say(netip.AddrPort{})
	})
	if err := a.Run(reliable.Time(time.Second)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"sub2 at 0.001000000", "sub1 at 0.002000000", "sub2 at 0.002000000",
		"sub2 at 0.003000000"}; !slices.Equal(a.came, want) {
		t.Errorf("came %q, want %q", a.came, want)
	}
}

// Where one subscriber doesn't hear another, that one may hear it all the same.
func TestADeafSubscriber(t *testing.T) {
	a := newAside(t, 1, link.Config{}, link.Config{}, link.Config{}, -1, -1, -1)
	a.Deafen(a.subs[1], a.subs[0])
	a.Deafen(a.subs[0], a.subs[2]) // the other way: it changes nothing here
	a.At(story.Milli, func() { a.say(netip.AddrPort{}) })
	a.At(2*story.Milli, func() {
		a.Undeafen(a.subs[1], a.subs[0])
		a.say(netip.AddrPort{})
	})
	if err := a.Run(reliable.Time(time.Second)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"sub2 at 0.001000000", "sub1 at 0.002000000",
		"sub2 at 0.002000000"}; !slices.Equal(a.came, want) {
		t.Errorf("came %q, want %q", a.came, want)
	}
}
