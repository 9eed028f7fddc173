package every

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// Scope says which choices are played: all of them.
type Scope struct {
	// Rules say which datagrams may meet a fault; others arrive in time.
	Rules []Rule
	// Faults is how many may in one schedule, in any places, but for those that count for
	// nothing by their rule; below 0: any number.
	Faults int
	// Late is by how much a datagram is late that is, and Again by how much later the copy
	// comes of one that arrives twice.
	Late, Again time.Duration
	// Crash are the processes that may crash, or stand still, before any of their events, and
	// Crashes is how many of them may in one schedule.
	Crash   []Crash
	Crashes int
	// Until is when choices end: what arrives later arrives in time, and no process crashes.
	Until reliable.Time
}

// Rule says what may become of datagrams with frames of a kind.
type Rule struct {
	Kind   frame.Kind
	Faults []Fault
	// Free says that these faults don't count: any number of datagrams may meet one.
	Free bool
}

// Crash names a process that may crash.
type Crash struct {
	Name string
	// Pause, if above 0, lets it stand still for so long instead.
	Pause time.Duration
	// Until is when it no longer may; 0: when choices end.
	Until reliable.Time
}

// Fault is what may become of a datagram besides that it arrives in time.
type Fault string

// The faults.
const (
	Lost  Fault = "lost"
	Late  Fault = "late"
	Twice Fault = "twice"
)

// Faults are all of them.
var Faults = []Fault{Lost, Late, Twice}

// All returns the rules by which a datagram of any kind may meet any fault.
func All() (list []Rule) {
	for _, k := range kinds {
		list = append(list, Rule{Kind: k, Faults: Faults})
	}
	return list
}

// kinds are those of frames.
var kinds = []frame.Kind{frame.Data, frame.Repair, frame.Nack, frame.Heartbeat, frame.Session,
	frame.Status, frame.Bye, frame.Gone, frame.Confirm, frame.Digest, frame.Find, frame.Claim,
	frame.Grant}

// rule returns the rule for a kind, or nil.
func (s *Scope) rule(k frame.Kind) *Rule {
	for i := range s.Rules {
		if s.Rules[i].Kind == k {
			return &s.Rules[i]
		}
	}
	return nil
}

// fate returns what a fault does to a datagram.
func (s *Scope) fate(f Fault) world.Fate {
	switch f {
	case Lost:
		return world.Fate{Lost: true}
	case Late:
		return world.Fate{Late: s.Late}
	case Twice:
		return world.Fate{Again: s.Again}
	}
	return world.Fate{}
}

// longest bounds what a datagram takes on its way.
func (s *Scope) longest() time.Duration { return 20*time.Millisecond + max(s.Late, s.Again) }

// ParseRules reads rules, one a word: a kind, behind a = the faults with + between them, or all
// if there are none, and a * if any number of datagrams may meet one: "DATA=lost+late* NACK".
// "all" stands for all kinds.
func ParseRules(text string) (list []Rule, err error) {
	for word := range strings.FieldsSeq(text) {
		word, free := strings.CutSuffix(word, "*")
		name, some, chosen := strings.Cut(word, "=")
		faults := Faults
		if chosen {
			faults = nil
			for f := range strings.SplitSeq(some, "+") {
				if !slices.Contains(Faults, Fault(f)) {
					return nil, fmt.Errorf("every: %q is no fault of a datagram: they are %v", f,
						Faults)
				}
				faults = append(faults, Fault(f))
			}
		}
		n := len(list)
		for _, k := range kinds {
			if name == "all" || name == k.String() {
				list = append(list, Rule{k, faults, free})
			}
		}
		if n == len(list) {
			return nil, fmt.Errorf("every: no frame is of kind %q: they are %v", name, kinds)
		}
	}
	return list, nil
}

// String returns the rule as ParseRules reads it.
func (r Rule) String() string {
	var b strings.Builder
	b.WriteString(r.Kind.String())
	if len(r.Faults) < len(Faults) {
		for i, f := range r.Faults {
			b.WriteString([]string{"=", "+"}[min(i, 1)] + string(f))
		}
	}
	if r.Free {
		b.WriteByte('*')
	}
	return b.String()
}

// ParseCrashes reads the processes that may crash, with commas between them, each with the time
// when it no longer may behind an @: "pub0@20ms,sub1". One with a time behind a / stands still
// for so long instead: "sub1/250ms@20ms".
func ParseCrashes(text string) (list []Crash, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		name, at, timed := strings.Cut(part, "@")
		name, pause, pauses := strings.Cut(name, "/")
		c := Crash{Name: name}
		if pauses {
			if c.Pause, err = time.ParseDuration(pause); err != nil || c.Pause <= 0 {
				return nil, fmt.Errorf("every: %q is no time for a pause: write sub1/250ms", pause)
			}
		}
		if timed {
			d, err := time.ParseDuration(at)
			if err != nil || d <= 0 {
				return nil, fmt.Errorf("every: %q is no time for a crash: write pub0@20ms", at)
			}
			c.Until = reliable.Time(d)
		}
		list = append(list, c)
	}
	return list, nil
}

// what returns the name, and the time of a pause behind a /.
func (c Crash) what() string {
	if c.Pause == 0 {
		return c.Name
	}
	return fmt.Sprintf("%s/%v", c.Name, c.Pause)
}

// String returns what crashes, or pauses, and the time behind an @.
func (c Crash) String() string {
	if c.Until == 0 {
		return c.what()
	}
	return fmt.Sprintf("%s@%v", c.what(), time.Duration(c.Until))
}

// validate returns what is wrong with a scope.
func (s *Scope) validate() error {
	for _, r := range s.Rules {
		if slices.Contains(r.Faults, Late) && s.Late <= 0 ||
			slices.Contains(r.Faults, Twice) && s.Again <= 0 {
			return errors.New("every: a scope in which datagrams are late, or come twice, must " +
				"say by how much in Late and Again")
		}
	}
	return nil
}

// String tells the scope in words.
func (s *Scope) String() string {
	var b strings.Builder
	if s.Faults < 0 {
		b.WriteString("any number of faults")
	} else {
		fmt.Fprintf(&b, "at most %d faults", s.Faults)
	}
	fmt.Fprintf(&b, " (%v late, twice within %v) of", s.Late, s.Again)
	for _, r := range s.Rules {
		b.WriteString(" " + r.String())
	}
	if len(s.Crash) > 0 && s.Crashes > 0 {
		fmt.Fprintf(&b, "; at most %d crashes of", s.Crashes)
		for _, c := range s.Crash {
			b.WriteString(" " + c.String())
		}
	}
	fmt.Fprintf(&b, "; in the first %v", time.Duration(s.Until))
	return b.String()
}
