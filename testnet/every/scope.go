package every

import (
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
	// Kinds are those of the frames whose datagrams may meet a fault; others arrive in time.
	Kinds []frame.Kind
	// Late is by how much a datagram is late that is.
	Late time.Duration
	// Again is by how much later the copy comes of a datagram that arrives twice.
	Again time.Duration
	// Without names faults that don't happen.
	Without []Fault
	// Faults is how many datagrams may meet a fault in one schedule, in any places; below 0:
	// any number. Those of the kinds in Free don't count.
	Faults int
	Free   []frame.Kind
	// Crash are the processes that may crash, before any of their events, and Crashes is how
	// many of them may in one schedule.
	Crash   []Crash
	Crashes int
	// Until is when choices end: what arrives later arrives in time, and no process crashes.
	Until reliable.Time
}

// Crash names a process that may crash.
type Crash struct {
	Name string
	// Until is when it no longer may; 0: when choices end.
	Until reliable.Time
}

// String returns the name, and the time behind an @.
func (c Crash) String() string {
	if c.Until == 0 {
		return c.Name
	}
	return fmt.Sprintf("%s@%v", c.Name, time.Duration(c.Until))
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

// faults returns the faults that happen.
func (s *Scope) faults() (list []Fault) {
	for _, f := range Faults {
		if !slices.Contains(s.Without, f) {
			list = append(list, f)
		}
	}
	return list
}

// String tells what the scope is, in words.
func (s *Scope) String() string {
	var b strings.Builder
	list := s.faults()
	for i, f := range list {
		switch {
		case i > 0 && i == len(list)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		switch f {
		case Lost:
			b.WriteString("lost")
		case Late:
			fmt.Fprintf(&b, "%v late", s.Late)
		case Twice:
			b.WriteString("twice")
		}
	}
	if s.Faults < 0 {
		fmt.Fprintf(&b, ": any datagrams of %s", names(s.Kinds))
	} else {
		fmt.Fprintf(&b, ": at most %d datagrams of %s", s.Faults, names(s.Kinds))
		if len(s.Free) > 0 {
			fmt.Fprintf(&b, ", and any number of %s", names(s.Free))
		}
	}
	if len(s.Crash) > 0 && s.Crashes > 0 {
		var list []string
		for _, c := range s.Crash {
			list = append(list, c.String())
		}
		fmt.Fprintf(&b, "; at most %d of %s crash", s.Crashes, strings.Join(list, ", "))
	}
	fmt.Fprintf(&b, "; in the first %v", time.Duration(s.Until))
	return b.String()
}

func names(kinds []frame.Kind) string {
	var list []string
	for _, k := range kinds {
		list = append(list, k.String())
	}
	return strings.Join(list, ", ")
}
