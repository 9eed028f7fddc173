package crash

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
)

// text returns the account of the crash.
func (r *report) text(sheet cli.Sheet) string {
	var b strings.Builder
	b.WriteString(sheet.Fill(r.intro()))
	b.WriteString("\nWho got what from the producer\n")
	for _, t := range r.reachTables() {
		fmt.Fprintf(&b, "\n%s%s", t.about, t.table.Text(sheet))
	}
	b.WriteString("\nWhat they lack in the end, in messages\n\n")
	b.WriteString(r.lostTable().Text(sheet))
	for _, a := range r.Arms {
		b.WriteString("\n" + a.Name + "\n")
		a.tell(&b, sheet)
	}
	b.WriteString("\nWhat it costs up to the crash\n\n")
	b.WriteString(r.costTable().Text(sheet) + "\n")
	b.WriteString(sheet.Fill(r.notes()))
	return b.String()
}

// intro says what was played.
func (r *report) intro() string {
	where := "in a simulated network and virtual time"
	if r.Net == "lo" {
		where = "over loopback multicast, with real processes and SIGKILL"
	}
	text := fmt.Sprintf("One crash, %d times, %s (seed %d). A producer sends market data in bursts "+
		"to three subscribers, and is killed after %s, in mid-burst (%s of %s messages).\n\n",
		len(r.Arms), where, r.Seed, cli.Duration(r.KilledAt), cli.Grouped(uint64(r.IntoBurst)),
		cli.Grouped(uint64(r.Burst)))
	text += "  bare       nobody helps\n" +
		"  survivors  each subscriber keeps what it got, and serves the others\n" +
		"  recorder   the same, and a recorder beside the producer\n"
	if r.Net == "lo" {
		text += "  broker     a JetStream server on disk between them\n"
	}
	return text
}

// words returns reasons of losses in a sentence.
var words = map[string]string{
	neverSent: "were never sent", reachedNobody: "reached nobody",
	nobodyHelped: "only others have", notKept: "weren't with the broker yet",
}

// tell tells what each subscriber of an arm lacks, and why.
func (a *arm) tell(b *strings.Builder, sheet cli.Sheet) {
	say := func(name, text string) {
		b.WriteString(sheet.Beside(fmt.Sprintf("  %-8s ", name), text))
	}
	if a.Missing != "" {
		say("", a.Missing+".")
		return
	}
	common := a.common()
	if len(common) > 0 {
		say("all", "lack "+lossText(common))
	}
	for _, m := range a.Subscribers {
		text := "has " + cli.Grouped(m.Delivered)
		own := slices.DeleteFunc(slices.Clone(m.Losses), func(l loss) bool {
			return slices.Contains(common, l)
		})
		if m.Lost == 0 {
			text += ", all that was accepted"
		} else if len(own) > 0 {
			text += ", and lacks " + lossText(own)
		}
		for _, p := range m.Repairs {
			if p.By != producer {
				text += fmt.Sprintf("; %s came from %s", cli.Grouped(p.Messages), p.By)
			}
		}
		if m.Named > 0 {
			text += fmt.Sprintf("; it named %s lost", cli.Grouped(m.Named))
		}
		say(m.Name, text)
	}
	for _, text := range a.certificates() {
		say("", text)
	}
	if a.Broker != nil {
		for _, text := range a.Broker.text(a) {
			say("", text)
		}
	}
}

// common returns the losses that all subscribers share.
func (a *arm) common() []loss {
	return slices.DeleteFunc(slices.Clone(a.Subscribers[0].Losses), func(l loss) bool {
		return slices.ContainsFunc(a.Subscribers, func(m *member) bool {
			return !slices.Contains(m.Losses, l)
		})
	})
}

// lossText lists losses, those of a reason together.
func lossText(list []loss) string {
	var reasons []string
	for _, l := range list {
		if !slices.Contains(reasons, l.Why) {
			reasons = append(reasons, l.Why)
		}
	}
	for i, why := range reasons {
		n, runs := uint64(0), []string{}
		for _, l := range list {
			if l.Why == why {
				n += l.To - l.From
				runs = append(runs, cli.OffsetRun(l.From, l.To))
			}
		}
		const most = 4
		if more := len(runs) - most; more > 0 {
			runs = append(runs[:most], fmt.Sprintf("%d runs more", more))
		}
		reasons[i] = fmt.Sprintf("%s that %s (%s)", cli.Grouped(n), words[why],
			strings.Join(runs, ", "))
	}
	return listed(reasons)
}

