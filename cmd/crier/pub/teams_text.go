package pub

import (
	"fmt"
	"strings"

	"crier/cmd/crier/cli"
	"crier/publisher"
	"crier/reliable"
)

// teamSummary is a team's row of a summary.
type teamSummary struct {
	Team    string `json:"team"`    // its name
	Share   string `json:"share"`   // partition or message
	Members int    `json:"members"` // those that are there
	Spare   int    `json:"spare"`   // those of them that have nothing to do
	// Done is the number of messages of the session below which all is done, of all partitions.
	Done uint64 `json:"done"`
	Lag  uint64 `json:"lag"` // messages from there on, of all partitions
	// Redelivered counts messages that were granted with an attempt above 1, each time.
	Redelivered uint64 `json:"redelivered"`
	GivenUp     uint64 `json:"given_up"` // messages
	// GivenUpMessages are the first of those, up to 1,000 of all teams.
	GivenUpMessages []givenUpMessage `json:"given_up_messages,omitempty"`
	// Undone are the messages that the team hasn't done, by partition.
	Undone []undoneMessages `json:"undone,omitempty"`
}

// givenUpMessage names a message that was given up.
type givenUpMessage struct {
	Partition uint32 `json:"partition"` // its number
	Offset    uint64 `json:"offset"`    // its own
	Attempts  uint32 `json:"attempts"`  // how often it was granted
}

// undoneMessages are messages of a partition that a team hasn't done.
type undoneMessages struct {
	Partition  uint32 `json:"partition"`   // its number
	Offset     uint64 `json:"offset"`      // of the first one that isn't done
	NextOffset uint64 `json:"next_offset"` // behind the last one
	Messages   uint64 `json:"messages"`    // those between them that aren't done
}

// teamSummaries returns what is known of the teams.
func teamSummaries(p *publisher.Publisher) (list []teamSummary) {
	givenUp, undone, accepted := p.GivenUp(), p.Undone(), p.Stats().Accepted
	for _, t := range p.TeamStates() {
		s := teamSummary{Team: t.Team, Share: t.Share.String(), Members: t.Members,
			Done: min(t.Done, accepted-min(accepted, t.Lag)), Lag: t.Lag,
			Redelivered: t.Redelivered, GivenUp: t.GivenUp}
		if t.Share == reliable.ByPartition {
			s.Spare = t.Spare
		}
		for _, g := range givenUp {
			if g.Team == t.Team {
				s.GivenUpMessages = append(s.GivenUpMessages,
					givenUpMessage{g.Partition, g.Offset, g.Attempts})
			}
		}
		for _, u := range undone {
			if u.Team == t.Team {
				s.Undone = append(s.Undone,
					undoneMessages{u.Partition, u.First, u.Next, u.Messages})
			}
		}
		list = append(list, s)
	}
	return list
}

const (
	// mostTeams and mostNamed bound the teams, and the messages or partitions of one, in words.
	mostTeams = 10
	mostNamed = 10
)

// teamsText tells of the teams at the end: a line for each, and those that name what it lacks.
func teamsText(list []teamSummary) string {
	var b strings.Builder
	for i := range list {
		if i == mostTeams {
			fmt.Fprintf(&b, "  and %d more teams\n", len(list)-i)
			break
		}
		s := &list[i]
		fmt.Fprintf(&b, "  team %s, by %s: %s", cli.Printable(s.Team), s.Share,
			cli.Counted(uint64(s.Members), "member", "members"))
		if s.Spare > 0 {
			fmt.Fprintf(&b, ", %d spare", s.Spare)
		}
		fmt.Fprintf(&b, ", %s done", cli.Counted(s.Done, "message", "messages"))
		if s.Lag > 0 {
			fmt.Fprintf(&b, ", %s behind", cli.Grouped(s.Lag))
		}
		if s.Redelivered > 0 {
			fmt.Fprintf(&b, ", %s granted again", cli.Grouped(s.Redelivered))
		}
		if s.GivenUp > 0 {
			fmt.Fprintf(&b, ", %s given up", cli.Grouped(s.GivenUp))
		}
		b.WriteByte('\n')
		for j, g := range s.GivenUpMessages[:min(len(s.GivenUpMessages), mostNamed)] {
			fmt.Fprintf(&b, "    given up after %s: offset %s of partition %d",
				cli.Counted(uint64(g.Attempts), "attempt", "attempts"), cli.Grouped(g.Offset),
				g.Partition)
			if more := s.GivenUp - uint64(j+1); j+1 == mostNamed && more > 0 {
				fmt.Fprintf(&b, ", and %s more", cli.Grouped(more))
			}
			b.WriteByte('\n')
		}
		for j, u := range s.Undone {
			if j == mostNamed {
				fmt.Fprintf(&b, "    and so it is in %d more partitions\n", len(s.Undone)-j)
				break
			}
			fmt.Fprintf(&b, "    not done: %s of partition %d, %s\n",
				cli.Counted(u.Messages, "message", "messages"), u.Partition,
				cli.Offsets(u.Offset, u.NextOffset))
		}
	}
	return b.String()
}

// teamOrNone returns the name of the team that a subscriber is a member of, or "-".
func teamOrNone(s *publisher.Subscriber) string {
	if s.Team == "" {
		return "-"
	}
	return cli.Printable(s.Team)
}
