package checker_test

import (
	"encoding/binary"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// An inquest of four survivors is broken at one of them in one way at a time.

// silenced plays a publisher that crashes behind a burst of which each survivor lost something,
// and all the first frame; the first survivor, or each, is broken. Among the ends: "split" cuts
// the first off from the others for a while, "wake" lets the publisher only stand still, "alone"
// cuts the first off from a publisher that lives.
func silenced(t *testing.T, end string, each bool, wrap func(world.Receiver) world.Receiver) error {
	t.Helper()
	s := story.New(t, 5)
	var subs []*world.Subscriber
	for i := range 4 {
		cfg := world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil), History: 1 << 20}
		if i == 0 || each {
			cfg.Wrap = wrap
		}
		subs = append(subs, s.Listen(cfg))
	}
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
	say := func(n int) {
		for range n {
			pub.Publish(make([]byte, 1200))
		}
	}
	for at := 100 * story.Milli; at < 1000*story.Milli; at += 50 * story.Milli {
		s.At(at, func() { say(3) })
	}
	s.At(1000*story.Milli, func() {
		for i, n := range []int{6, 2, 4, 1} {
			s.LoseNext(pub, subs[i], n)
		}
		say(10)
	})
	calm := 1001*story.Milli + story.Milli/2
	switch end {
	case "wake":
		s.At(calm, func() { pub.Pause(4 * time.Second) })
		calm += 4000 * story.Milli
	case "alone":
		s.At(calm, func() { s.Partition(pub, subs[0]) })
		calm += 8000 * story.Milli
		s.At(calm, func() { s.Heal(pub, subs[0]) })
	default:
		s.At(calm, pub.Crash)
	}
	if end == "split" {
		for _, sub := range subs[1:] {
			s.Sever(subs[0], sub)
			s.At(8000*story.Milli, func() { s.Join(subs[0], sub) })
		}
		calm = 8000 * story.Milli
	}
	if err := s.Run(calm + 30_000*story.Milli); err != nil {
		return err
	}
	return s.Checker.Finish(calm)
}

func TestCheckerAcceptsCertificates(t *testing.T) {
	for _, end := range []string{"crash", "split", "wake", "alone"} {
		if err := silenced(t, end, false, nil); err != nil {
			t.Errorf("%s: %v", end, err)
		}
	}
}

// certified changes the certificates of events of a kind; 0: of all.
func certified(kind reliable.EventKind, change func(c *reliable.Certificate)) func(
	world.Receiver) world.Receiver {
	return told(func(ev *reliable.Event) bool {
		if ev.Certificate != nil && (kind == 0 || ev.Kind == kind) {
			c := *ev.Certificate
			c.Members, c.Nobody = slices.Clone(c.Members), slices.Clone(c.Nobody)
			change(&c)
			ev.Certificate = &c
		}
		return true
	})
}

// told changes events, or hides them.
func told(change func(ev *reliable.Event) bool) func(world.Receiver) world.Receiver {
	return func(m world.Receiver) world.Receiver {
		return &brokenReceiver{Receiver: m, event: func(ev reliable.Event) []reliable.Event {
			if !change(&ev) {
				return nil
			}
			return []reliable.Event{ev}
		}}
	}
}

// rehash makes the hash that of the content.
func rehash(session reliable.SessionID, c *reliable.Certificate) {
	var b []byte
	put := func(list ...uint64) {
		for _, n := range list {
			b = binary.BigEndian.AppendUint64(b, n)
		}
	}
	put(uint64(session), uint64(len(c.Members)))
	for _, m := range c.Members {
		put(m.ID)
	}
	put(c.Frames.From, c.Frames.To)
	for _, r := range c.Nobody {
		put(r.From, r.To)
	}
	h := fnv.New64a()
	h.Write(b)
	c.Hash = max(h.Sum64(), 1)
}

// misdeed breaks a survivor, or each, in one way, in a world with an end; see silenced.
type misdeed struct {
	what, end, want string
	each            bool
	wrap            func(world.Receiver) world.Receiver
}

