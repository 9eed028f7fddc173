package pub

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
	"crier/publisher"
)

const (
	// maxSubscriberRows bounds the subscribers of a summary, mostSubscribers those in words.
	maxSubscriberRows = 1000
	mostSubscribers   = 10
)

// outcome is the state of the subscribers, and of what is owed to them, at the end.
type outcome struct {
	stats  publisher.Stats
	list   []publisher.Subscriber   // also those that are no longer there
	unsent []*publisher.UnsentError // by partition
	teams  []teamSummary
	// partitions is how many there are.
	partitions int
	// unrecorded is why it isn't known that recorders hold all, or nil.
	unrecorded error
}

// newOutcome reads the state of a publisher after Shutdown, which returned err. It returns
// err unless the outcome covers it.
func newOutcome(p *publisher.Publisher, err error) (*outcome, error) {
	e := &outcome{stats: p.Stats(), list: append(p.Departed(), p.Subscribers()...)}
	e.teams = teamSummaries(p)
	e.unsent, err = unsentOf(err)
	return e, err
}

// unsentOf takes apart what Shutdown returned: what was not sent of each partition, and the rest.
func unsentOf(err error) (list []*publisher.UnsentError, rest error) {
	var one *publisher.UnsentError
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range all.Unwrap() {
			more, other := unsentOf(err)
			list, rest = append(list, more...), errors.Join(rest, other)
		}
		return list, rest
	}
	if errors.As(err, &one) {
		return append(list, one), nil
	}
	return nil, err
}

// missing returns a line for each thing that subscribers lack or may lack.
func (e *outcome) missing() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, "crier pub: "+format+"\n", args...) }
	st := &e.stats
	if st.Dropped > 0 {
		say("%s never left: they were dropped for want of room",
			cli.Counted(st.Dropped, "message", "messages"))
	}
	for i, u := range e.unsent {
		if i == mostSubscribers {
			say("and so it is with %d more partitions", len(e.unsent)-i)
			break
		}
		of := ""
		if e.partitions > 1 {
			of = fmt.Sprintf(" of partition %d", u.Partition)
		}
		say("%s%s never left: the session was closed before they were sent",
			cli.Offsets(u.First, u.Next), of)
	}
	if n := st.NeverLeft; n > 0 {
		say("%s never left, and nobody has what was in them: the kernel refused them, or the MTU "+
			"had fallen", cli.Counted(n, "frame", "frames"))
	}
	if !st.EndLeft && e.unsent == nil {
		say("the word of the end never left: the kernel refused it, and subscribers take this " +
			"publisher for dead")
	}
	if n := st.Disk.Missed; n > 0 {
		say("the log lacks %s: the disk was too slow, full or broken; make room on it, or have "+
			"publishing wait for a slow one (--record-wait)", cli.Counted(n, "frame", "frames"))
	}
	if err := e.unrecorded; err != nil {
		why := err.Error()
		if errors.Is(err, context.Canceled) {
			why = "interrupted while it waited for that"
		}
		say("it is not known that recorders hold all messages: %s", why)
	}
	each := func(of uint64, text func(*publisher.Subscriber) string) {
		told := uint64(0)
		for i := range e.list {
			if words := text(&e.list[i]); words != "" && told < mostSubscribers {
				told++
				say("%s", words)
			}
		}
		if more := of - min(of, told); more > 0 {
			say("and so %s", cli.Counted(more, "more subscriber", "more subscribers"))
		}
	}
	each(st.Lacking, lackText)
	each(st.Asking, askText)
	if n := st.Owed; n > 0 {
		asking := ""
		if st.Asking > 0 { // these are the last words, and tell both
			asking = fmt.Sprintf(", and %s had asked for some within the last --linger",
				cli.Counted(st.Asking, "subscriber", "subscribers"))
		}
		say("%s were asked for and not yet repaired when the time for that was over%s; give it "+
			"longer (--linger), or more room (--repair-floor, --repair-share)",
			cli.Counted(n, "frame", "frames"), asking)
	}
	return b.String()
}

// lackText tells the position of a subscriber that lacks something; "" for others.
func lackText(s *publisher.Subscriber) string {
	became := "was left behind"
	switch {
	case !s.Lacks:
		return ""
	case s.Left:
		became = "left"
	case s.Departed:
		became = "was not heard any more"
	}
	return fmt.Sprintf("subscriber %s %s %s", fullName(s), became, behindText(s))
}

// askText tells the position of a subscriber whose repairs were cut short; "" for others.
func askText(s *publisher.Subscriber) string {
	if !s.Asks {
		return ""
	}
	at := "it has not said how far it is"
	if placeOf(s).offset+s.Lag > 0 {
		at = "it was " + behindText(s)
	}
	return fmt.Sprintf("repairs were cut short: subscriber %s had asked for some within the last "+
		"--linger, and has not said since that it has them; %s", fullName(s), at)
}

// fullName returns a subscriber's name, if any, and address.
func fullName(s *publisher.Subscriber) string {
	if s.Name == "" {
		return s.Addr.String()
	}
	return fmt.Sprintf("%s (%v)", cli.Printable(s.Name), s.Addr)
}

// table returns a row for each subscriber, with its last report; "" if there was none.
func (e *outcome) table(sheet cli.Sheet) string {
	if len(e.list) == 0 {
		return ""
	}
	offsets := "offset"
	if e.partitions > 1 {
		offsets = "messages" // the sum of several offsets
	}
	t := &table.Table{Columns: []table.Column{{Head: "subscriber", Key: true},
		{Head: "address", Key: true}, {Head: "team", Left: true},
		{Head: "state", Left: true}, {Head: offsets},
		{Head: "lag"}, {Head: "written"}, {Head: "synced"}, {Head: "asked for"},
		{Head: "repaired"}, {Head: "no longer held"}, {Head: "heard"}}}
	for i := range e.list[:min(len(e.list), mostSubscribers)] {
		s := &e.list[i]
		at := placeOf(s)
		t.Add(nameOrNone(s), s.Addr.String(), teamOrNone(s), stateText(s), cli.Grouped(at.offset),
			cli.Grouped(s.Lag), loggedOrNone(s, at.written), loggedOrNone(s, at.synced),
			someOrNone(s.Asked), someOrNone(s.Repaired),
			table.Toned(cli.Bad, s.Gone, someOrNone(s.Gone)), cli.Duration(s.Quiet)+" ago")
	}
	text := t.Text(sheet)
	if more := len(e.list) - mostSubscribers; more > 0 {
		text += fmt.Sprintf("  and %s\n", cli.Counted(uint64(more), "more subscriber",
			"more subscribers"))
	}
	return text
}

// nameOrNone returns a subscriber's name, or "-".
func nameOrNone(s *publisher.Subscriber) string {
	if s.Name == "" {
		return "-"
	}
	return cli.Printable(s.Name)
}

// loggedOrNone returns an offset up to which a recorder holds messages, and "-" for another
// subscriber.
func loggedOrNone(s *publisher.Subscriber, offset uint64) string {
	if !s.Recorder {
		return "-"
	}
	return cli.Grouped(offset)
}

// someOrNone returns a number, and "-" for 0: a column of which no row says more is left out.
func someOrNone(n uint64) string {
	if n == 0 {
		return "-"
	}
	return cli.Grouped(n)
}

// stateText returns a subscriber's state and how it went.
func stateText(s *publisher.Subscriber) string {
	switch {
	case s.Left:
		return s.State.String() + ", left"
	case s.Departed:
		return s.State.String() + ", not heard"
	}
	return s.State.String()
}
