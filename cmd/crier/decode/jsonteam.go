package decode

import (
	"fmt"
	"time"

	"crier/reliable/frame"
)

// announcedTeamJSON is a team in an ANNOUNCE.
type announcedTeamJSON struct {
	Name    string `json:"name"`
	Share   string `json:"share"`
	Members uint32 `json:"members"`
	Lag     uint64 `json:"lag"`
}

func announcedJSON(teams []frame.AnnouncedTeam) []announcedTeamJSON {
	list := make([]announcedTeamJSON, len(teams))
	for i, t := range teams {
		list[i] = announcedTeamJSON{string(t.Name), t.Share.String(), t.Members, t.Lag}
	}
	return list
}

// shareJSON adds a team's share, if it is told.
func shareJSON(o *object, share frame.Share) {
	if share != frame.Watch {
		o.add("share", share.String())
	}
}

// numberJSON adds a number, unless it is 0.
func numberJSON(o *object, name string, n uint64) {
	if n != 0 {
		o.add(name, n)
	}
}

// claimEntryJSON is what a member says of a partition.
type claimEntryJSON struct {
	Channel  uint32      `json:"channel"`
	Epoch    uint64      `json:"epoch"`
	State    string      `json:"state"`
	Sequence uint64      `json:"sequence"`
	Done     uint64      `json:"done"`
	Received uint64      `json:"received"`
	Ranges   []rangeJSON `json:"ranges,omitempty"`
	Freed    []rangeJSON `json:"freed,omitempty"`
	Working  []rangeJSON `json:"working,omitempty"`
}

// claimJSON adds the fields of CLAIM.
func claimJSON(o *object, f *frame.Frame) {
	c := f.Claim
	o.add("subscriber", id(f.Subscriber))
	o.add("request", id(f.Request))
	o.add("granted_ns", c.Granted)
	o.add("team", string(c.Team))
	shareJSON(o, c.Share)
	if len(f.Name) > 0 {
		o.add("name", string(f.Name))
	}
	if c.Weight != 1 {
		o.add("weight", c.Weight)
	}
	numberJSON(o, "messages_at_once", uint64(c.Room))
	numberJSON(o, "window", uint64(c.Window))
	if c.Oldest {
		o.add("oldest", true)
	}
	if len(c.Host) > 0 {
		o.add("host", string(c.Host))
	}
	numberJSON(o, "process", uint64(c.PID))
	if c.Forget {
		o.add("forget", true)
	}
	o.add("properties", fmt.Sprintf("%x", f.Properties))
	entries := make([]claimEntryJSON, len(c.Entries))
	for i, e := range c.Entries {
		entries[i] = claimEntryJSON{e.Channel, e.Epoch, e.State.String(), e.Seq, e.Done, e.Received,
			rangesJSON(e.Ranges), rangesJSON(e.Freed), rangesJSON(e.Working)}
	}
	o.add("claims", entries)
}

// passedJSON are the offsets [From, To) of a channel.
type passedJSON struct {
	Channel uint32 `json:"channel"`
	From    uint64 `json:"from"`
	To      uint64 `json:"to"`
}

// grantEntryJSON is what a publisher grants of a partition. To is 0 where there is no end.
type grantEntryJSON struct {
	Channel  uint32 `json:"channel"`
	Epoch    uint64 `json:"epoch"`
	State    string `json:"state"`
	Sequence uint64 `json:"sequence"`
	From     uint64 `json:"from"`
	To       uint64 `json:"to"`
	Attempt  uint32 `json:"attempt"`
}

// grantJSON adds the fields of GRANT.
func grantJSON(o *object, f *frame.Frame) {
	g := f.Grant
	o.add("subscriber", id(f.Subscriber))
	o.add("request", id(f.Request))
	o.add("stamp_ns", g.Stamp)
	o.add("team", string(g.Team))
	shareJSON(o, g.Share)
	numberJSON(o, "lease_ns", uint64(g.Lease))
	numberJSON(o, "members", uint64(g.Members))
	numberJSON(o, "work_time_ns", uint64(g.WorkTime))
	if g.Refused != 0 {
		o.add("refused", g.Refused.String())
	}
	if g.Finished {
		o.add("finished", true)
	}
	if len(g.Passed) > 0 {
		passed := make([]passedJSON, len(g.Passed))
		for i, p := range g.Passed {
			passed[i] = passedJSON{p.Channel, p.From, p.Offset}
		}
		o.add("passed", passed)
	}
	o.add("properties", fmt.Sprintf("%x", f.Properties))
	entries := make([]grantEntryJSON, len(g.Entries))
	for i, e := range g.Entries {
		entries[i] = grantEntryJSON{e.Channel, e.Epoch, e.State.String(), e.Seq, e.From, e.To,
			e.Attempt}
	}
	o.add("grants", entries)
}

// teamMemberJSON is a member of a team.
type teamMemberJSON struct {
	Name        string        `json:"name"`
	Subscriber  string        `json:"subscriber"`
	Address     string        `json:"address"`
	Index       uint32        `json:"index"`
	Weight      uint32        `json:"weight"`
	Room        uint32        `json:"room"`
	Outstanding uint32        `json:"outstanding"`
	Done        uint64        `json:"done"`
	Age         time.Duration `json:"age_ns"`
}

// teamRowJSON is a partition of a team. Owner is one more than the index of the member that works
// on it, or 0.
type teamRowJSON struct {
	Channel uint32 `json:"channel"`
	Owner   uint32 `json:"owner"`
	Epoch   uint64 `json:"epoch"`
	Done    uint64 `json:"done"`
	Newest  uint64 `json:"newest"`
	Attempt uint32 `json:"attempt"`
	State   string `json:"state"`
}

// teamJSON adds the fields of TEAM.
func teamJSON(o *object, f *frame.Frame) {
	t := f.Team
	o.add("request", id(f.Request))
	o.add("part_of_answer", t.Part)
	o.add("parts", t.Parts)
	o.add("team", string(t.Team))
	shareJSON(o, t.Share)
	numberJSON(o, "lease_ns", uint64(t.Lease))
	numberJSON(o, "given_up", t.GivenUp)
	numberJSON(o, "redelivered", t.Redelivered)
	if t.Refused != 0 {
		o.add("refused", t.Refused.String())
	}
	o.add("properties", fmt.Sprintf("%x", f.Properties))
	members := make([]teamMemberJSON, len(t.Members))
	for i, m := range t.Members {
		members[i] = teamMemberJSON{string(m.Name), id(m.Subscriber), addressJSON(m.Address),
			m.Index, m.Weight, m.Room, m.Outstanding, m.Done, m.Age}
	}
	o.add("team_members", members)
	rows := make([]teamRowJSON, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = teamRowJSON{r.Channel, r.Owner, r.Epoch, r.Done, r.Newest, r.Attempt,
			r.State.String()}
	}
	o.add("rows", rows)
}
