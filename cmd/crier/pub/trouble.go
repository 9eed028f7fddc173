package pub

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/trouble"
	"crier/publisher"
	"crier/reliable"
)

// A snapshot is what a publisher knows at a time.
type snapshot struct {
	stats publisher.Stats
	// list are the subscribers that are known, gone those that left or are not heard any more.
	list, gone []publisher.Subscriber
	local      netip.AddrPort
	// holds is the team that messages are kept for, or nil. full says that there is no room.
	holds *holding
	full  bool
}

func takeSnapshot(p *publisher.Publisher) *snapshot {
	s := &snapshot{stats: p.Stats(), list: p.Subscribers(), gone: p.Departed(),
		local: p.LocalAddr(), holds: holdingOf(p)}
	if s.holds != nil {
		s.full = slices.ContainsFunc(p.Partitions(),
			func(one publisher.PartitionStats) bool { return one.Full })
	}
	return s
}

// A lookout finds what is wrong with a publisher's subscribers.
type lookout struct {
	o    *options
	last *snapshot
	// served has, by id, how many repairs a subscriber had when they were last judged.
	served map[uint64]served
}

// served is what is known of the repairs to a subscriber.
type served struct {
	repaired, again uint64
	// inVain says that most of the last ones were asked for again.
	inVain bool
}

// judged is how many repairs are judged together. If three quarters of them are asked for
// again, repairs don't come through: loss alone doesn't explain it.
const judged = 8

// judge takes a subscriber's counters.
func (v served) judge(m *publisher.Subscriber) served {
	repaired, again := m.Repaired-v.repaired, m.Again-v.again
	if repaired < judged {
		return v
	}
	return served{m.Repaired, m.Again, again*4 >= repaired*3}
}

func (o *options) newLookout() *lookout {
	return &lookout{o: o}
}

// troubles returns what is wrong by a snapshot.
func (l *lookout) troubles(s *snapshot) (list []trouble.Trouble) {
	l.last = s
	if unheard(&s.stats) {
		return []trouble.Trouble{{Key: "nobody",
			Over: func() string { return "a subscriber is heard" },
			Report: func(lasted time.Duration) trouble.Report {
				return l.o.nobody(s, "has been heard for", lasted,
					l.o.hostFindings(s, netip.AddrPort{}))
			}}}
	}
	before := l.served
	l.served = make(map[uint64]served, len(s.list))
	quiet := 2 * reliable.StatusEvery(len(s.list))
	for i := range s.list {
		m := &s.list[i]
		l.served[m.ID] = before[m.ID].judge(m)
		switch {
		case m.State == publisher.Counted && m.Quiet > quiet:
			list = append(list, l.unheardTrouble(s, m))
		case l.served[m.ID].inVain:
			list = append(list, l.repairsInVain(s, m))
		}
	}
	for i := range s.gone {
		if m := &s.gone[i]; m.State == publisher.Counted && !m.Left {
			list = append(list, l.unheardTrouble(s, m))
		}
	}
	list = append(list, s.holds.troubles(s.full)...)
	return trouble.Bounded(list, "more subscribers that are cut off")
}

// unheard reports whether no subscriber was heard so far.
func unheard(st *publisher.Stats) bool { return st.Statuses == 0 && st.Nacks == 0 }

// nobody reports that no subscriber was heard for some time; heard is the verb of the sentence,
// and found what this machine shows.
func (o *options) nobody(s *snapshot, heard string, lasted time.Duration,
	found []trouble.Finding) trouble.Report {
	st, socket := &s.stats, &s.stats.Socket
	r := trouble.Report{Verdict: "nobody", Head: fmt.Sprintf(
		"no subscriber %s %v on %v: no report and no NACK has come to %v", heard,
		cli.Duration(lasted), o.net.Where([]netip.AddrPort{o.home}), s.local)}
	add := func(mark trouble.Mark, name, text string) {
		r.Findings = append(r.Findings, trouble.Finding{Mark: mark, Name: name, Text: text})
	}
	if socket.SendErrors > 0 {
		add(trouble.Cause, "sending", fmt.Sprintf("the kernel refused %s, and took %s",
			cli.Counted(socket.SendErrors, "datagram", "datagrams"), cli.Grouped(st.Datagrams)))
	} else {
		add(trouble.RuledOut, "sending", "the kernel took all of "+
			cli.Counted(st.Datagrams, "datagram", "datagrams"))
	}
	if dropped := st.Invalid + st.Newer; dropped > 0 {
		add(trouble.Cause, "receiving", cli.Counted(dropped,
			"datagram came there that this crier doesn't understand",
			"datagrams came there that this crier doesn't understand"))
	}
	r.Findings = append(r.Findings, found...)
	remains := "no subscriber runs, or it uses another group, port or network; a firewall or a " +
		"switch on the way drops the group, or UDP back to " + s.local.String()
	if o.net.Loopback() {
		remains = "no subscriber runs on this machine, or it uses another group or port"
	} else if o.cfg.Link.TTL == 1 {
		remains += "; or a router is between (--ttl)"
	}
	if lasted < 2*reliable.StatusMin {
		remains += "; or it was about to report, which takes it up to half a second"
	}
	add(trouble.Remains, "", remains)
	add(trouble.Next, "", o.net.Doctor([]netip.AddrPort{o.home}, netip.Addr{}))
	return r
}

