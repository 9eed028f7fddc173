package every

import (
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/reliable/team"
	"crier/reliable/team/member"
	"crier/reliable/topic"
	"crier/testnet/link"
	"crier/testnet/world"
)

// Team is a small world of a team: a publisher of two partitions, and members that share them.
// Links take a millisecond.
type Team struct {
	Members int
	// Messages is how many frames each partition has, of Burst messages each, 0 meaning 1. Apart
	// is the time between two, and Begin when the first is published.
	Messages     int
	Burst        int
	Apart, Begin time.Duration
	// Work is how long a message takes.
	Work time.Duration
	// Window is how many messages may be handed out before they are confirmed; 0: the default.
	Window int
	// Clocks are by how many millionths the clocks of the publisher and of the members are off.
	Clocks []int
	// End is how long a schedule takes: by then all must have settled.
	End time.Duration
	// Member, if set, tampers with the machines of all members.
	Member func(world.Member) world.Member
}

// teamLease is the shortest lease.
const teamLease = 200 * time.Millisecond

// Game returns the Game of a team.
func (s Team) Game() *Game {
	return &Game{
		Name: fmt.Sprintf("a team of %d, two partitions, %d frames of %d messages each",
			s.Members, s.Messages, max(s.Burst, 1)),
		End:   reliable.Time(s.End),
		Build: s.build,
	}
}

// clock returns that of the i-th process.
func (s *Team) clock(i int) world.ClockConfig {
	if i < len(s.Clocks) {
		return world.ClockConfig{PPM: s.Clocks[i]}
	}
	return world.ClockConfig{}
}

func (s Team) build(p *Play) error {
	way := link.Config{Delay: link.FixedDelay(time.Millisecond)}
	for i := range s.Members {
		if _, err := p.World.AddSubscriber(world.SubscriberConfig{
			Down: way, Up: way, Work: s.Work, Clock: s.clock(1 + i), WrapMember: s.Member,
			Receiver: receive.Config{Runs: true, Topics: []receive.Topic{{Name: "orders"}}},
			Team: member.Config{Team: "risk", Share: reliable.ByPartition,
				Name: fmt.Sprintf("m%d", i), Window: s.Window},
		}); err != nil {
			return err
		}
	}
	pub, err := p.World.AddPublisher(world.PublisherConfig{
		Clock: s.clock(0),
		Sender: send.Config{
			Topic: "orders", Layout: topic.Layout{Partitions: 2, Groups: 1}, Datagram: 300,
			BatchWait: time.Millisecond,
			Retention: send.Retention{ResendBuffer: 8 << 10},
			Teams:     team.Config{Lease: teamLease, Settle: -1, Debounce: -1},
		},
	})
	if err != nil {
		return err
	}
	for i := range s.Messages {
		p.At(reliable.Time(s.Begin+time.Duration(i)*s.Apart), func() {
			for partition := range uint32(2) {
				for n := range max(s.Burst, 1) {
					pub.Send(world.Message{Direct: true, Partition: partition,
						Payload: fmt.Appendf(nil, "%d/%d.%d", partition, i, n)})
				}
			}
		})
	}
	return nil
}