// misdeeds are many, with a message, and the time at which the inquest is under way.
func misdeeds(at uint64, inquest reliable.Time) []misdeed {
	const first, later = reliable.SessionSilent, reliable.SessionAmended
	var kept *reliable.Certificate
	return []misdeed{
		// True.
		{what: "says that nobody has what others have", want: "has it by its last digest",
			wrap: certified(first, func(c *reliable.Certificate) {
				c.Nobody = []nack.Range{c.Frames}
			})},
		{what: "lists a stranger", want: "which nobody is",
			wrap: certified(first, func(c *reliable.Certificate) {
				c.Members = append(c.Members, reliable.Survivor{ID: ^uint64(0)})
			})},
		{what: "lists one that it didn't hear", end: "split", want: "no whole digest came",
			each: true, wrap: func() func(world.Receiver) world.Receiver {
				var all []reliable.Survivor
				return certified(first, func(c *reliable.Certificate) {
					if len(c.Members) == 1 && all != nil {
						c.Members = all
					} else if len(c.Members) > 1 {
						all = c.Members
						all = append(all, reliable.Survivor{})[:len(all)]
					}
				})
			}()},
		{what: "doesn't list itself", want: "doesn't list the subscriber itself",
			wrap: certified(first, func(c *reliable.Certificate) {
				c.Members = slices.DeleteFunc(c.Members,
					func(m reliable.Survivor) bool { return !m.Addr.IsValid() })
			})},
		{what: "lists members elsewhere", want: "and it is a peer at",
			wrap: certified(first, func(c *reliable.Certificate) {
				a, b := &c.Members[0], &c.Members[1]
				a.Addr, b.Addr = b.Addr, a.Addr
			})},
		{what: "makes up an end", want: "it was heard up to",
			wrap: certified(first, func(c *reliable.Certificate) { c.Frames.To += 10 })},
		{what: "makes up messages", want: "it was heard up to",
			wrap: certified(first, func(c *reliable.Certificate) { c.NextOffset += 10 })},
		{what: "leaves out the end", want: "knows of frames up to",
			wrap: certified(first, func(c *reliable.Certificate) { c.Frames.To-- })},
		{what: "leaves out the begin", want: "stood at",
			wrap: certified(first, func(c *reliable.Certificate) { c.Frames.From++ })},

		// Equal.
		{what: "has another hash", want: "and its content",
			wrap: certified(first, func(c *reliable.Certificate) { c.Hash++ })},
		{what: "has another certificate", want: "and their certificates differ",
			wrap: told(func(ev *reliable.Event) bool {
				if ev.Kind == first {
					c := *ev.Certificate
					c.Nobody = nil
					rehash(ev.Session, &c)
					ev.Certificate = &c
				}
				return true
			})},
		{what: "calls it agreed too early", want: "not all have confirmed it",
			wrap: certified(first, func(c *reliable.Certificate) {
				for i := range c.Members {
					c.Members[i].Confirmed = false
				}
			})},
		{what: "makes up that it was confirmed", want: "is said to be confirmed by",
			wrap: certified(first, func(c *reliable.Certificate) { c.Hash++ })},

		// Only forwards.
		{what: "skips a number", end: "split", want: "comes after 1",
			wrap: certified(later, func(c *reliable.Certificate) { c.Number++ })},
		{what: "begins with another number", want: "first certificate has the number",
			wrap: certified(first, func(c *reliable.Certificate) { c.Number = 2 })},
		{what: "forgets the end", end: "split", want: "and the one before up to",
			wrap: certified(later, func(c *reliable.Certificate) { c.Frames.To -= 3 })},
		{what: "takes back what was found", end: "split", want: "somebody had it by the one before",
			wrap: certified(later, func(c *reliable.Certificate) {
				c.Nobody = []nack.Range{c.Frames}
			})},
		{what: "delivers late", end: "split", want: "comes after",
			wrap: func(m world.Receiver) world.Receiver {
				return &brokenReceiver{Receiver: m,
					event: func(ev reliable.Event) []reliable.Event {
						if ev.Kind != later {
							return []reliable.Event{ev}
						}
						late := ev
						late.Kind, late.Certificate = reliable.Message, nil
						late.Offset = ev.Certificate.Lost[0].From
						return []reliable.Event{ev, late}
					}}
			}},
		{what: "loses the withdrawal", end: "wake", want: "isn't withdrawn",
			wrap: told(func(ev *reliable.Event) bool {
				if ev.Kind == reliable.SessionResumed {
					ev.Certificate = nil
				}
				return true
			})},
		{what: "withdraws nothing", end: "wake", want: "withdrawn false",
			wrap: certified(reliable.SessionResumed,
				func(c *reliable.Certificate) { c.Withdrawn = false })},
		{what: "changes what it gave", want: "has changed since",
			wrap: told(func(ev *reliable.Event) bool {
				if ev.Kind == first {
					c := *ev.Certificate
					kept, ev.Certificate = &c, &c
				} else if kept != nil {
					kept.Found++
				}
				return true
			}), end: "split"},

		// In time.
		{what: "is late", want: "its inquest took",
			wrap: func(m world.Receiver) world.Receiver {
				return &tardyReceiver{Receiver: m, from: inquest}
			}},
		{what: "says another time", want: "is said to have taken",
			wrap: certified(first, func(c *reliable.Certificate) { c.Took /= 2 })},
		{what: "has no certificate", want: "ends without a certificate",
			wrap: told(func(ev *reliable.Event) bool { ev.Certificate = nil; return true })},
		{what: "holds no inquest", want: "and held no inquest",
			wrap: told(func(ev *reliable.Event) bool {
				return ev.Kind != reliable.SessionInquest
			})},

		// Enough.
		{what: "leaves out what it lacks", want: "doesn't say so",
			wrap: func(m world.Receiver) world.Receiver {
				b := certified(first, func(c *reliable.Certificate) {
					c.Unsettled = nil
				})(m).(*brokenReceiver)
				b.nack = func(*frame.Frame) bool { return false }
				return b
			}},
		{what: "loses what others have", want: "doesn't say that its frames",
			wrap: func(m world.Receiver) world.Receiver {
				lost := false
				return &brokenReceiver{Receiver: m,
					event: func(ev reliable.Event) []reliable.Event {
						if !lost && ev.Kind == reliable.Message && ev.Recovered && ev.Offset > at {
							lost = true
							ev.Kind, ev.Cause = reliable.Loss, reliable.CauseNobody
							ev.Lost = nack.Range{From: ev.Offset, To: ev.Offset + 1}
						}
						return []reliable.Event{ev}
					}}
			}},
		{what: "lists other losses", want: "as lost",
			wrap: certified(first, func(c *reliable.Certificate) { c.Lost = nil })},
		{what: "counts other losses", want: "as lost",
			wrap: certified(first, func(c *reliable.Certificate) { c.LostMessages++ })},
		{what: "names another cause", want: "doesn't say that its frames",
			wrap: told(func(ev *reliable.Event) bool {
				if ev.Kind == reliable.Loss {
					ev.Cause = reliable.CauseSilent
				}
				return true
			})},
		{what: "loses without an inquest", want: "and there was no inquest",
			wrap: func(m world.Receiver) world.Receiver {
				return &brokenReceiver{Receiver: m,
					event: func(ev reliable.Event) []reliable.Event {
						if ev.Kind == reliable.Message && ev.Offset == at {
							ev.Kind, ev.Cause = reliable.Loss, reliable.CauseNobody
							ev.Lost = nack.Range{From: at, To: at + 1}
						}
						return []reliable.Event{ev}
					}}
			}},

		// One that is cut off.
		{what: "makes up what nobody has", end: "alone", want: "and that the publisher is heard",
			wrap: certified(first, func(c *reliable.Certificate) {
				c.Nobody = []nack.Range{{From: 3, To: 4}}
			})},
		{what: "makes up who hears it", end: "alone", want: "and didn't say so",
			wrap: certified(first, func(c *reliable.Certificate) {
				c.Live = append(c.Live, reliable.Survivor{ID: 77})
			})},

		// What it says and repeats.
		{what: "says that it has what it lacks", want: "which didn't come",
			wrap: said(func(f *frame.Frame) bool {
				f.Ranges = nil
				return f.Kind == frame.Digest
			})},
		{what: "says that there is more", want: "there is nothing from frame",
			wrap: said(func(f *frame.Frame) bool {
				if f.Kind == frame.Digest {
					f.NextSeq += 5
					f.Digest.To += 5
				}
				return f.Kind == frame.Digest
			})},
		{what: "says it as another", want: "a peer",
			wrap: said(func(f *frame.Frame) bool {
				f.Responder++
				return f.Kind == frame.Digest
			})},
		{what: "repeats other bytes", want: "never sent", each: true,
			wrap: func(m world.Receiver) world.Receiver { return &forging{sayer: sayer{Receiver: m}} }},
		{what: "repeats what nobody asked for", want: "nobody has asked it for that",
			wrap: func(m world.Receiver) world.Receiver { return &busybody{Receiver: m} }},
		{what: "repeats while the publisher lives", want: "and the publisher lives", each: true,
			wrap: func() func(world.Receiver) world.Receiver {
				n := 0
				return func(m world.Receiver) world.Receiver {
					if n++; n != 1 {
						return &busybody{Receiver: m, late: true}
					}
					return &brokenReceiver{Receiver: m,
						nack: func(*frame.Frame) bool { return true },
						to: func() netip.AddrPort {
							return netip.MustParseAddrPort("10.2.0.1:5000") // the second's
						}}
				}
			}()},
	}
}

