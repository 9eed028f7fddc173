package sub

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/counts"
	"crier/cmd/crier/events"
	"crier/cmd/crier/netflags"
	"crier/cmd/crier/trouble"
	"crier/subscriber"
)

// A snapshot is what a subscriber knows at a time.
type snapshot struct {
	stats     subscriber.Stats
	sessions  []subscriber.Session
	strangers []subscriber.Stranger
	local     netip.AddrPort
}

func (o *options) snapshot(sub *subscriber.Subscriber) *snapshot {
	return &snapshot{sub.Stats(), sub.Sessions(), sub.Strangers(), sub.LocalAddr()}
}

const (
	// unansweredNacks is how many NACKs without an answer are a trouble, and unheardBeats how
	// many heartbeats of a publisher that knows no subscriber.
	unansweredNacks = 3
	unheardBeats    = 3
)

// A lookout finds what is wrong with what a subscriber hears.
type lookout struct {
	o    *options
	last *snapshot
	// examined are the first sessions that were cut off. The way to others is not examined.
	examined []subscriber.SessionID
}

// mostExamined bounds the sessions that are cut off, and for which all findings are told.
const mostExamined = 4

// cutOff reports that a publisher is cut off, with what this machine shows about the first ones.
func (l *lookout) cutOff(s *snapshot, k *subscriber.Session, lasted time.Duration) trouble.Report {
	r := l.o.cutOff(s, k, lasted)
	switch known := slices.Contains(l.examined, k.ID); {
	case known:
	case len(l.examined) < mostExamined:
		l.examined = append(l.examined, k.ID)
	default:
		r.Findings = nil
	}
	return r
}

// troubles returns what is wrong by a snapshot.
func (l *lookout) troubles(s *snapshot) (list []trouble.Trouble) {
	o := l.o
	l.last = s
	if len(s.sessions) == 0 {
		report := func(lasted time.Duration) trouble.Report {
			return o.nothing(s, "for "+cli.Duration(lasted.Round(time.Second)))
		}
		return []trouble.Trouble{{Key: "nothing", Report: report}}
	}
	for i, group := range o.groups {
		on := func(k subscriber.Session) bool { return k.Group == group }
		if len(o.groups) > 1 && !slices.ContainsFunc(s.sessions, on) {
			list = append(list, trouble.Trouble{Key: group.String(),
				Report: func(lasted time.Duration) trouble.Report {
					return o.oneGroup(s, i, lasted)
				},
				Over: func() string { return fmt.Sprintf("%v is heard now", group) }})
		}
	}
	var cut []trouble.Trouble
	for i := range s.sessions {
		k := &s.sessions[i] // a partition of a session, which is told once
		key := k.ID.String()
		if k.End == subscriber.EndOpen && isCutOff(k) && !slices.ContainsFunc(cut,
			func(t trouble.Trouble) bool { return t.Key == key }) {
			cut = append(cut, trouble.Trouble{Key: key,
				Report: func(lasted time.Duration) trouble.Report { return l.cutOff(s, k, lasted) },
				Over:   func() string { return l.reached(k.ID) }})
		}
	}
	return append(trouble.Bounded(list, "groups without a session"),
		trouble.Bounded(cut, "more sessions whose publishers don't answer")...)
}

// isCutOff reports whether a publisher doesn't hear this subscriber, or its answers don't come. One
// whose survivors hold an inquest hears nobody.
func isCutOff(k *subscriber.Session) bool {
	return !k.Inquest && (k.Unanswered >= unansweredNacks ||
		k.Announced == 0 && k.Heartbeats >= unheardBeats)
}

// reached tells that a publisher hears this subscriber again, if it is still there.
func (l *lookout) reached(id subscriber.SessionID) string {
	for i := range l.last.sessions {
		if k := &l.last.sessions[i]; k.ID == id && k.End == subscriber.EndOpen && !k.Inquest {
			return l.o.nameOf(k) + ": its publisher hears this subscriber now"
		}
	}
	return ""
}

