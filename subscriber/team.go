package subscriber

import (
	"fmt"
	"os"
	"unicode/utf8"

	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/survivor"
	"crier/reliable/team/member"
	"crier/reliable/topic"
)

// Share selects how the members of a team share its work.
type Share = reliable.Share

const (
	// ByPartition gives each partition to one member, which keeps the order in it. It is the
	// default.
	ByPartition Share = reliable.ByPartition
	// ByMessage gives each message to the member that has the least to do.
	ByMessage Share = reliable.ByMessage
)

// Orphans selects what becomes of orphans: messages that a member was granted, and has yet to hand
// out, when their publisher has fallen silent and the lease has run out.
type Orphans = reliable.Orphans

const (
	// OrphansDeliver delivers them: Event.Orphan marks them. It is the default.
	OrphansDeliver Orphans = reliable.OrphansDeliver
	// OrphansReport reports them lost, with CauseSilent.
	OrphansReport Orphans = reliable.OrphansReport
)

// A Grant is what makes a message this member's: see Event.Grant.
type Grant = reliable.Grant

// Revocation is the reason of a Revoked.
type Revocation = reliable.Revocation

// The reasons of a Revoked.
const (
	// RevokedGivenBack means that the member gave it back, having done all that was handed out.
	RevokedGivenBack Revocation = reliable.RevokedGivenBack
	// RevokedLapsed means that the lease ran out.
	RevokedLapsed Revocation = reliable.RevokedLapsed
	// RevokedSuperseded means that the publisher has granted it to another member.
	RevokedSuperseded Revocation = reliable.RevokedSuperseded
	// RevokedEnded means that the session is over, or the Subscriber was closed.
	RevokedEnded Revocation = reliable.RevokedEnded
)

// Refusal is the reason of a NotGranted, or 0 where the publisher doesn't answer.
type Refusal = frame.Refusal

// The reasons of a NotGranted.
const (
	// NameTaken means that another live member has the name.
	NameTaken Refusal = frame.NameTaken
	// OtherShare means that the team shares its work in the other way.
	OtherShare Refusal = frame.OtherShare
	// TooMany means that there are too many teams, or members.
	TooMany Refusal = frame.TooMany
	// NoTeams means that the publisher grants nothing.
	NoTeams Refusal = frame.NoTeams
	// NoTeam means that the team was forgotten.
	NoTeam Refusal = frame.NoTeam
)

// TeamState is a member's part in its team, at one publisher, and TeamPartition that in a
// partition.
type (
	TeamState     = member.State
	TeamPartition = member.PartitionState
)

// Teams returns the member's part in its team at each publisher. It may be called after Close, and
// by a Handler.
func (s *Subscriber) Teams() []TeamState {
	s.loop.Lock()
	defer s.loop.Unlock()
	return s.receiver.Teams()
}

var (
	// ErrNoTeam is returned by Event.Done, Release and Working outside of teams.
	ErrNoTeam = reliable.ErrNoTeam
	// ErrDoneTwice is returned where a message is done, or was released, already. Where messages are
	// shared, it is ErrRevoked once the publisher knows.
	ErrDoneTwice = reliable.ErrDoneTwice
	// ErrRevoked is returned where another member may have the message by now. What was done of
	// it counts nevertheless.
	ErrRevoked = reliable.ErrRevoked
)

// setTeamDefaults fills in the defaults of a member.
func (c *Config) setTeamDefaults() {
	if c.Team == "" {
		return
	}
	if c.Share == 0 {
		c.Share = ByPartition
	}
	if c.Name == "" {
		c.Name = defaultName()
	}
}

// defaultName returns the name of a member that has none: host and process number, within the
// length of a name.
func defaultName() string {
	pid := fmt.Sprintf("-%d", os.Getpid())
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "member"
	}
	return host[:min(len(host), topic.MaxName-len(pid))] + pid
}

// validateTeam checks what a member of a team may configure beside its own numbers.
func (c *Config) validateTeam() error {
	if c.Team == "" {
		return c.validateNoTeam()
	}
	switch {
	case !utf8.ValidString(c.Team):
		return config.Errorf("Team", "the team's name %q isn't UTF-8", c.Team)
	case c.Topic == "":
		return config.Errorf("Topic", "a team shares the messages of a topic, and none is given")
	case topic.IsPattern(c.Topic):
		return config.Errorf("Topic", "a team shares the messages of one topic, and %s is a "+
			"pattern; use a subscriber for each topic", c.Topic)
	case c.Partitions != nil:
		return config.Errorf("Partitions", "a team's partitions are granted to its members: "+
			"leave them out")
	case c.Offsets != nil:
		return config.Errorf("Offsets", "a team's positions are with its publishers: leave out "+
			"a store of one's own")
	case c.Start != Latest && c.Start != Oldest:
		return config.Errorf("Start", "a team goes on where it was, and a new one begins at "+
			"Latest or Oldest, not at %v", c.Start)
	case c.Until != Until{}:
		return config.Errorf("Until", "a team works without end: leave out %v", c.Until)
	case c.Order != InOrder:
		return config.Errorf("Order", "a team needs the order %v: what is done is counted by "+
			"offsets", InOrder)
	case c.Overload != OverloadBlock && c.Overload != OverloadBuffer:
		return config.Errorf("Overload", "a team doesn't drop messages that were granted: use %v "+
			"or %v, not %v", OverloadBlock, OverloadBuffer, c.Overload)
	case c.Recovery.Off:
		return config.Errorf("Recovery.Off", "a team needs recovery: what a member gets was sent "+
			"before, or is to be sent again")
	}
	return nil
}

// validateNoTeam checks that nothing is configured that only a member of a team has.
func (c *Config) validateNoTeam() error {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"Share", c.Share != 0}, {"Weight", c.Weight != 0}, {"Room", c.Room != 0},
		{"Window", c.Window != 0}, {"ManualDone", c.ManualDone},
		{"Orphans", c.Orphans != OrphansDeliver},
	} {
		if f.set {
			return config.Errorf(f.name, "it is a team's, and no Team is given")
		}
	}
	return nil
}

// member returns the configuration of the machine.
func (s *Subscriber) member(r receive.Config, h survivor.History) member.Config {
	c := &s.cfg
	m := member.Config{Team: c.Team, Receive: r, History: h}
	if c.Team == "" {
		return m
	}
	m.Share, m.Name, m.Weight, m.Room, m.Window = c.Share, c.Name, c.Weight, c.Room, c.Window
	m.Start, m.Orphans, m.PID = c.Start, c.Orphans, uint32(os.Getpid())
	m.Host, _ = os.Hostname()
	m.Worker = worker{s}
	return m
}
