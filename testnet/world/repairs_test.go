package world_test

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
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
		s := story.New(t, 45)
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{Sender: send.Config{
			Retention: send.Retention{ResendBuffer: story.Ring(400)},
			Flow:      send.Flow{Pace: reliable.Slowest()},
		}})
		slow := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
			Work:     time.Millisecond,
			Receiver: receive.Config{Memory: receive.Memory{Buffer: story.Ring(4 * c.buffer)}}})
		s.Paced(pub, 100*story.Milli, 100*time.Microsecond, 5000)
		s.At(6000*story.Milli, pub.Close)
		s.Judge(6000*story.Milli, 20_000*story.Milli)
		s.Wants(slow, "new", "messages 0-4999", "ended")
		st := pub.Stats()
		t.Logf("a buffer of %d %% of the resend buffer: %d frames, %d repairs (%d of them "+
			"catching up), %d NACKs, held %v",
			c.buffer, st.Frames, st.Repairs, st.Responder.CaughtUp, st.Nacks, pub.BlockedFor())
		if share := st.Repairs * 1000 / st.Frames; share < c.least || share > c.most {
			t.Errorf("%d in 1,000 frames were repaired", share)
		}
	}
}

// Under the slowest one's pace the producer's rate settles at that one's, within a tenth,
// and what both ends hold stays within their buffers: for a consumer at a tenth of the
// producer's speed, over more than ten times what the buffers hold, and at several speeds.
func TestProducersRateSettlesAtTheConsumers(t *testing.T) {
	for _, work := range []time.Duration{500 * time.Microsecond, time.Millisecond,
		3 * time.Millisecond} {
		const messages, buffers = 5000, 200 // what both ends hold: at most so many frames each
		s := story.New(t, 47)
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{Sender: send.Config{
			Retention: send.Retention{ResendBuffer: story.Ring(buffers)},
			Flow:      send.Flow{Pace: reliable.Slowest()},
		}})
		quick := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
		slow := s.Listen(world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.01}),
			Up: story.Near(nil), Work: work,
			Receiver: receive.Config{Memory: receive.Memory{Buffer: story.Ring(buffers)}}})
		// when the message was accepted that is the first after the buffers are full, and the last
		var from, to reliable.Time
		most := uint64(0)
		s.Observe(world.Observer{Accepted: func(_ *world.Session, offset uint64, _ []byte) {
			switch offset {
			case 2 * buffers:
				from = s.Now()
			case messages - 1:
				to = s.Now()
			}
			most = max(most, pub.Stats().Retained)
		}})
		held := 0
		for at := reliable.Time(0); at < reliable.Time(messages*work); at += 10 * story.Milli {
			s.At(at, func() {
				for _, one := range slow.Sessions() {
					held = max(held, one.BufferedBytes)
				}
			})
		}
		s.Paced(pub, 100*story.Milli, work/10, messages)
		end := reliable.Time(messages*work) + 3000*story.Milli
		s.At(end, pub.Close)
		s.Judge(end, end+10_000*story.Milli)
		for _, sub := range []*world.Subscriber{quick, slow} {
			s.Wants(sub, "new", "messages 0-4999", "ended")
		}
		rate := float64(messages-1-2*buffers) / to.Sub(from).Seconds()
		if share := rate * work.Seconds(); share < 0.9 || share > 1.1 {
			t.Errorf("work of %v a message: the producer settled at %.0f messages a second, "+
				"%.3f of the consumer's", work, rate, share)
		} else {
			t.Logf("work of %v a message: the producer settled at %.3f of the consumer's rate; "+
				"retained %d frames, held %d bytes", work, share, most, held)
		}
		if most > uint64(story.Ring(buffers)/1359) || held > story.Ring(buffers)+8<<10 {
			t.Errorf("%d frames were kept at the publisher, of %d, and %d bytes at the "+
				"subscriber, of %d", most, buffers, held, story.Ring(buffers))
		}
	}
}