// nameOf returns what words call a session.
func (o *options) nameOf(k *subscriber.Session) string {
	group := ""
	if len(o.groups) > 1 {
		group = k.Group.String()
	}
	return events.SessionName(k.ID.String(), k.Name, events.SourceText(k.Source), group)
}

// doctored returns the groups to examine for a session. That of a pattern is the directory's.
func (o *options) doctored(k *subscriber.Session) []netip.AddrPort {
	if o.net.Pattern() {
		return []netip.AddrPort{k.Group}
	}
	return o.groups
}

// nothing reports that no session was heard for some time.
func (o *options) nothing(s *snapshot, when string) trouble.Report {
	r := o.received(s)
	next := o.net.Doctor(o.groups, netip.Addr{})
	switch {
	case s.stats.Topics.Topics > 0: // with a pattern alone
	case s.stats.Directory.Heard > 0:
		r, next = o.unmatched(s)
	case o.net.Pattern() && (r.Verdict == beginning || r.Verdict == noDatagram):
		// What came are questions for topics, such as this subscriber's own.
		r = trouble.Report{Verdict: unannounced, Head: "no topic is announced"}
	}
	if r.Verdict == beginning && len(o.cfg.Partitions) > 0 && o.cfg.Topic != "" {
		next = "crier ls --iface " + o.net.Interface() + " " + netflags.Quoted(o.cfg.Topic) +
			", which tells how many partitions there are"
	}
	r.Head = fmt.Sprintf("no session was heard on %s %s: %s", o.net.Where(o.groups), when,
		r.Head)
	if r.Verdict == noDatagram || r.Verdict == unannounced { // else the way to here is open
		r.Findings = append(r.Findings, o.hostFindings(s, netip.AddrPort{}, o.groups...)...)
	}
	r.Findings = append(r.Findings,
		trouble.Finding{Mark: trouble.Remains, Text: o.remains(r.Verdict)},
		trouble.Finding{Mark: trouble.Next, Text: next})
	return r
}

// unmatched tells that topics are announced, none of which is followed, and what to do next.
func (o *options) unmatched(s *snapshot) (r trouble.Report, next string) {
	head := "no topic that matches is announced"
	if n := s.stats.Topics.Based; n > 0 {
		head = cli.Counted(n, "publisher of a topic that matches has groups that don't follow from "+
			"its name", "publishers of topics that match have groups that don't follow from names")
	}
	return trouble.Report{Verdict: unmatched, Head: head + "; " +
			cli.Counted(uint64(s.stats.Directory.Publishers), "publisher is", "publishers are") +
			" heard in all"},
		"crier ls --iface " + o.net.Interface() + ", which lists the topics that are announced"
}

// The verdicts on what was received.
const (
	noDatagram = "no datagram"
	notCrier   = "not crier"
	newer      = "newer"
	refused    = "refused"
	aside      = "aside"
	beginning  = "beginning"
	unmatched  = "unmatched"

	unannounced = "unannounced"
)

