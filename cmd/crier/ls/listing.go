package ls

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/subscriber/directory"
)

// Listing is the JSON of crier ls.
type Listing struct {
	Pattern   string `json:"pattern"`   // that the topics match
	Interface string `json:"interface"` // as it was given
	// Publishers are in the order of topics and publishers' names.
	Publishers []Publisher `json:"publishers"`
	Conflicts  []Conflict  `json:"conflicts,omitempty"` // up to 64

	teams bool // whether the text has them
}

// Publisher is a publisher of a topic, as it announces itself.
type Publisher struct {
	Topic      string `json:"topic"`      // its name
	Partitions int    `json:"partitions"` // how many it has
	Groups     int    `json:"groups"`     // how many carry its data
	// Base is the topic's home group, if one was given. Else its groups follow from its name.
	Base    string `json:"base,omitempty"`
	Name    string `json:"name,omitempty"` // the publisher's
	Session string `json:"session"`        // its id
	Address string `json:"address"`        // the publisher's own
	Host    string `json:"host,omitempty"` // the name of its machine
	PID     uint32 `json:"pid,omitempty"`  // the number of its process there
	Started string `json:"started"`        // when the session began, by the publisher's clock
	// Messages are what is published in a second, on average since the publisher last said so.
	Messages uint64 `json:"messages_per_second"`
	// Bytes are those of the messages in a second.
	Bytes       uint64 `json:"bytes_per_second"`
	Subscribers int    `json:"subscribers"` // as many as it knows
	// Teams are up to 8 of those that share the topic's messages.
	Teams []Team `json:"teams,omitempty"`
}

// Team is a team that shares a topic's messages.
type Team struct {
	Name    string `json:"name"`    // its name
	Share   string `json:"share"`   // how it shares: partition or message
	Members int    `json:"members"` // how many it has
	Lag     uint64 `json:"lag"`     // messages that it hasn't done
}

// Conflict is a conflict between two publishers.
type Conflict struct {
	Kind  string `json:"kind"`  // same group, same name or other layout
	Topic string `json:"topic"` // of the first publisher
	// OtherTopic is that of the other publisher, in a conflict about a group.
	OtherTopic   string `json:"other_topic,omitempty"`
	Group        string `json:"group,omitempty"` // the one that both use
	Address      string `json:"address"`         // the first publisher's
	OtherAddress string `json:"other_address"`   // the other publisher's
	Text         string `json:"text"`            // the conflict, and the remedy
}

func listingOf(c *directory.Client, pattern, iface string) *Listing {
	l := &Listing{Pattern: pattern, Interface: iface, Publishers: []Publisher{}}
	for _, e := range c.Entries() {
		l.Publishers = append(l.Publishers, publisherOf(&e))
	}
	for _, one := range c.Conflicts() {
		l.Conflicts = append(l.Conflicts, conflictOf(&one))
	}
	return l
}

func publisherOf(e *directory.Entry) Publisher {
	p := Publisher{
		Topic: e.Topic, Partitions: e.Partitions, Groups: e.Groups, Name: e.Publisher,
		Session: e.Session.String(), Address: e.Addr.String(), Host: e.Host, PID: e.PID,
		Started: e.Started.UTC().Format(time.RFC3339Nano), Messages: e.Messages, Bytes: e.Bytes,
		Subscribers: e.Subscribers,
	}
	if e.Base.IsValid() {
		p.Base = e.Base.String()
	}
	for _, t := range e.Teams {
		p.Teams = append(p.Teams, Team{t.Name, t.Share.String(), t.Members, t.Lag})
	}
	return p
}

func conflictOf(c *directory.Conflict) Conflict {
	out := Conflict{Kind: c.Kind.String(), Topic: c.A.Topic, Address: c.A.Addr.String(),
		OtherAddress: c.B.Addr.String()}
	a, b := cli.Printable(c.A.Topic), cli.Printable(c.B.Topic)
	switch c.Kind {
	case directory.SameGroup:
		out.OtherTopic, out.Group = c.B.Topic, c.Group.String()
		out.Text = fmt.Sprintf("%s and %s share the group %v, so that the subscribers of one get "+
			"the other's datagrams and drop them: give one a --group", a, b, c.Group)
	case directory.SameName:
		out.Text = fmt.Sprintf("%s has two publishers of the name %s, at %v and %v: stop one, or "+
			"give it another --name", a, cli.Printable(c.A.Publisher), c.A.Addr, c.B.Addr)
	case directory.OtherLayout:
		out.Text = fmt.Sprintf("%s has publishers with %s at %v and %s at %v: give all of a topic "+
			"the same --partitions, --groups and --group", a, layout(&c.A), c.A.Addr, layout(&c.B),
			c.B.Addr)
	}
	return out
}

// layout describes partitions and groups.
func layout(e *directory.Entry) string {
	text := fmt.Sprintf("%s over %s", cli.Counted(uint64(e.Partitions), "partition", "partitions"),
		cli.Counted(uint64(e.Groups), "group", "groups"))
	if !e.Base.IsValid() {
		return text + " by name"
	}
	return fmt.Sprintf("%s from %v on", text, e.Base)
}

// groups describes the groups of a topic.
func groups(n int, base netip.AddrPort) string {
	switch {
	case !base.IsValid():
		return fmt.Sprintf("%d by name", n)
	case n == 1:
		return base.String()
	}
	return fmt.Sprintf("%d behind %v", n, base)
}

// text returns the listing for people. Names that are too long for the table are cut there, and
// stand whole below it.
func (l *Listing) text(s cli.Sheet) string {
	var b strings.Builder
	t, long := l.table(s.Width)
	if l.teams {
		long = append(long, l.teamTexts()...)
	}
	b.WriteString(t.Text(s))
	gap := "\n"
	below := func(text string) {
		b.WriteString(gap + s.Wrap(text+"\n", 2))
		gap = ""
	}
	for _, text := range long {
		below(text)
	}
	for i := range l.Conflicts {
		below(s.Paint(cli.Noted, l.Conflicts[i].Text))
	}
	return b.String()
}

// teamTexts returns a line for each publisher that grants its messages to teams.
func (l *Listing) teamTexts() (lines []string) {
	for i := range l.Publishers {
		p := &l.Publishers[i]
		var teams []string
		for _, t := range p.Teams {
			teams = append(teams, fmt.Sprintf("%s (by %s, %s, lag %s)", cli.Printable(t.Name),
				t.Share, cli.Counted(uint64(t.Members), "member", "members"), cli.Grouped(t.Lag)))
		}
		if len(teams) > 0 {
			lines = append(lines, fmt.Sprintf("teams of %s by %s: %s", cli.Printable(p.Topic),
				p.who(leastName), strings.Join(teams, ", ")))
		}
	}
	return lines
}

// who names a publisher: by its name, of so many characters at most, and the address of its
// machine, or else by its own address.
func (p *Publisher) who(most int) string {
	at, err := netip.ParseAddrPort(p.Address)
	if p.Name == "" || err != nil {
		return p.Address
	}
	return fmt.Sprintf("%s at %v", shortened(cli.Printable(p.Name), most), at.Addr())
}
