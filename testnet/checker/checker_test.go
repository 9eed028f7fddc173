package checker_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// judge runs 2 s of one stream to two subscribers over links that lose 5 %, with
// one machine tampered with, and returns what the Checker finds. The publisher is
// at the end crashed, or closed, or goes on.
func judge(t *testing.T, end string, breakSender func(world.Sender) world.Sender,
	breakReceiver func(world.Receiver) world.Receiver) error {
	t.Helper()
	w := world.New(world.Config{Seed: 11})
	c := checker.New(w)
	pub := story.AddPublisher(t, w, world.PublisherConfig{Wrap: breakSender})
	story.AddPublisher(t, w, world.PublisherConfig{})
	lossy := link.Config{Loss: link.Bernoulli{P: 0.05}, Delay: link.FixedDelay(time.Millisecond)}
	story.AddSubscriber(t, w, world.SubscriberConfig{Down: lossy, Up: lossy, Wrap: breakReceiver})
	story.AddSubscriber(t, w, world.SubscriberConfig{Down: lossy, Up: lossy})
	story.Every(w, 10*story.Milli, 2*story.Milli, 1000, func(i int) {
		for _, p := range w.Publishers() {
			if _, err := p.Publish(fmt.Appendf(nil, "%v says %d", p, i)); err != nil {
				t.Fatal(err)
			}
		}
	})
	calm := 2500 * story.Milli
	switch end {
	case "crash":
		w.At(calm, pub.Crash)
	case "close":
		w.At(calm, pub.Close)
	}
	if err := w.Run(calm + 20_000*story.Milli); err != nil {
		return err
	}
	return c.Finish(calm + 1)
}

func TestCheckerAcceptsTheRealMachines(t *testing.T) {
	for _, end := range []string{"crash", "close", "go on"} {
		if err := judge(t, end, nil, nil); err != nil {
			t.Errorf("%s: %v", end, err)
		}
	}
}

// tampering breaks one machine in one way.
type tampering struct {
	what     string
	end      string
	sender   func(world.Sender) world.Sender
	receiver func(world.Receiver) world.Receiver
	want     string
}

