package checker

import (
	"fmt"
	"strings"

	"crier/reliable"
)

// Tally counts what all applications were told.
type Tally struct {
	Delivered uint64 // messages
	Recovered uint64 // of these, those of which a frame came as a repair
	// Lost counts messages by cause, Events events by kind.
	Lost   [reliable.CauseNobody + 1]uint64
	Events [reliable.NotGranted + 1]uint64
}

// Add adds up tallies.
func (t *Tally) Add(u Tally) {
	t.Delivered += u.Delivered
	t.Recovered += u.Recovered
	for i, n := range u.Lost {
		t.Lost[i] += n
	}
	for i, n := range u.Events {
		t.Events[i] += n
	}
}

// String tells the counts on one line.
func (t Tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d messages delivered, %d of them recovered; lost", t.Delivered, t.Recovered)
	for cause := reliable.CauseGone; cause <= reliable.CauseSlow; cause++ {
		fmt.Fprintf(&b, ", %d %v", t.Lost[cause], cause)
	}
	b.WriteString("; sessions")
	for kind := reliable.SessionNew; kind <= reliable.SessionAmended; kind++ {
		fmt.Fprintf(&b, ", %d %v", t.Events[kind], kind)
	}
	return b.String()
}
