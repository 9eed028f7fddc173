package testnet

import (
	"fmt"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/reliable/team"
	"crier/reliable/team/member"
	"crier/reliable/topic"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// staff is a team over links of 1 ms that lose nothing, and a message each millisecond, to the
// partitions in turn.
type staff struct {
	*story.Story
	pub            *world.Publisher
	subs           []*world.Subscriber
	lease          time.Duration
	handed         [][]handed // by partition and offset
	claims, grants int        // CLAIMs and GRANTs so far
}

// handed is when a message was handed out first, and by which member.
type handed struct {
	at    reliable.Time
	sub   *world.Subscriber
	epoch uint64
}

const staffPartitions = 8

func newStaff(t *testing.T, seed uint64, lease time.Duration, n int) *staff {
	s := &staff{Story: story.New(t, seed), lease: lease, handed: make([][]handed, staffPartitions)}
	s.Observe(world.Observer{
		Sent: func(d *world.Datagram) {
			switch {
			case d.Frame.Kind == frame.Claim:
				s.claims++
			case d.Frame.Kind == frame.Grant:
				s.grants++
			}
		},
		Told: func(sub *world.Subscriber, ev *reliable.Event) {
			if ev.Kind != reliable.Message {
				return
			}
			list := s.handed[ev.Partition]
			for uint64(len(list)) <= ev.Offset {
				list = append(list, handed{})
			}
			if list[ev.Offset].sub == nil {
				list[ev.Offset] = handed{s.Now(), sub, ev.Epoch()}
			}
			s.handed[ev.Partition] = list
		},
	})
	for range n {
		s.hire(t, 0)
	}
	s.pub = story.AddPublisher(t, s.World, world.PublisherConfig{Sender: send.Config{
		Topic: "orders", Layout: topic.Layout{Partitions: staffPartitions},
		Teams: team.Config{Lease: lease}}})
	return s
}

// hire adds a member.
func (s *staff) hire(t *testing.T, at reliable.Time) *world.Subscriber {
	name := fmt.Sprint("w", len(s.subs))
	near := link.Config{Delay: link.FixedDelay(time.Millisecond)}
	sub := story.AddSubscriber(t, s.World, world.SubscriberConfig{Name: name, At: at, Down: near,
		Up: near, Team: member.Config{Team: "risk", Share: reliable.ByPartition, Name: name,
			Start: reliable.Oldest},
		Receiver: receive.Config{Topics: topicsOf("orders"), Start: reliable.Oldest}})
	s.subs = append(s.subs, sub)
	return sub
}

// publish publishes a message each millisecond, up to a time.
func (s *staff) publish(until reliable.Time) {
	story.Every(s.World, story.Milli, story.Milli, int(until/story.Milli)-1, func(n int) {
		s.pub.Send(world.Message{Payload: fmt.Append(nil, n), Direct: true,
			Partition: uint32(n % staffPartitions)})
	})
}

// owners returns which member handed out the last message of each partition.
func (s *staff) owners() (list []*world.Subscriber) {
	for _, of := range s.handed {
		list = append(list, of[len(of)-1].sub)
	}
	return list
}

// slowest returns how long the slowest message of a partition took, of those accepted from a time
// on.
func (s *staff) slowest(partition int, from reliable.Time) (worst time.Duration) {
	one := s.pub.Streams()[partition]
	for o, h := range s.handed[partition] {
		if at := one.AcceptedAt(uint64(o)); at >= from {
			worst = max(worst, h.at.Sub(at))
		}
	}
	return worst
}

// After a crash each partition of the dead member is another's within 17/16 of a lease and some
// round trips, and the others don't notice.
func TestTeamCrashTime(t *testing.T) {
	for seed := range uint64(8) {
		lease := 200*time.Millisecond + time.Duration(seed)*90*time.Millisecond
		s := newStaff(t, seed+1, lease, 4)
		crash := 3000*story.Milli + reliable.Time(seed)*7_654_321
		end := crash.Add(3 * lease)
		s.publish(end)
		var dead []*world.Subscriber
		s.At(crash, func() {
			dead = s.owners()
			s.subs[1].Crash()
		})
		s.Judge(crash, end.Add(10*time.Second))
		moved := 0
		for i, owner := range dead {
			bound := 10 * time.Millisecond
			if owner == s.subs[1] {
				moved++
				// What it had said last was heard a link's time after the crash at the latest.
				bound += lease + lease/16
			}
			if got := s.slowest(i, crash-100*story.Milli); got > bound {
				t.Errorf("seed %d, lease %v: a message of partition %d took %v, at most %v may pass",
					seed+1, lease, i, got, bound)
			}
		}
		if moved != staffPartitions/4 {
			t.Errorf("the member that crashed had %d partitions", moved)
		}
		if err := s.Checker.FinishTeams(crash, 5*time.Second); err != nil {
			t.Error(err)
		}
	}
}

// While members join and leave, partitions that don't move go on as if nothing was, to the
// nanosecond, and those that do come a few round trips later, unmarked.
func TestTeamUnmovedPartitionsGoOn(t *testing.T) {
	calm := newStaff(t, 5, time.Second, 3)
	calm.publish(8000 * story.Milli)
	calm.Judge(0, 10_000*story.Milli)
	s := newStaff(t, 5, time.Second, 3)
	s.publish(8000 * story.Milli)
	s.hire(t, 3000*story.Milli)
	s.At(5000*story.Milli, s.subs[0].Leave)
	s.Judge(5000*story.Milli, 10_000*story.Milli)
	if err := s.Checker.FinishTeams(5000*story.Milli, 4*time.Second); err != nil {
		t.Error(err)
	}
	stayed, moved := 0, 0
	for i := range s.handed {
		if s.pub.Streams()[i].NextOffset() != calm.pub.Streams()[i].NextOffset() ||
			uint64(len(s.handed[i])) != s.pub.Streams()[i].NextOffset() {
			t.Fatalf("partition %d has %d messages, and %d were handed out", i,
				s.pub.Streams()[i].NextOffset(), len(s.handed[i]))
		}
		epoch := s.handed[i][len(s.handed[i])-1].epoch
		if epoch == s.handed[i][0].epoch {
			stayed++
			for o := range s.handed[i] {
				if got, want := s.handed[i][o].at, calm.handed[i][o].at; got != want {
					t.Errorf("offset %d of partition %d, which stayed, was handed out at %s; in a "+
						"run where nobody came it was at %s", o, i, world.Stamp(got),
						world.Stamp(want))
				}
			}
			continue
		}
		moved++
		if got := s.slowest(i, 2000*story.Milli); got > 20*time.Millisecond {
			t.Errorf("a message of partition %d, which moved, took %v", i, got)
		}
	}
	if tally := s.Checker.TeamTally(); tally.Marked > 0 || tally.Repeated > 0 {
		t.Errorf("messages came again: %s", tally)
	}
	if stayed == 0 || moved == 0 {
		t.Errorf("%d partitions stayed, and %d moved", stayed, moved)
	}
}

// A team at rest costs a CLAIM and a GRANT a member each quarter of a lease.
func TestTeamAtRest(t *testing.T) {
	s := newStaff(t, 5, time.Second, 4)
	s.Judge(0, 3000*story.Milli)
	claims, grants := s.claims, s.grants
	s.Judge(0, 13_000*story.Milli)
	claims, grants = s.claims-claims, s.grants-grants
	if most := 4 * 4 * 10 * 11 / 10; claims > most || grants > most || claims == 0 || grants == 0 {
		t.Errorf("in 10 s at rest 4 members sent %d CLAIMs, and got %d GRANTs: at most %d are due",
			claims, grants, most)
	}
}
