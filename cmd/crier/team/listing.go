package team

import (
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
	"crier/subscriber/teams"
)

// Listing is the JSON of crier team.
type Listing struct {
	Topic string `json:"topic"` // as it was given
	Team  string `json:"team"`  // as it was given
	Time  string `json:"time"`  // when it was asked
	// Publishers are those that have the team.
	Publishers []Publisher `json:"publishers"`
	// Without are the addresses of those that don't have it.
	Without []string `json:"without,omitempty"`
	Silent  []string `json:"silent,omitempty"` // the addresses of those that didn't answer
}

// Publisher is what a publisher says of the team.
type Publisher struct {
	Name    string        `json:"name,omitempty"` // its own, where it is known
	Session string        `json:"session"`        // its id
	Address string        `json:"address"`        // its own
	Share   string        `json:"share"`          // partition or message
	Lease   time.Duration `json:"lease_ns"`       // of a grant
	Lag     uint64        `json:"lag"`            // messages of all partitions that aren't done
	GivenUp uint64        `json:"given_up"`       // messages that no member did
	// Redelivered counts messages that were granted again.
	Redelivered uint64      `json:"redelivered"`
	Partitions  []Partition `json:"partitions"` // how far the team is with each
	Members     []Member    `json:"members"`    // those that are there
}

// Partition is how far the team is with a partition.
type Partition struct {
	Partition uint32 `json:"partition"`       // its number
	Owner     string `json:"owner,omitempty"` // the member that works on it, by name
	Epoch     uint64 `json:"epoch"`           // of its grant
	Done      uint64 `json:"done"`            // the offset below which all is done
	Next      uint64 `json:"next"`            // the offset of the next message
	Lag       uint64 `json:"lag"`             // messages from done to next
	Attempt   uint32 `json:"attempt"`         // how often what comes next was granted
	State     string `json:"state"`           // held, given back (it is asked for) or free
}

// Member is a member of the team.
type Member struct {
	Name    string `json:"name"`
	Address string `json:"address"` // its own
	Weight  uint32 `json:"weight"`  // its part of the work compared to others
	// Room is how many messages it takes at once, where members share by message.
	Room        uint32 `json:"room,omitempty"`
	Partitions  int    `json:"partitions"`  // that it works on
	Outstanding uint32 `json:"outstanding"` // messages that it works on
	// Done is the messages that it did, where members share by message.
	Done uint64        `json:"done,omitempty"`
	Age  time.Duration `json:"age_ns"` // since the publisher heard of it
}

// listing returns what was answered.
func (o *options) listing(answers []teams.Answer, silent []teams.Publisher) *Listing {
	l := &Listing{Topic: o.topic, Team: o.team, Publishers: []Publisher{},
		Time: time.Now().UTC().Format(time.RFC3339Nano)}
	for i := range answers {
		a := &answers[i]
		if a.Refused != 0 {
			l.Without = append(l.Without, a.Addr.String())
			continue
		}
		p := publisherOf(a)
		p.Name = o.known[a.Addr].Publisher
		l.Publishers = append(l.Publishers, p)
	}
	for _, s := range silent {
		l.Silent = append(l.Silent, s.Addr.String())
	}
	return l
}

func publisherOf(a *teams.Answer) Publisher {
	p := Publisher{Session: a.Session.String(), Address: a.Addr.String(), Share: a.Share.String(),
		Lease: a.Lease, GivenUp: a.GivenUp, Redelivered: a.Redelivered, Partitions: []Partition{},
		Members: []Member{}}
	for i := range a.Members {
		m := &a.Members[i]
		p.Members = append(p.Members, Member{Name: m.Name, Address: m.Addr.String(),
			Weight: m.Weight, Outstanding: m.Outstanding, Done: m.Done, Age: m.Age})
		if a.Share == teams.ByMessage {
			p.Members[i].Room = m.Room
		}
	}
	for i := range a.Rows {
		r := &a.Rows[i]
		one := Partition{Partition: r.Partition, Epoch: r.Epoch, Done: r.Done, Next: r.Newest,
			Lag: r.Newest - min(r.Done, r.Newest), Attempt: r.Attempt, State: "free"}
		p.Lag += one.Lag
		if r.Owner >= 0 {
			one.Owner, one.State = p.Members[r.Owner].Name, "held"
			p.Members[r.Owner].Partitions++
			if r.State == teams.GiveBack {
				one.State = "given back"
			}
		}
		p.Partitions = append(p.Partitions, one)
	}
	return p
}