// tamperings are many, each at one message, or one frame, if it isn't at all of them.
func tamperings(at uint64) []tampering {
	type tamper = func(ev reliable.Event) []reliable.Event
	events := func(fn tamper) func(world.Receiver) world.Receiver {
		return func(r world.Receiver) world.Receiver {
			return &brokenReceiver{Receiver: r,
				event: fn}
		}
	}
	nacks := func(fn func(f *frame.Frame) bool) func(world.Receiver) world.Receiver {
		return func(r world.Receiver) world.Receiver {
			return &brokenReceiver{Receiver: r,
				nack: fn}
		}
	}
	datagrams := func(fn func(b *brokenSender, f *frame.Frame,
		data []byte) []byte) func(world.Sender) world.Sender {
		return func(s world.Sender) world.Sender { return &brokenSender{Sender: s, send: fn} }
	}
	isNack := func(f *frame.Frame) bool { return f.Kind == frame.Nack }
	same := func(ev reliable.Event) []reliable.Event { return []reliable.Event{ev} }
	var kept *reliable.Event
	return []tampering{
		// The requester.
		{what: "never asks", want: "never asked for",
			receiver: nacks(func(*frame.Frame) bool { return false })},
		{what: "forgets a gap", want: "never asked for",
			receiver: nacks(func(f *frame.Frame) bool {
				for n := uint64(0); n < 1000; n += 5 {
					f.Ranges = without(f.Ranges, n)
				}
				return len(f.Ranges) > 0
			})},
		{what: "asks for what never existed", want: "and knows of none",
			receiver: nacks(func(f *frame.Frame) bool {
				f.Ranges[len(f.Ranges)-1].To += 1000
				return true
			})},

		// The window.
		{what: "delivers twice", want: "comes next",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				if ev.Kind == reliable.Message && ev.Offset == at {
					return []reliable.Event{ev, ev}
				}
				return same(ev)
			})},
		{what: "delivers out of order", want: "comes next",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				if ev.Kind == reliable.Message && ev.Offset == at {
					kept = &ev
					return nil
				}
				if kept != nil {
					list := []reliable.Event{ev, *kept}
					kept = nil
					return list
				}
				return same(ev)
			})},
		{what: "skips in silence", want: "comes next",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				if ev.Kind == reliable.Message && ev.Offset == at {
					return nil
				}
				return same(ev)
			})},
		{what: "delivers wrong bytes", want: "with other bytes",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				if ev.Offset == at && len(ev.Payload) > 0 {
					ev.Payload[len(ev.Payload)-1] ^= 1
				}
				return same(ev)
			})},
		{what: "mixes sessions up", want: "other bytes",
			receiver: events(func() func(ev reliable.Event) []reliable.Event {
				var other reliable.SessionID
				return func(ev reliable.Event) []reliable.Event {
					if other == 0 {
						other = ev.Session
					}
					if ev.Offset == at {
						ev.Session = other
					}
					return same(ev)
				}
			}())},
		{what: "halves how long recovery took", want: "recovered true after",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				ev.Recovery /= 2
				return same(ev)
			})},
		{what: "takes what was repaired for what came of itself", want: "recovered false after",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				ev.Recovered = false
				return same(ev)
			})},
		{what: "tells of a message as of the one before", want: "is said to have come at",
			receiver: events(func() func(ev reliable.Event) []reliable.Event {
				var before time.Time
				return func(ev reliable.Event) []reliable.Event {
					if before, ev.Received = ev.Received, before; ev.Received.IsZero() ||
						ev.Kind != reliable.Message {
						ev.Received = before
					}
					return same(ev)
				}
			}())},
		{what: "tells when a message came to the machine where nothing told that",
			want: "is said to have come to this machine",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				ev.Arrived = ev.Received
				return same(ev)
			})},
		{what: "invents a session", want: "which no publisher ever had",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				ev.Session++
				return same(ev)
			})},
		{what: "loses a message that it has", want: "unanswered",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				if ev.Kind == reliable.Message && ev.Offset == at {
					ev.Kind, ev.Cause = reliable.Loss, reliable.CauseUnanswered
					ev.Lost.From, ev.Lost.To = at, at+1
				}
				return same(ev)
			})},
		{what: "gives a false cause", want: "no longer held",
			receiver: func(r world.Receiver) world.Receiver {
				return &brokenReceiver{Receiver: r,
					nack: func(*frame.Frame) bool { return false },
					event: func(ev reliable.Event) []reliable.Event {
						if ev.Kind == reliable.Loss {
							ev.Cause = reliable.CauseGone
						}
						return same(ev)
					}}
			}},
		{what: "looks at no repair", want: "which it has",
			receiver: func(r world.Receiver) world.Receiver {
				return &brokenReceiver{Receiver: r,
					frame: func(f *frame.Frame) bool { return f.Kind != frame.Repair }}
			}},
		{what: "says nothing of a silent publisher", end: "crash", want: "crashed at",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				if ev.Kind == reliable.SessionSilent {
					return nil
				}
				return same(ev)
			})},
		{what: "says silent too early", want: "said to be silent",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				if ev.Offset == at {
					silent := reliable.Event{Kind: reliable.SessionSilent, Session: ev.Session,
						Source: ev.Source}
					return []reliable.Event{ev, silent}
				}
				return same(ev)
			})},
		{what: "says ended before the end", end: "close", want: "no BYE was heard",
			receiver: events(func(ev reliable.Event) []reliable.Event {
				if ev.Offset == at {
					end := reliable.Event{Kind: reliable.SessionEnded, Session: ev.Session,
						Source: ev.Source, Cause: reliable.CauseEnded}
					return []reliable.Event{ev, end}
				}
				return same(ev)
			})},
		{what: "holds too much", want: "may hold",
			receiver: func(r world.Receiver) world.Receiver { return &greedyReceiver{r} }},
		{what: "hangs", want: "behind", // it hears nothing more after a while, and says nothing
			receiver: func(r world.Receiver) world.Receiver { return &hungReceiver{Receiver: r} }},

		{what: "asks a hundred times in a row", want: "twice in request",
			receiver: func(r world.Receiver) world.Receiver {
				return &chattyReceiver{Receiver: r,
					some: isNack}
			}},
		{what: "reports a hundred times in a row", want: "sends STATUS more often",
			receiver: func(r world.Receiver) world.Receiver {
				return &chattyReceiver{Receiver: r,
					some: func(f *frame.Frame) bool {
						return f.Kind == frame.Status &&
							f.Flags == 0
					}}
			}},
		{what: "wants SESSION a hundred times in a row", want: "asks for SESSION more often",
			receiver: func(r world.Receiver) world.Receiver {
				return &chattyReceiver{Receiver: r,
					some: func(f *frame.Frame) bool { return f.Flags&frame.WantSession != 0 }}
			}},
		{what: "delivers late", want: "after all that it waits for had come",
			receiver: func(r world.Receiver) world.Receiver { return &lateReceiver{Receiver: r} }},

		// The responder, and what else a publisher says.
		{what: "repeats each repair", want: "2. time, and was asked for it 1 times",
			sender: func(s world.Sender) world.Sender {
				return &chattySender{Sender: s,
					kind: frame.Repair}
			}},
		{what: "repeats the wrong frame", want: "was asked for it 0 times",
			sender: datagrams(func(b *brokenSender, f *frame.Frame, data []byte) []byte {
				if f.Kind != frame.Repair {
					return data
				}
				return b.enc.AppendRepair(nil, f.Session, f.Channel, f.Responder, f.Request, b.last)
			})},
		{what: "denies what it holds", want: "no longer holds",
			sender: func(s world.Sender) world.Sender {
				b := &brokenSender{Sender: s,
					send: func(_ *brokenSender, _ *frame.Frame, data []byte) []byte { return data }}
				b.deaf = func(f *frame.Frame) bool {
					if f.Kind == frame.Nack {
						b.say(netip.AddrPort{},
							&frame.Frame{Kind: frame.Gone, Responder: f.Session, Request: f.Request,
								Ranges: f.Ranges})
					}
					return f.Kind == frame.Nack
				}
				return b
			}},
		{what: "tells of what it never accepted", want: "tells of frames up to",
			sender: datagrams(func(b *brokenSender, f *frame.Frame, data []byte) []byte {
				if f.Kind != frame.Heartbeat {
					return data
				}
				f.NextSeq, f.NextOffset = f.NextSeq+3, f.NextOffset+3
				return b.enc.Append(nil, f)
			})},
		{what: "says that it has forgotten what it holds",
			want: "says that it holds nothing before",
			sender: datagrams(func(b *brokenSender, f *frame.Frame, data []byte) []byte {
				if f.Kind != frame.Heartbeat {
					return data
				}
				f.OldestSeq, f.OldestOffset = f.NextSeq, f.NextOffset
				return b.enc.Append(nil, f)
			})},
		{what: "has no heartbeat", want: "was quiet for",
			sender: datagrams(func(b *brokenSender, f *frame.Frame, data []byte) []byte {
				if f.Kind == frame.Heartbeat || f.Kind == frame.Session && f.Time > 1e9 {
					return nil
				}
				return data
			})},
		{what: "leaves out a frame", want: "is next",
			sender: datagrams(func(b *brokenSender, f *frame.Frame, data []byte) []byte {
				if f.Kind == frame.Data && f.Seq == at {
					return nil
				}
				return data
			})},
	}
}

// TestCheckerCatches breaks one machine in one way at a time.
func TestCheckerCatches(t *testing.T) {
	for _, broken := range tamperings(77) {
		t.Run(broken.what, func(t *testing.T) {
			err := judge(t, broken.end, broken.sender, broken.receiver)
			if err == nil {
				t.Fatal("the checker found nothing")
			}
			if !strings.Contains(err.Error(), broken.want) {
				t.Errorf("the checker doesn't say %q:\n%v", broken.want, err)
			}
			for _, part := range []string{"seed 11", "at "} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is missing:\n%v", part, err)
				}
			}
		})
	}
}

// greedyReceiver says that it holds a lot.
type greedyReceiver struct{ world.Receiver }

func (g *greedyReceiver) Memory() int { return 1 << 30 }

// hungReceiver delivers nothing more after 500 events.
type hungReceiver struct {
	world.Receiver
	told int
}

func (h *hungReceiver) Poll(events []reliable.Run) int {
	if h.told > 500 {
		return 0
	}
	n := h.Receiver.Poll(events)
	h.told += n
	return n
}