// certificates tells what the inquest of an arm found: once, if all have the same.
func (a *arm) certificates() []string {
	first := a.Subscribers[0].Certificate
	if first == nil {
		if a.Broker != nil {
			return nil
		}
		return []string{"There is no certificate: each knows of its own losses only."}
	}
	if slices.ContainsFunc(a.Subscribers, func(m *member) bool {
		return m.Certificate == nil || m.Certificate.Hash != first.Hash
	}) {
		var list []string
		for _, m := range a.Subscribers {
			if m.Certificate != nil {
				list = append(list, "Certificate of "+m.Name+": "+certificateText(m.Certificate))
			}
		}
		return list
	}
	return []string{"Certificate of all: " + certificateText(first)}
}

// certificateText describes a certificate.
func certificateText(c *events.Certificate) string {
	var names []string
	for _, m := range c.Members {
		names = append(names, m.Name)
	}
	text := fmt.Sprintf("number %d, %s after the silence, by %s", c.Number,
		cli.Duration(time.Duration(c.Took).Round(time.Millisecond)), listed(names))
	if c.Agreed {
		text += ", who agree"
	}
	text += fmt.Sprintf("; the stream is known up to offset %s", cli.Grouped(max(c.NextOffset, 1)-1))
	if len(c.Nobody) == 0 {
		return text + "; nothing of it is lost for all."
	}
	n := uint64(0)
	for _, r := range c.Nobody {
		n += r.To - r.From
	}
	var lost []string
	for _, r := range c.Lost {
		lost = append(lost, cli.OffsetRun(r.From, r.To))
	}
	return text + fmt.Sprintf("; nobody has %s of it, of offsets %s.",
		cli.Counted(n, "frame", "frames"), strings.Join(lost, ", "))
}

// text tells what a broker acknowledged and kept.
func (k *brokered) text(a *arm) []string {
	list := []string{fmt.Sprintf("At the kill %s messages were with the producer's client library, "+
		"%s were acknowledged; the broker kept %s. It syncs its files %s.", cli.Grouped(a.Accepted),
		cli.Grouped(k.Acked), cli.Grouped(k.Kept), k.Sync)}
	if d := k.Killed; d != nil {
		list = append(list, fmt.Sprintf("Killed itself in that burst (SIGKILL) and started again "+
			"while the producer goes on, it has %s of %s messages: of %s that it had acknowledged "+
			"it lost %s; the client library told the producer of %s that it gave up.",
			cli.Grouped(d.Kept), cli.Grouped(d.Accepted), cli.Grouped(d.Acked),
			cli.Grouped(d.LostAcked), cli.Grouped(d.Failed)))
	}
	return list
}

// notes say how to read the figures.
func (r *report) notes() string {
	text := "though sent: without what the producer never handed to its network, which no " +
		"arrangement saves. late comer: what one gets that comes after all is over, and asks for " +
		"the oldest. bare, survivors and recorder are done when each application was told the end: 2 s of " +
		"silence, and the inquest. "
	if r.Net != "lo" {
		return text + "Latency is from acceptance to delivery, of all three subscribers, with what " +
			"the network lost. Each message was compared with what was published, and each loss " +
			"with what was sent.\n"
	}
	return text + "A broker tells nobody that a producer died: there it is the last message that " +
		"it kept.\n\nLatency is that of clean, whose network loses nothing, and of a broker's " +
		"first subscriber: from the time at which the producer handed the message over, until the " +
		"datagram was read (crier), or until the client library handed the message over (broker), " +
		"both by this machine's clock. All send the same messages at the same pace, one arm after " +
		"another. The broker's producer publishes asynchronously and doesn't wait for " +
		"acknowledgements, as crier's doesn't; its subscribers are ordered consumers. On one host " +
		"a broker's two hops are short, and so is crier's one. Packets and bytes are those of the " +
		"loopback interface, whoever sent them; what offload puts together is one packet.\n"
}

// listed returns a list in words.
func listed(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}
