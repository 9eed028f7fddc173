package checker_test

import (
	"strings"
	"testing"
	"time"

	"crier/reliable/frame"
	"crier/reliable/send"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// TestCheckerCatchesStorms breaks machines that have more to repair than their
// budget allows; both subscribers lose the same.
func TestCheckerCatchesStorms(t *testing.T) {
	const floor = 64 << 10
	for _, broken := range []struct {
		what     string
		sender   func(world.Sender) world.Sender
		receiver func(world.Receiver) world.Receiver
		want     string
	}{
		{what: "nothing"},
		{what: "keeps no budget", want: "bytes of repairs, and its budget is",
			sender: func(world.Sender) world.Sender {
				s, err := world.NewSender(
					send.Config{Session: 77, Repair: send.Repair{Floor: 8 * (1 << 39)}})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}},
		{what: "repeats each repair that two asked for", want: "nobody asked for it since then",
			sender: func(s world.Sender) world.Sender {
				return &brokenSender{Sender: s, deaf: func(f *frame.Frame) bool {
					f.Held += time.Hour // no NACK seems to cross a repair
					return false
				}}
			}},
		{what: "hears no request", want: "neither repaired, confirmed nor denied",
			sender: func(s world.Sender) world.Sender {
				return &brokenSender{Sender: s,
					deaf: func(f *frame.Frame) bool { return f.Kind == frame.Nack }}
			}},
		{what: "holds nothing back", want: "after a CONFIRM of it, and must hold back",
			receiver: func(r world.Receiver) world.Receiver {
				return &brokenReceiver{Receiver: r,
					frame: func(f *frame.Frame) bool { return f.Kind != frame.Confirm }}
			}},
		{what: "confirms time after time", want: "2. time, and was asked for it 1 times",
			sender: func(s world.Sender) world.Sender {
				return &chattySender{Sender: s,
					kind: frame.Confirm}
			}},
	} {
		t.Run(broken.what, func(t *testing.T) {
			w := world.New(world.Config{Seed: 11})
			c := checker.New(w)
			lossy := link.Config{Loss: link.Bernoulli{P: 0.05},
				Delay: link.FixedDelay(time.Millisecond)}
			way := link.Config{Delay: link.FixedDelay(time.Millisecond)}
			pub := story.AddPublisher(t, w, world.PublisherConfig{Wrap: broken.sender,
				Sender: send.Config{Session: 77,
					Repair: send.Repair{Floor: 8 * floor, Share: 0.001}}})
			g, err := w.AddSegment("switch", lossy)
			if err != nil {
				t.Fatal(err)
			}
			story.AddSubscriber(t, w, world.SubscriberConfig{Segment: g, Down: way, Up: way,
				Wrap: broken.receiver})
			story.AddSubscriber(t, w, world.SubscriberConfig{Segment: g, Down: way, Up: way})
			story.Every(w, 10*story.Milli, 2*story.Milli, 1000, func(i int) {
				for range 10 {
					pub.Publish(make([]byte, 1300))
				}
			})
			if err := w.Run(4000 * story.Milli); err != nil {
				t.Fatal(err)
			}
			err = c.Err()
			if broken.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), broken.want) {
				t.Errorf("the checker doesn't say %q:\n%v", broken.want, err)
			}
		})
	}
}
