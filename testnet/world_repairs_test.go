package testnet

import (
	"testing"
	"time"

	"crier/reliable"
)

// What a slow consumer costs the network depends on its buffer. The producer is ahead
// of it by what the resend buffer holds. Where its own buffer, of 2,048 bytes a frame,
// holds less, no live frame finds room any more, and each comes a second time; where it
// holds as many, none does.
func TestSlowConsumersBufferDecidesRepairs(t *testing.T) {
	for _, c := range []struct {
		buffer      int // of the subscriber, in parts of 100 of the resend buffer
		least, most uint64
	}{
		{25, 950, 1000}, // of 1,000 frames
		{50, 900, 1000},
		{100, 900, 1000},
		{150, 0, 0},
	} {
		s := newStory(t, 45)
		pub := addPublisher(t, s.World, PublisherConfig{Sender: reliable.SenderConfig{
			ResendBuffer: ring(400), Pace: reliable.Pace{Kind: reliable.PaceSlowest},
		}})
		slow := s.listen(SubscriberConfig{Down: near(nil), Up: near(nil), Work: time.Millisecond,
			Receiver: reliable.ReceiverConfig{Buffer: ring(4 * c.buffer)}})
		s.paced(pub, 100*milli, 100*time.Microsecond, 5000)
		s.At(6000*milli, pub.Close)
		s.run(6000*milli, 20_000*milli)
		s.wants(slow, "new", "messages 0-4999", "ended")
		st := pub.Stats()
		t.Logf("a buffer of %d %% of the resend buffer: %d frames, %d repairs (%d of them catching up), %d NACKs, held %v",
			c.buffer, st.Frames, st.Repairs, st.CatchUps, st.Nacks, pub.HeldFor())
		if share := st.Repairs * 1000 / st.Frames; share < c.least || share > c.most {
			t.Errorf("%d in 1,000 frames were repaired", share)
		}
	}
}
