package reliable

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crier/reliable/frame"
)

// PaceKind is the rule by which a Pace selects subscribers.
type PaceKind uint8

const (
	// PaceNone selects none. Only the network, the socket and the rate limit hold up the
	// producer.
	PaceNone PaceKind = iota
	// PaceSlowest selects the slowest subscriber.
	PaceSlowest
	// PaceQuorum keeps a frame until a number of subscribers have passed it, or all of
	// them if there are fewer.
	PaceQuorum
	// PaceNamed selects the slowest of the subscribers with certain names.
	PaceNamed
	// PaceTeams selects the slowest team: each counts as one subscriber, whose position is the
	// offset below which the team has done all. Those of its members don't count.
	PaceTeams
)

// Pace selects the subscribers whose pace counts. A Sender keeps its messages until they have
// taken them, and their lack of progress may hold up the producer. The zero value selects
// none.
type Pace struct {
	Kind PaceKind
	// Quorum is the number of subscribers of PaceQuorum, at least 1.
	Quorum int
	// Names are the names of PaceNamed.
	Names []string
}

// Slowest returns the pace of the slowest subscriber.
func Slowest() Pace { return Pace{Kind: PaceSlowest} }

// Quorum returns the pace by which a message is kept until n subscribers have taken it, or
// all of them if there are fewer.
func Quorum(n int) Pace { return Pace{Kind: PaceQuorum, Quorum: n} }

// Named returns the pace of the slowest of the subscribers with the given names.
func Named(names ...string) Pace { return Pace{Kind: PaceNamed, Names: names} }

// OfTeams returns the pace of the slowest team.
func OfTeams() Pace { return Pace{Kind: PaceTeams} }

// IsZero reports whether no subscriber's pace counts.
func (p *Pace) IsZero() bool { return p.Kind == PaceNone }

// String returns none, slowest, quorum:N, named:a,b or teams.
func (p Pace) String() string {
	switch p.Kind {
	case PaceSlowest:
		return "slowest"
	case PaceQuorum:
		return fmt.Sprintf("quorum:%d", p.Quorum)
	case PaceNamed:
		return "named:" + strings.Join(p.Names, ",")
	case PaceTeams:
		return "teams"
	}
	return "none"
}

// MarshalText returns the same text as String.
func (p Pace) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText parses the text that String returns.
func (p *Pace) UnmarshalText(text []byte) error {
	kind, value, has := strings.Cut(string(text), ":")
	pace := Pace{}
	switch {
	case kind == "none" && !has:
	case kind == "slowest" && !has:
		pace = Slowest()
	case kind == "quorum" && has:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("%q has no number of subscribers, 1 or more: write for instance "+
				"quorum:2", text)
		}
		pace = Quorum(n)
	case kind == "named" && has:
		pace = Named(strings.Split(value, ",")...)
	case kind == "teams" && !has:
		pace = OfTeams()
	default:
		return fmt.Errorf("%q is not a pace: use none, slowest, quorum:N, named:a,b or "+
			"teams", text)
	}
	if err := pace.Validate(); err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	*p = pace
	return nil
}

// Validate returns an error if the pace is invalid.
func (p *Pace) Validate() error {
	switch {
	case p.Kind > PaceTeams:
		return fmt.Errorf("a pace of kind %d is not known", p.Kind)
	case p.Kind == PaceQuorum && p.Quorum < 1:
		return fmt.Errorf("a quorum of %d subscribers is too small: it needs one at least",
			p.Quorum)
	case p.Kind == PaceNamed && len(p.Names) == 0:
		return fmt.Errorf("a pace of named subscribers needs their names")
	}
	for i, name := range p.Names {
		switch {
		case name == "" || len(name) > frame.MaxName:
			return fmt.Errorf("the name %q of a subscriber whose pace counts must have 1 to %d "+
				"bytes", name, frame.MaxName)
		case slices.Contains(p.Names[:i], name):
			return fmt.Errorf("the subscriber %q is named twice: once is enough", name)
		}
	}
	return nil
}

// Counts reports whether the pace of a subscriber with this name may count.
func (p *Pace) Counts(name string) bool {
	switch p.Kind {
	case PaceNone, PaceTeams:
		return false
	case PaceNamed:
		return slices.Contains(p.Names, name)
	}
	return true
}
