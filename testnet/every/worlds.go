package every

import (
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/link"
	"crier/testnet/world"
)

const milli = reliable.Time(time.Millisecond)

// Pair is a Game of one publisher, and some subscribers: it publishes some messages, each a
// frame, 2 ms apart, and leaves. Links take a millisecond.
func Pair(subscribers, frames int) *Game {
	return &Game{
		Name: fmt.Sprintf("one publisher, %d subscribers, %d frames", subscribers, frames),
		End:  9000 * milli,
		Build: func(p *Play) error {
			way := link.Config{Delay: link.FixedDelay(time.Millisecond)}
			for range subscribers {
				if _, err := p.World.AddSubscriber(world.SubscriberConfig{Down: way, Up: way,
					Receiver: receive.Config{}}); err != nil {
					return err
				}
			}
			pub, err := p.World.AddPublisher(world.PublisherConfig{Sender: send.Config{
				Datagram: 300, Retention: send.Retention{ResendBuffer: 4 << 10}}})
			if err != nil {
				return err
			}
			for i := range frames {
				p.At(reliable.Time(10+2*i)*milli, func() { pub.Publish(fmt.Appendf(nil, "%d", i)) })
			}
			p.At(reliable.Time(30+2*frames)*milli, pub.Close)
			return nil
		},
	}
}

// Data are the kinds of frames that carry messages, or ask for them.
var Data = []frame.Kind{frame.Data, frame.Repair, frame.Nack}

// All are all kinds.
var All = []frame.Kind{frame.Data, frame.Repair, frame.Nack, frame.Heartbeat, frame.Session,
	frame.Status, frame.Bye, frame.Gone, frame.Confirm, frame.Digest, frame.Find}