// text returns the listing for people.
func (l *Listing) text(s cli.Sheet, head string) string {
	var b strings.Builder
	for i := range l.Publishers {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s.Wrap(head+l.Publishers[i].title(l)+"\n", 2))
		t := l.Publishers[i].table()
		b.WriteString(t.Text(s))
		if m := l.Publishers[i].members(); len(m.Rows) > 0 {
			b.WriteByte('\n')
			b.WriteString(m.Text(s))
		}
	}
	for _, addr := range l.Silent {
		b.WriteString(s.Wrap(fmt.Sprintf("the publisher at %s didn't answer\n", addr), 2))
	}
	return b.String()
}

// title sums up a publisher.
func (p *Publisher) title(l *Listing) string {
	who := p.Address
	if p.Name != "" {
		who = cli.Printable(p.Name) + " at " + p.Address
	}
	text := fmt.Sprintf("team %s shares %s of %s by %s: %s, lease %s, lag %s", cli.Printable(l.Team),
		cli.Printable(l.Topic), who, p.Share, p.manned(), cli.Duration(p.Lease),
		cli.Grouped(p.Lag))
	if p.Redelivered > 0 {
		text += fmt.Sprintf(", %s granted again", cli.Grouped(p.Redelivered))
	}
	if p.GivenUp > 0 {
		text += fmt.Sprintf(", %s given up", cli.Grouped(p.GivenUp))
	}
	if len(p.Members) == 0 {
		text += "; nobody works, and what isn't done is kept for it"
	}
	return text
}

// manned counts the members, and those that have no partition where they share by that.
func (p *Publisher) manned() string {
	text := cli.Counted(uint64(len(p.Members)), "member", "members")
	spare := 0
	for i := range p.Members {
		if p.Members[i].Partitions == 0 {
			spare++
		}
	}
	if spare > 0 && p.Share == teams.ByPartition.String() {
		text += fmt.Sprintf(" (%d spare)", spare)
	}
	return text
}

// mostName is the length of a member's name in a table.
const mostName = 24

// table returns the partitions.
func (p *Publisher) table() *table.Table {
	t := &table.Table{Columns: []table.Column{{Head: "partition", Key: true},
		{Head: "owner", Left: true}, {Head: "epoch"}, {Head: "done"}, {Head: "next"}, {Head: "lag"},
		{Head: "attempt"}}}
	for i := range p.Partitions {
		one := &p.Partitions[i]
		owner := "-"
		if one.Owner != "" {
			owner = short(one.Owner)
		}
		if one.State == "given back" {
			owner += " (to give back)"
		}
		t.Add(fmt.Sprint(one.Partition), owner, fmt.Sprint(one.Epoch), cli.Grouped(one.Done),
			cli.Grouped(one.Next), table.Toned(cli.Noted, one.Lag, cli.Grouped(one.Lag)),
			table.Toned(cli.Noted, uint64(max(one.Attempt, 1)-1), fmt.Sprint(one.Attempt)))
	}
	return t
}

// members returns the members.
func (p *Publisher) members() *table.Table {
	t := &table.Table{Columns: []table.Column{{Head: "member", Key: true},
		{Head: "address", Left: true}, {Head: "weight"}, {Head: "room"}, {Head: "partitions"},
		{Head: "outstanding"}, {Head: "done"}, {Head: "heard", Left: true}}}
	for i := range p.Members {
		m := &p.Members[i]
		room, done := "-", "-"
		if m.Room > 0 {
			room, done = fmt.Sprint(m.Room), cli.Grouped(m.Done)
		}
		t.Add(short(m.Name), m.Address, fmt.Sprint(m.Weight), room, fmt.Sprint(m.Partitions),
			cli.Grouped(uint64(m.Outstanding)), done,
			cli.Duration(m.Age.Round(time.Millisecond))+" ago")
	}
	return t
}

// short returns a name that fits into a table.
func short(name string) string {
	r := []rune(cli.Printable(name))
	if len(r) <= mostName {
		return string(r)
	}
	return string(r[:mostName-1]) + "…"
}