// received tells what came instead of a session.
func (o *options) received(s *snapshot) trouble.Report {
	all, st := s.stats.Sockets(), &s.stats
	came := all.Received + all.Misdirected + all.Truncated
	understood := counts.Of(st.Counters()).Understood()
	switch {
	case came == 0:
		return trouble.Report{Verdict: noDatagram, Head: "no datagram came at all"}
	case understood > 0:
		return trouble.Report{Verdict: refused, Head: cli.Counted(understood,
			"frame came, and was refused", "frames came, and all were refused"),
			Findings: o.refusals(s)}
	case st.Aside > 0 && st.Newer+st.Invalid == 0:
		return trouble.Report{Verdict: aside, Head: "all that came answers other " +
			"subscribers, who ask for messages of before"}
	case st.Newer > 0 && st.Invalid == 0:
		return trouble.Report{Verdict: newer, Head: cli.Counted(st.Newer,
			"frame came that needs a newer crier", "frames came that need a newer crier"),
			Findings: senders(s.strangers)}
	case st.Invalid > 0:
		return trouble.Report{Verdict: notCrier, Head: cli.Counted(st.Invalid+st.Newer,
			"datagram came, and it is not a frame that this crier understands",
			"datagrams came, none of them a frame that this crier understands"),
			Findings: senders(s.strangers)}
	case all.Misdirected+all.Truncated == came:
		return trouble.Report{Verdict: notCrier, Head: cli.Counted(came,
			"datagram came, and it was for another group on this port, or from another source",
			"datagrams came, all for another group on this port, or from another source")}
	}
	return trouble.Report{Verdict: beginning, Head: cli.Counted(came,
		"datagram of a session came, and it is not yet known where the session begins",
		"datagrams of a session came, and it is not yet known where the session begins")}
}

// refusals returns a finding for each reason why frames were refused.
func (o *options) refusals(s *snapshot) (list []trouble.Finding) {
	for line := range strings.Lines(counts.Of(s.stats.Counters()).Text(nil)) {
		if strings.HasPrefix(line, "dropped ") {
			list = append(list, trouble.Finding{Mark: trouble.Cause, Text: strings.TrimSpace(line)})
		}
	}
	return list
}

// mostSenders bounds the senders that are named.
const mostSenders = 4

// senders returns a finding for each of those that sent most of what isn't understood.
func senders(strangers []subscriber.Stranger) (list []trouble.Finding) {
	slices.SortStableFunc(strangers, func(a, b subscriber.Stranger) int {
		return cmp.Compare(b.Datagrams, a.Datagrams)
	})
	for i := range strangers[:min(len(strangers), mostSenders)] {
		one := &strangers[i]
		from := "other senders"
		if one.From.IsValid() {
			from = one.From.String()
		}
		list = append(list, trouble.Finding{Mark: trouble.Cause, Name: "from " + from,
			Text: fmt.Sprintf("%s, %s", cli.Counted(one.Datagrams, "datagram", "datagrams"),
				guess(one))})
	}
	if more := len(strangers) - mostSenders; more > 0 {
		list = append(list, trouble.Finding{Mark: trouble.Cause, Text: fmt.Sprintf(
			"and %s", cli.Counted(uint64(more), "more sender", "more senders"))})
	}
	return list
}

// hostFindings returns what this machine shows about groups, and about the way to a publisher
// if its address is valid. Of all groups but the first only what isn't ruled out is told.
func (o *options) hostFindings(s *snapshot, peer netip.AddrPort,
	groups ...netip.AddrPort) (list []trouble.Finding) {
	if o.host == nil {
		return nil
	}
	for i, group := range groups {
		for _, f := range o.host.Findings(check.Question{
			Role: check.Subscriber, Group: group, Interface: o.net.Interface(),
			Defaulted: o.net.Defaulted(), ControlPort: s.local.Port(), Peer: peer.Addr(),
			PeerPort: peer.Port(), Joined: true,
		}) {
			if i > 0 && f.Mark == trouble.RuledOut {
				continue
			}
			if i > 0 && !slices.Contains(list, f) {
				f.Name = fmt.Sprintf("%s (%v)", f.Name, group)
			}
			if !slices.Contains(list, f) {
				list = append(list, f)
			}
		}
	}
	return list
}

