package pub

import (
	"fmt"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/trouble"
	"crier/publisher"
)

// A holding is the team that most messages are kept for.
type holding struct {
	publisher.Undone
	members int // of the team
}

// holdingOf returns the team that most messages are kept for, or nil.
func holdingOf(p *publisher.Publisher) *holding {
	u, ok := p.TeamHolds()
	if !ok {
		return nil
	}
	h := &holding{Undone: u}
	for _, t := range p.TeamStates() {
		if t.Team == u.Team {
			h.members = t.Members
		}
	}
	return h
}

// troubles names the team if it has no member, or leaves no room.
func (h *holding) troubles(full bool) []trouble.Trouble {
	if h == nil || h.members > 0 && !full {
		return nil
	}
	name := cli.Printable(h.Team)
	verdict, does := "team full", "leaves no room"
	next := "start more members, or have them do less; crier team shows which one is behind"
	if h.members == 0 {
		verdict, does = "team empty", "has no member, and messages are kept for it"
		next = "start a member of it, or have it forgotten (crier team TOPIC TEAM --forget, or " +
			"--team-expiry)"
	}
	return []trouble.Trouble{{Key: verdict + " " + h.Team,
		Over: func() string { return "team " + name + " is not in the way any more" },
		Report: func(time.Duration) trouble.Report {
			return trouble.Report{Verdict: verdict, Head: fmt.Sprintf(
				"team %s %s: it has yet to do %s of partition %d, from offset %s on", name, does,
				cli.Counted(h.Messages, "message", "messages"), h.Partition,
				cli.Grouped(h.First)),
				Findings: []trouble.Finding{{Mark: trouble.Next, Text: next}}}
		}}}
}