func TestCheckerCatchesCertificates(t *testing.T) {
	for _, broken := range misdeeds(20, 3050*story.Milli) {
		if broken.end == "" {
			broken.end = "crash"
		}
		err := silenced(t, broken.end, broken.each, broken.wrap)
		if err == nil || !strings.Contains(err.Error(), broken.want) {
			t.Errorf("one that %s: %v, want %q", broken.what, err, broken.want)
		}
	}
}

// tardyReceiver tells nothing from its inquest on for a minute.
type tardyReceiver struct {
	world.Receiver
	now, from reliable.Time
}

func (r *tardyReceiver) Next(now reliable.Time) (reliable.Batch, bool) {
	r.now = now
	return r.Receiver.Next(now)
}

func (r *tardyReceiver) Poll(events []reliable.Run) int {
	if r.now > r.from && r.now < r.from+7000*story.Milli {
		return 0
	}
	return r.Receiver.Poll(events)
}

// busybody repeats each DATA frame that comes, or all those that came once it is asked for one.
type busybody struct {
	world.Receiver
	late  bool
	enc   frame.Encoder
	came  [][]byte
	words []reliable.Batch
	mine  bool
}

func (b *busybody) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	b.Receiver.Handle(now, from, f)
	switch {
	case f.Kind == frame.Data:
		b.came = append(b.came, slices.Clone(f.Raw))
		if b.late {
			return
		}
	case f.Kind != frame.Nack || !b.late:
		return
	}
	for i, raw := range b.came {
		if b.late && !slices.ContainsFunc(f.Ranges,
			func(r nack.Range) bool { return r.Contains(uint64(i)) }) {
			continue
		}
		data := b.enc.AppendRepair(nil, f.Session, 0, 1, 1, raw)
		b.words = append(b.words, reliable.Batch{Data: data, Segment: len(data)})
	}
	b.came = nil
}