// remains tells which causes can't be seen from here.
func (o *options) remains(verdict string) string {
	switch {
	case verdict == aside:
		return "the publisher has ended; --start oldest asks for its messages, too"
	case verdict == notCrier || verdict == newer:
		return "no publisher is heard among them: another group or port may be meant"
	case verdict == unmatched:
		return "its publisher doesn't run, has another --topic or --no-announce, or is on another " +
			"network"
	case verdict == beginning && len(o.cfg.Partitions) > 0:
		return "the topic has none of the partitions that are wanted, or its publisher has ended, " +
			"or begins again"
	case verdict == refused || verdict == beginning:
		return "the publisher may have ended, or begin again"
	case verdict == unannounced && o.net.Loopback():
		return "no publisher of a topic runs on this machine, or it has --no-announce"
	case o.net.Loopback():
		return "no publisher runs on this machine, or it uses another group or port"
	case verdict == unannounced:
		return "no publisher of a topic runs, it has --no-announce, or it uses another network; a " +
			"firewall or a switch on the way drops the group"
	}
	text := "no publisher runs, or it uses another group, port or network; a firewall or a " +
		"switch on the way drops the group"
	if o.cfg.Source.IsValid() {
		text += fmt.Sprintf("; or it isn't at --source %v", o.cfg.Source)
	}
	return text
}

// oneGroup reports that nothing is heard on one of several groups.
func (o *options) oneGroup(s *snapshot, i int, lasted time.Duration) trouble.Report {
	group, came := o.groups[i], uint64(0)
	if i < len(s.stats.Groups) {
		came = s.stats.Groups[i].Received
	}
	r := trouble.Report{Verdict: noDatagram}
	what := "no datagram came there"
	if came > 0 {
		r.Verdict = refused
		what = cli.Counted(came, "datagram came there", "datagrams came there") +
			", and none began one"
	}
	r.Head = fmt.Sprintf("no session was heard on %v for %s, while others are: %s", group,
		cli.Duration(lasted.Round(time.Second)), what)
	if came == 0 {
		r.Findings = o.hostFindings(s, netip.AddrPort{}, group)
	}
	r.Findings = append(r.Findings, trouble.Finding{Mark: trouble.Next,
		Text: o.net.Doctor([]netip.AddrPort{group}, netip.Addr{})})
	return r
}

// cutOff reports that a publisher is heard and doesn't hear this subscriber, or that its answers
// don't come.
func (o *options) cutOff(s *snapshot, k *subscriber.Session, lasted time.Duration) trouble.Report {
	r := trouble.Report{Verdict: "unheard"}
	session := o.nameOf(k)
	asked := ""
	if k.Unanswered >= unansweredNacks {
		r.Verdict = "unanswered"
		asked = fmt.Sprintf("%s and no answer", cli.Counted(k.Unanswered, "NACK", "NACKs"))
	}
	after := cli.Duration(lasted.Round(time.Second))
	way := fmt.Sprintf("UDP from %v to %v seems blocked", s.local, k.Control)
	switch {
	case k.Announced == 0 && asked == "":
		r.Head = fmt.Sprintf("%s is heard, and its publisher still knows no subscriber after %s: "+
			"%s", session, after, way)
	case k.Announced == 0:
		r.Head = fmt.Sprintf("%s: %s for %s, and its publisher knows no subscriber: %s", session,
			asked, after, way)
	default:
		r.Verdict += " but known"
		r.Head = fmt.Sprintf("%s: %s for %s, while its heartbeats go on, and its publisher "+
			"knows %s: %s, or the way back", session, asked, after,
			cli.Counted(uint64(k.Announced), "subscriber", "subscribers"), way)
	}
	r.Findings = append(o.hostFindings(s, k.Control, k.Group), []trouble.Finding{
		{Mark: trouble.Remains, Text: fmt.Sprintf("a firewall here or there: let UDP pass from "+
			"%v to %v, where NACKs go, and back, where repairs go", s.local, k.Control)},
		{Mark: trouble.Note, Text: "for a rule that lasts, give both ends a port of their own " +
			"with --control-port"},
		{Mark: trouble.Next, Text: o.net.Doctor(o.doctored(k), k.Control.Addr())},
		{Mark: trouble.Next, Name: fmt.Sprintf("on %v", k.Control.Addr()), Text: fmt.Sprintf(
			"crier doctor --iface IFACE --control-port %d", k.Control.Port())},
	}...)
	return r
}
