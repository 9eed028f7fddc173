package subscriber

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"crier/reliable/config"
	"crier/reliable/receive"
)

// OffsetStore keeps a consumer's positions, one for each session and channel. A Subscriber
// calls Load once, in New, and then Save, one call at a time.
type OffsetStore interface {
	// Load returns the positions of the last Save, or none before the first.
	Load() ([]Position, error)
	// Save replaces the positions by these, all or none of them: a process that is killed
	// meanwhile finds the ones before. It keeps no reference to the slice. Positions behind
	// which the consumer has gone on may follow those it knows: a store that is written to
	// by the application as well keeps the higher Offset of a session and channel.
	Save(positions []Position) error
}

// Acknowledge configures which messages count as done, and when that is saved. A position is
// cumulative: it acknowledges all messages of its session and channel before it.
type Acknowledge struct {
	// ByDone leaves it to the application to acknowledge messages, by Done. Otherwise a
	// message is acknowledged when its Handler returns, or when the next event is asked of
	// Messages; and so are losses.
	ByDone bool
	// Every is the time from one Save to the next; 0 means 100 ms. What was acknowledged
	// within it comes again if the process is killed.
	Every time.Duration
	// Sync lets each acknowledgement wait for its Save, and Done return the error of it.
	Sync bool
}

// defaultEvery is the time between two saves.
const defaultEvery = 100 * time.Millisecond

// Complete checks the times and fills in the defaults.
func (a Acknowledge) Complete() (Acknowledge, error) {
	if a.Every < 0 {
		return a, config.Errorf("Acknowledge.Every", "a time of %v between saves is negative",
			a.Every)
	}
	if a.Every == 0 {
		a.Every = defaultEvery
	}
	return a, nil
}

// Logs configures the use of recorders, which hold what publishers no longer hold.
type Logs struct {
	// Recorders are the addresses of the recorders that are asked; nil means all that make
	// themselves known.
	Recorders []netip.Addr
	// Replays follows sessions that publish a recorded session again, too.
	Replays bool
}

var (
	// ErrNoOffsets is returned by Done if the Subscriber keeps no positions: there are no
	// Offsets, or it works a stretch through again, from another Start than Resume or up to
	// an Until.
	ErrNoOffsets = errors.New("the Subscriber keeps no positions: set Config.Offsets, " +
		"with Start Resume and no Until")
	// ErrUnknownPosition is returned by Done for a position of a session of which no
	// message was delivered.
	ErrUnknownPosition = errors.New("no message was delivered of the session of this position")
)

// resumes reports whether positions are loaded and saved.
func (c *Config) resumes() bool {
	return c.Offsets != nil && c.Start.Resumes() && c.Until == Until{}
}

// otherwise returns where to begin without a position.
func (c *Config) otherwise() Start {
	switch c.Start {
	case Resume:
		return Latest
	case ResumeOldest:
		return Oldest
	}
	return c.Start
}

// logs returns how the receiver uses recorders. Those of a network where one publisher's
// datagrams arrive alone aren't heard, and not asked.
func (c *Config) logs() receive.Logs {
	return receive.Logs{Ask: !c.Source.IsValid(), Recorders: c.Logs.Recorders,
		Replays: c.Logs.Replays}
}

// load returns the saved positions that are of the Subscriber's groups, and those that aren't.
func (c *Config) load() (ours, others []Position, err error) {
	if !c.resumes() {
		return nil, nil, nil
	}
	all, err := c.Offsets.Load()
	if err != nil {
		return nil, nil, err
	}
	for _, p := range all {
		if !p.Group.IsValid() || slices.Contains(c.Groups, p.Group) || c.matches(&p) {
			ours = append(ours, p)
		} else {
			others = append(others, p)
		}
	}
	if len(ours) == 0 && len(others) > 0 {
		name := "the Offsets"
		if s, ok := c.Offsets.(fmt.Stringer); ok {
			name = s.String()
		}
		return nil, nil, fmt.Errorf("%s: its positions are of another stream: of the group %v, "+
			"and this subscriber listens to %v: use a file for each stream", name,
			others[len(others)-1].Group, c.Groups[0])
	}
	return ours, others, nil
}