func (b *busybody) Next(now reliable.Time) (reliable.Batch, bool) {
	if b.mine = len(b.words) > 0; b.mine {
		out := b.words[0]
		b.words = b.words[1:]
		return out, true
	}
	return b.Receiver.Next(now)
}

func (b *busybody) Sent(out reliable.Batch) {
	if !b.mine {
		b.Receiver.Sent(out)
	}
}

// said changes frames that a subscriber sends: those for which change returns true go out as
// changed.
func said(change func(f *frame.Frame) bool) func(world.Receiver) world.Receiver {
	return func(m world.Receiver) world.Receiver { return &sayer{Receiver: m, change: change} }
}

type sayer struct {
	world.Receiver
	change func(f *frame.Frame) bool
	dec    frame.Decoder
	enc    frame.Encoder
	real   reliable.Batch
	buf    []byte
}

func (s *sayer) Next(now reliable.Time) (reliable.Batch, bool) {
	b, ok := s.Receiver.Next(now)
	if s.real = b; !ok {
		return b, ok
	}
	var f frame.Frame
	if s.dec.Decode(slices.Clone(b.Datagram(0)), &f) != nil || !s.change(&f) {
		return b, ok
	}
	s.buf = s.enc.Append(s.buf[:0], &f)
	b.Data, b.Segment = s.buf, len(s.buf)
	return b, true
}

func (s *sayer) Sent(reliable.Batch) { s.Receiver.Sent(s.real) }

// forging repeats frames with other content.
type forging struct {
	sayer
	made frame.Builder
}

func (s *forging) Next(now reliable.Time) (reliable.Batch, bool) {
	b, ok := s.Receiver.Next(now)
	s.real = b
	var f, in frame.Frame
	if !ok || s.dec.Decode(b.Datagram(0), &f) != nil || f.Kind != frame.Repair ||
		s.dec.Decode(f.Inner, &in) != nil {
		return b, ok
	}
	s.made.Open(make([]byte, 0, 1400), in.Session, 0, in.Seq, in.Offset, in.Time)
	s.made.Add([]byte("forged"))
	s.buf = s.enc.AppendRepair(s.buf[:0], in.Session, 0, f.Responder, f.Request, s.made.Seal(false))
	b.Data, b.Segment = s.buf, len(s.buf)
	return b, true
}
