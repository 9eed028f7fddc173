package member

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// Stats counts the work of a Member for its team.
type Stats struct {
	// Claims and Grants count CLAIMs sent and GRANTs taken.
	Claims, Grants uint64
	// Stale counts GRANTs that answer no CLAIM of late, or whose lease had run out, and OldEpochs
	// entries of grants that are over.
	Stale, OldEpochs uint64
	// Aside counts GRANTs for others, and of strangers.
	Aside uint64
	// Refused counts the times that a publisher began to refuse the member, and Unanswered those
	// that one began not to answer.
	Refused, Unanswered uint64
	// Assigned counts partitions that were granted, GivenBack those that were given back, and
	// Lapsed those whose lease ran out.
	Assigned, GivenBack, Lapsed uint64
	// HandedOut counts messages, and Withheld those that were not handed out as their grant was
	// over.
	HandedOut, Withheld uint64
	// Done counts messages that were done, DoneTwice those that were before, and DoneLate those
	// whose grant was over by then.
	Done, DoneTwice, DoneLate uint64
	// Orphans counts messages that were handed out as orphans, and OrphansReported those that
	// were named lost.
	Orphans, OrphansReported uint64
}

// TeamStats returns the counters so far.
func (m *Member) TeamStats() Stats { return m.stats }

// A State is a member's part in a team, at one publisher.
type State struct {
	Team      string
	Share     reliable.Share
	Session   reliable.SessionID
	Topic     string
	Publisher string
	// Members is the team's number of members, and Lease the lease; 0 while unknown.
	Members int
	Lease   time.Duration
	// Refused is the reason for which the publisher refuses the member; 0: it doesn't.
	// Unanswered says that it doesn't answer.
	Refused    frame.Refusal
	Unanswered bool
	// Partitions are those that are held, or got ready for.
	Partitions []PartitionState
}

// A PartitionState is a member's part in a partition.
type PartitionState struct {
	Partition uint32
	Epoch     uint64
	Attempt   uint32
	// Held says that it is the member's; else it gets ready for it. Giving says that it gives it
	// back, and Orphan that the publisher is silent.
	Held, Giving, Orphan bool
	// Confirmed is the offset below which all is done by the publisher's word, Done that below
	// which all is, HandedOut and Received those behind what was handed out and came, and Newest
	// that behind the last message that is known to exist.
	Confirmed, Done, HandedOut, Received, Newest uint64
}

// Teams returns the member's part in the teams, a session each.
func (m *Member) Teams() []State {
	list := make([]State, 0, len(m.courts))
	for _, c := range m.courts {
		life, ok := m.Life(c.id)
		if !ok {
			continue
		}
		one := State{Team: m.cfg.Team, Share: m.cfg.Share, Session: reliable.SessionID(c.id),
			Topic: life.Topic, Publisher: life.Publisher, Refused: c.refused, Unanswered: c.mute}
		if c.stamp != 0 {
			one.Members, one.Lease = int(c.members), c.lease
		}
		for _, s := range c.seats {
			if s == nil || s.tenure == nil && !s.prepared {
				continue
			}
			p, _ := m.Place(c.id, s.channel)
			ps := PartitionState{Partition: s.channel, Done: s.from, HandedOut: s.from,
				Confirmed: s.from, Received: p.Received, Newest: p.Newest}
			if t := s.tenure; t != nil {
				ps.Held, ps.Giving, ps.Orphan = true, t.giving, t.orphan != 0
				ps.Epoch, ps.Attempt = t.epoch, t.spans[0].Attempt
				ps.Confirmed, ps.Done, ps.HandedOut = t.confirmed, t.done, t.handed
			}
			one.Partitions = append(one.Partitions, ps)
		}
		list = append(list, one)
	}
	return list
}
