// Package check judges facts of this machine: each check asks one question about a group, an
// interface and a direction, and answers with the evidence and with what mends it.
package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"crier/cmd/crier/host"
)

// Check is the answer of one check.
type Check struct {
	// Name is the subject, such as rp_filter.
	Name  string `json:"name"`
	State State  `json:"state"`
	// Evidence is what was found, as a clause that may follow a colon. It says what follows
	// from it, if that isn't plain.
	Evidence string `json:"evidence"`
	// Mend is one command, or one action, that mends a problem.
	Mend string `json:"mend,omitempty"`
}

// State is what a check found.
type State int

const (
	// OK means that this does not stand in the way.
	OK State = iota
	// Note is something to know, that may matter.
	Note
	// Problem is something that has to be mended.
	Problem
	// Unknown means that the facts could not be read.
	Unknown
)

var stateNames = [...]string{"ok", "note", "problem", "unknown"}

func (s State) String() string { return stateNames[s] }

// MarshalText and UnmarshalText write and read the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's name.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no state: ok, note, problem or unknown", text)
}

// Role is for whom a check is made.
type Role int

const (
	// Both halves may run on this host.
	Both Role = iota
	// Subscriber and Publisher are one of them.
	Subscriber
	Publisher
)

// Question is what the checks are asked about.
type Question struct {
	Role Role
	// Group is the group's address and port.
	Group netip.AddrPort
	// Interface is the interface as it was given: a name or an address. Defaulted says that
	// it wasn't: lo then stands for a choice that nobody made.
	Interface string
	Defaulted bool
	// ControlPort is this host's unicast port, 0 if the kernel is to choose one.
	ControlPort uint16
	// Peer is the other host, and PeerPort its control port, if they are known.
	Peer     netip.Addr
	PeerPort uint16
	// Rate is how many datagrams of 1,472 bytes a second there may be, TTL how many routers
	// they may pass.
	Rate float64
	TTL  int
	// Groups is how many groups are joined together, if they are several.
	Groups int
	// Joined says that this process is meant to be a member of the group at present.
	Joined bool
}

// About returns what facts to read for a question.
func (q *Question) About() host.About {
	about := host.About{Interface: q.Interface, Group: q.Group}
	if q.Peer.IsValid() {
		about.Peers = []netip.Addr{q.Peer}
	}
	return about
}

// receives and sends report whether data comes to this host, or goes from it.
func (q *Question) receives() bool { return q.Role != Publisher }
func (q *Question) sends() bool    { return q.Role != Subscriber }

// Waiting runs the checks that tell why nothing comes, on the facts of host.Roots.Waiting.
func Waiting(f *host.Facts, q Question) []Check {
	list := []Check{Interface(f, q)}
	if q.Role != Publisher {
		list = append(list, Membership(f, q))
	}
	if q.Peer.IsValid() {
		list = append(list, Route(f, q))
	}
	return append(list, OwnDrops(f, q), ReversePath(f, q), Firewall(f, q))
}

// checks are all checks, in the order in which a datagram meets what they look at. Those of
// groups are made for each group.
var checks = []struct {
	of     func(*host.Facts, Question) Check
	groups bool
}{
	{Interface, false}, {MTU, false}, {Source, false}, {Route, true}, {ReversePath, false},
	{Join, true}, {Groups, false}, {Membership, true}, {IGMP, false}, {Bridges, false},
	{Firewall, true}, {Port, true}, {ControlPort, false}, {Senders, true}, {TTL, false},
	{Place, false}, {ReadBuffer, false}, {WriteBuffer, false}, {Drops, true}, {CardDrops, false},
	{Offload, false}, {Merging, false}, {Ring, false}, {Processors, false}, {Clock, false},
}

// All runs all checks, on the facts of host.Roots.Full and a host.Trial of each question.
func All(facts []*host.Facts, questions []Question) []Check {
	var list []Check
	for _, c := range checks {
		if !c.groups {
			list = append(list, c.of(facts[0], questions[0]))
			continue
		}
		var each []Check
		for i, f := range facts {
			each = append(each, c.of(f, questions[i]))
		}
		list = append(list, together(each, questions)...)
	}
	return slices.DeleteFunc(list, func(c Check) bool { return c.Evidence == "" })
}

// ManyGroups is how many groups have an answer each: of more, one stands for those that are alike.
const ManyGroups = 4

// together returns a check's answers for groups, which name their group where there are several.
// Of many groups those that are alike have one answer.
func together(each []Check, questions []Question) []Check {
	if len(each) == 1 {
		return each
	}
	alike := make(map[Check]int)
	sort := func(i int) Check { // but for the group's own address
		c, own := each[i], questions[i].Group.Addr().String()
		c.Evidence = strings.ReplaceAll(c.Evidence, own, "")
		c.Mend = strings.ReplaceAll(c.Mend, own, "")
		return c
	}
	if len(each) > ManyGroups {
		for i := range each {
			alike[sort(i)]++
		}
	}
	var list []Check
	for i, c := range each {
		switch n := alike[sort(i)]; {
		case n < 0: // another one stands for it
			continue
		case n > 1:
			alike[sort(i)] = -1
			c.Evidence = fmt.Sprintf("%v and %d more: %s", questions[i].Group, n-1, c.Evidence)
		default:
			c.Evidence = fmt.Sprintf("%v: %s", questions[i].Group, c.Evidence)
		}
		list = append(list, c)
	}
	return list
}

// Worst returns the worst state of checks: a problem, then a note, then what isn't known.
func Worst(list []Check) State {
	worst := OK
	for _, c := range list {
		if c.State == Problem {
			return Problem
		}
		if c.State == Note || c.State == Unknown && worst == OK {
			worst = c.State
		}
	}
	return worst
}

// ok, note, problem and unknown make a check's answer. A problem or a note has a mend, or "".
func ok(name, evidence string, args ...any) Check {
	return Check{Name: name, State: OK, Evidence: fmt.Sprintf(evidence, args...)}
}

func note(name, mend, evidence string, args ...any) Check {
	return Check{Name: name, State: Note, Mend: mend, Evidence: fmt.Sprintf(evidence, args...)}
}

func problem(name, mend, evidence string, args ...any) Check {
	return Check{Name: name, State: Problem, Mend: mend, Evidence: fmt.Sprintf(evidence, args...)}
}

// noInterface answers a check that needs the interface, where there is none.
func noInterface(name string) Check {
	return Check{Name: name, State: Unknown, Evidence: "there is no such interface"}
}

func unknown(name string, err error) Check {
	return Check{Name: name, State: Unknown, Evidence: err.Error()}
}
