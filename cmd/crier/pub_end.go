package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"crier/publisher"
)

const (
	// maxSubscriberRows is how many subscribers a summary lists, and mostSubscribers how
	// many of them are told in words.
	maxSubscriberRows = 1000
	mostSubscribers   = 10
)

// pubEnd is what crier pub knows of its subscribers, and of what it owes, in the end.
type pubEnd struct {
	stats  publisher.Stats
	list   []publisher.Subscriber // also those that are no longer there
	unsent *publisher.UnsentError
}

// newPubEnd looks at a publisher that was shut down, with an error or nil; it returns
// what of that is left beside what a pubEnd tells.
func newPubEnd(p *publisher.Publisher, err error) (*pubEnd, error) {
	e := &pubEnd{stats: p.Stats(), list: append(p.Departed(), p.Subscribers()...)}
	if errors.As(err, &e.unsent) {
		err = nil
	}
	return e, err
}

// missing says, a line each, what subscribers lack or may lack; empty if nothing.
func (e *pubEnd) missing() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, "crier pub: "+format+"\n", args...) }
	st := &e.stats
	if st.Dropped > 0 {
		say("%s never left: they were dropped for want of room", counted(st.Dropped, "message", "messages"))
	}
	if u := e.unsent; u != nil {
		say("%s never left: the session was closed before they were sent", offsetsText(u.First, u.Next))
	}
	if n := st.NeverLeft; n > 0 {
		say("%s never left, and nobody has what was in them: the kernel refused them, or the MTU had fallen", counted(n, "frame", "frames"))
	}
	if !st.EndLeft && e.unsent == nil {
		say("the word of the end never left: the kernel refused it, and subscribers take this publisher for dead")
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
			say("and so %s", counted(more, "more subscriber", "more subscribers"))
		}
	}
	each(st.Lacking, lackText)
	if n := st.Owed; n > 0 {
		say("%s were asked for and not yet repaired when the time for that was over; give it longer (--linger), or more room (--repair-floor, --repair-share)",
			counted(n, "frame", "frames"))
	}
	each(st.Asking, askText)
	return b.String()
}

// lackText says how far a subscriber was that lacks something; "" of others.
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
	return fmt.Sprintf("subscriber %s %s at offset %s, %s behind", fullName(s), became, grouped(s.Offset), counted(s.Lag, "message", "messages"))
}

// askText says how far a subscriber was that repairs were cut short for; "" of others.
func askText(s *publisher.Subscriber) string {
	if !s.Asks {
		return ""
	}
	at := "it has not said how far it is"
	if s.Offset+s.Lag > 0 {
		lag := counted(s.Lag, "message", "messages")
		at = fmt.Sprintf("it was at offset %s, %s behind", grouped(s.Offset), lag)
	}
	return fmt.Sprintf("repairs were cut short: subscriber %s had asked for some within the last "+
		"--linger, and has not said since that it has them; %s", fullName(s), at)
}

// fullName is a subscriber's name, if it has one, and its address.
func fullName(s *publisher.Subscriber) string {
	if s.Name == "" {
		return s.Addr.String()
	}
	return fmt.Sprintf("%s (%v)", printable(s.Name), s.Addr)
}

// table is a row a subscriber, as it was last heard; empty if there was none.
func (e *pubEnd) table() string {
	if len(e.list) == 0 {
		return ""
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "subscriber\taddress\toffset\tlag\tasked for\trepaired\tno longer held\theard\tstate\t")
	for i := range e.list[:min(len(e.list), mostSubscribers)] {
		s := &e.list[i]
		name := "-"
		if s.Name != "" {
			name = printable(s.Name)
		}
		fmt.Fprintf(w, "%s\t%v\t%s\t%s\t%s\t%s\t%s\t%v ago\t%s\t\n", name, s.Addr, grouped(s.Offset), grouped(s.Lag), grouped(s.Asked), grouped(s.Repaired),
			grouped(s.Gone), s.Quiet.Round(10*time.Millisecond), stateText(s))
	}
	w.Flush()
	if more := len(e.list) - mostSubscribers; more > 0 {
		fmt.Fprintf(&b, "  and %s\n", counted(uint64(more), "more subscriber", "more subscribers"))
	}
	return b.String()
}

// stateText is a subscriber's state, and what became of it.
func stateText(s *publisher.Subscriber) string {
	switch {
	case s.Left:
		return s.State.String() + ", left"
	case s.Departed:
		return s.State.String() + ", not heard"
	}
	return s.State.String()
}

// subscriberSummary is a subscriber's row of a summary, as it was last heard.
type subscriberSummary struct {
	Name     string `json:"name,omitempty"`
	Address  string `json:"address"`
	State    string `json:"state"`  // watching, behind, counted or left out; and ", left" or ", not heard"
	Offset   uint64 `json:"offset"` // of the message that it delivers next, about
	Lag      uint64 `json:"lag"`    // messages, about
	Lacks    bool   `json:"lacks,omitempty"`
	Asks     bool   `json:"asks,omitempty"` // repairs were cut short
	Asked    uint64 `json:"frames_asked"`
	Repaired uint64 `json:"frames_repaired"`
	Gone     uint64 `json:"frames_gone"`
	Refused  uint64 `json:"frames_refused"`
	RTT      int64  `json:"rtt_ns,omitempty"`
	Quiet    int64  `json:"quiet_ns"` // since its last word
}

// owedSummary is what subscribers lack, or may lack; each field stands there only if
// there was some.
type owedSummary struct {
	UnsentMessages uint64 `json:"unsent_messages,omitempty"`
	NeverLeft      uint64 `json:"frames_never_left,omitempty"`
	EndUnsaid      bool   `json:"end_unsaid,omitempty"`
	Lacking        uint64 `json:"subscribers_lacking,omitempty"`
	Owed           uint64 `json:"repairs_owed,omitempty"`
	Asking         uint64 `json:"subscribers_asking,omitempty"` // when repairs were cut short
	// Subscribers is never left out. MoreSubscribers are those that it has no row for.
	Subscribers     []subscriberSummary `json:"subscribers"`
	MoreSubscribers int                 `json:"more_subscribers,omitempty"`
}

func (e *pubEnd) summary() owedSummary {
	sum := owedSummary{
		NeverLeft: e.stats.NeverLeft, EndUnsaid: !e.stats.EndLeft,
		Lacking: e.stats.Lacking, Owed: e.stats.Owed, Asking: e.stats.Asking,
		Subscribers: []subscriberSummary{}, MoreSubscribers: max(0, len(e.list)-maxSubscriberRows),
	}
	if e.unsent != nil {
		sum.UnsentMessages = e.unsent.Next - e.unsent.First
	}
	for i := range e.list[:min(len(e.list), maxSubscriberRows)] {
		s := &e.list[i]
		sum.Subscribers = append(sum.Subscribers, subscriberSummary{
			Name: s.Name, Address: s.Addr.String(), State: stateText(s),
			Offset: s.Offset, Lag: s.Lag, Lacks: s.Lacks, Asks: s.Asks,
			Asked: s.Asked, Repaired: s.Repaired, Gone: s.Gone, Refused: s.Refused, RTT: int64(s.RTT), Quiet: int64(s.Quiet),
		})
	}
	return sum
}