// hostFindings returns what this machine shows, and about the way to a subscriber if its address
// is valid.
func (o *options) hostFindings(s *snapshot, peer netip.AddrPort) []trouble.Finding {
	if o.host == nil {
		return nil
	}
	return o.host.Findings(check.Question{
		Role: check.Publisher, Group: o.home, Interface: o.net.Interface(),
		Defaulted: o.net.Defaulted(), ControlPort: s.local.Port(), Peer: peer.Addr(),
		PeerPort: peer.Port(),
	})
}

// unheardTrouble is that a subscriber whose pace counts isn't heard any more.
func (l *lookout) unheardTrouble(s *snapshot, m *publisher.Subscriber) trouble.Trouble {
	return trouble.Trouble{Key: fmt.Sprintf("quiet %x", m.ID),
		Over:   func() string { return l.here(m.ID, "is heard again") },
		Report: func(time.Duration) trouble.Report { return l.o.quietReport(s, m) }}
}

// here tells something of a subscriber, if it is still there.
func (l *lookout) here(id uint64, what string) string {
	for i := range l.last.list {
		if m := &l.last.list[i]; m.ID == id {
			return fmt.Sprintf("subscriber %s %s", fullName(m), what)
		}
	}
	return ""
}

func (o *options) quietReport(s *snapshot, m *publisher.Subscriber) trouble.Report {
	r := trouble.Report{Verdict: "quiet", Head: fmt.Sprintf(
		"subscriber %s, whose pace counts, has not been heard for %s: it was at offset %s, "+
			"%s behind", fullName(m), cli.Duration(m.Quiet.Round(time.Second)),
		cli.Grouped(m.Offset), cli.Counted(m.Lag, "message", "messages"))}
	add := func(mark trouble.Mark, format string, args ...any) {
		r.Findings = append(r.Findings,
			trouble.Finding{Mark: mark, Text: fmt.Sprintf(format, args...)})
	}
	add(trouble.Remains, "it crashed, is suspended, or is cut off: its link is down, or UDP from "+
		"%v to %v is blocked", m.Addr, s.local)
	if m.Departed {
		r.Verdict = "gone"
		r.Head += "; it doesn't count any more"
	} else {
		add(trouble.Note, "it may hold up the others for --stall-timeout, %s, where it leaves no "+
			"room", cli.Duration(o.cfg.Flow.StallTimeout))
	}
	r.Findings = append(r.Findings, o.hostFindings(s, m.Addr)...)
	add(trouble.Next, "%s", o.net.Doctor([]netip.AddrPort{o.home}, m.Addr.Addr()))
	return r
}

// repairsInVain is that a subscriber goes on asking for what it was sent again.
func (l *lookout) repairsInVain(s *snapshot, m *publisher.Subscriber) trouble.Trouble {
	return trouble.Trouble{Key: fmt.Sprintf("in vain %x", m.ID),
		Over:   func() string { return l.here(m.ID, "gets its repairs now") },
		Report: func(time.Duration) trouble.Report { return l.o.inVainReport(s, m) }}
}

func (o *options) inVainReport(s *snapshot, m *publisher.Subscriber) trouble.Report {
	r := trouble.Report{Verdict: "in vain", Head: fmt.Sprintf("subscriber %s asks, and repairs "+
		"don't reach it: of %s it asked for %s again; it is at offset %s, %s behind", fullName(m),
		cli.Counted(m.Repaired, "repaired frame", "repaired frames"), cli.Grouped(m.Again),
		cli.Grouped(m.Offset), cli.Counted(m.Lag, "message", "messages"))}
	r.Findings = append(o.hostFindings(s, m.Addr),
		trouble.Finding{Mark: trouble.Remains, Text: fmt.Sprintf("UDP from %v to %v is blocked, "+
			"or the path takes only smaller datagrams (--datagram)", s.local, m.Addr)},
		trouble.Finding{Mark: trouble.Next,
			Text: o.net.Doctor([]netip.AddrPort{o.home}, m.Addr.Addr())})
	return r
}

// nobodyText returns the last words of a publisher that heard no subscriber, with what is known
// of the cause, unless that was told already.
func (o *options) nobodyText(s *snapshot, teller *trouble.Teller, ran time.Duration,
	found []trouble.Finding) string {
	r := o.nobody(s, "was heard in", ran, found)
	if teller.Told("nobody", r) {
		r.Findings = nil
	}
	return r.Text("crier pub", cli.SheetOf(teller.Out))
}
