package every

import (
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/send"
	"crier/testnet/link"
	"crier/testnet/world"
)

const milli = reliable.Time(time.Millisecond)

// Small is a small world: a publisher publishes some messages, each a frame, 2 ms apart, to some
// subscribers. Links take a millisecond.
type Small struct {
	Subscribers, Frames int
	// History is how many bytes each subscriber keeps for others; 0: none.
	History int
	// Stays says that the publisher doesn't leave, which it does 20 ms after the last message.
	Stays bool
	// Others is how many publishers there are besides, which do the same.
	Others int
	// Sender and Receiver, if set, tamper with the machines of the first publisher, and of the
	// first subscriber, or of Each.
	Sender   func(world.Sender) world.Sender
	Receiver func(world.Receiver) world.Receiver
	Each     bool
	// Script, if set, adds what happens besides.
	Script func(p *Play)
	// Hide, if set, tampers with all subscribers: see world.SubscriberConfig.Tamper.
	Hide func(ev *reliable.Event) bool
	// Tamper, if set, is called before a world is built, and may change it.
	Tamper func(*Small)
	// Begin is when the first message is published; 0 means after 10 ms.
	Begin time.Duration
	// End is how long a schedule takes; 0 means 9 s, or 20 s with histories: by then all must
	// have settled.
	End time.Duration
}

// Game returns the Game of a small world.
func (s Small) Game() *Game {
	name := fmt.Sprintf("one publisher, %d subscribers, %d frames", s.Subscribers, s.Frames)
	if s.Stays {
		name += ", which stays"
	}
	if s.Others > 0 {
		name += fmt.Sprintf(", and %d more", s.Others)
	}
	if s.History > 0 {
		name += fmt.Sprintf(", histories of %d KiB", s.History>>10)
	}
	end := 9000 * milli
	if s.History > 0 {
		end = 20_000 * milli
	}
	if s.End > 0 {
		end = reliable.Time(s.End)
	}
	return &Game{Name: name, End: end, Build: func(p *Play) error {
		one := s
		if s.Tamper != nil {
			s.Tamper(&one)
		}
		return one.build(p)
	}}
}

func (s *Small) build(p *Play) error {
	way := link.Config{Delay: link.FixedDelay(time.Millisecond)}
	for i := range s.Subscribers {
		cfg := world.SubscriberConfig{Down: way, Up: way, History: s.History}
		if i == 0 || s.Each {
			cfg.Wrap = s.Receiver
		}
		if s.Hide != nil {
			cfg.Tamper(s.Hide)
		}
		if _, err := p.World.AddSubscriber(cfg); err != nil {
			return err
		}
	}
	var pubs []*world.Publisher
	for i := range 1 + s.Others {
		cfg := world.PublisherConfig{Sender: send.Config{Datagram: 300,
			Retention: send.Retention{ResendBuffer: 4 << 10}}}
		if i == 0 {
			cfg.Wrap = s.Sender
		}
		pub, err := p.World.AddPublisher(cfg)
		if err != nil {
			return err
		}
		pubs = append(pubs, pub)
	}
	begin := 10 * milli
	if s.Begin > 0 {
		begin = reliable.Time(s.Begin)
	}
	for i := range s.Frames {
		p.At(begin+reliable.Time(2*i)*milli, func() {
			for _, pub := range pubs {
				pub.Publish(fmt.Appendf(nil, "%v %d", pub, i))
			}
		})
	}
	if !s.Stays {
		p.At(begin+reliable.Time(20+2*s.Frames)*milli, func() {
			for _, pub := range pubs {
				pub.Close()
			}
		})
	}
	if s.Script != nil {
		s.Script(p)
	}
	return nil
}
