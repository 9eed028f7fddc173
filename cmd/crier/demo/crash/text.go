package crash

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/stage"
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
	b.WriteString("\n")
	r.links(&b, sheet)
	b.WriteString("\nWhat they lack in the end, in messages\n\n")
	b.WriteString(r.lostTable().Text(sheet))
	for _, a := range r.Arms {
		b.WriteString("\n" + a.Name + "\n")
		a.tell(&b, sheet)
	}
	b.WriteString("\nWhat it costs up to the crash\n\n")
	b.WriteString(r.costTable().Text(sheet) + "\n")
	b.WriteString(sheet.Fill(r.moral() + "\n" + r.notes()))
	return b.String()
}

// links describes the network of each.
func (r *report) links(b *strings.Builder, sheet cli.Sheet) {
	for _, m := range r.Arms[0].Subscribers {
		b.WriteString(sheet.Beside(fmt.Sprintf("  %-8s ", m.Name), m.Link))
	}
	b.WriteString(sheet.Beside(fmt.Sprintf("  %-8s ", recorderName), r.recorderLink()))
}

// recorderLink describes the recorder's network.
func (r *report) recorderLink() string {
	if r.Net == "lo" {
		return "the loopback interface as it is; to the producer everything takes 20 ms"
	}
	return "50 µs away; the others are behind an uplink of 3 ms that loses 3 % in bursts of 4"
}

// arm returns the arm of a name that was played, or nil.
func (r *report) arm(name string) *arm {
	for _, a := range r.Arms {
		if a.Name == name && a.Missing == "" {
			return a
		}
	}
	return nil
}

// helped counts the messages that came from others than the producer.
func (a *arm) helped() (n uint64) {
	for _, m := range a.Subscribers {
		for _, p := range m.Repairs {
			if p.By != producer {
				n += p.Messages
			}
		}
	}
	return n
}

// though counts what was lost though it was sent.
func (a *arm) though() uint64 {
	return a.Lost - uint64(len(a.Subscribers))*(a.Accepted-a.Sent)
}

// lacking says what is lost though it was sent.
func (a *arm) lacking() string {
	if n := a.though(); n > 0 {
		return cli.Grouped(n) + " that none of them had"
	}
	return "nothing that was sent"
}

// moral says what the crash shows.
func (r *report) moral() string {
	bare, survivors, recorder := r.Arms[0], r.Arms[1], r.Arms[2]
	text := fmt.Sprintf("Where nobody helps, %s are lost though they were sent. Survivors gave "+
		"each other %s, and lack %s", cli.Grouped(bare.though()), messages(survivors.helped()),
		survivors.lacking())
	if survivors.Cost.Datagrams == bare.Cost.Datagrams {
		text += fmt.Sprintf("; that takes %s of memory, and not one datagram before the crash",
			cli.Bytes(survivors.Cost.Memory-min(bare.Cost.Memory, survivors.Cost.Memory)))
	}
	text += fmt.Sprintf(". With a recorder %s came again, and they lack %s; one who comes late "+
		"has %s.", cli.Grouped(recorder.helped()), recorder.lacking(), messages(recorder.Late))
	broker := r.arm(brokerName)
	if broker == nil || broker.Cost.Calm == nil || bare.Cost.Calm == nil {
		return text + "\n"
	}
	return text + fmt.Sprintf(" The broker kept %s of %s messages, also for those who come late; "+
		"after the opening, it took %s at the median, and crier %s.\n",
		cli.Grouped(broker.Broker.Kept), cli.Grouped(broker.Accepted),
		stage.P50(broker.Cost.Calm), stage.P50(bare.Cost.Calm))
}

// messages counts messages in words.
func messages(n uint64) string { return cli.Counted(n, "message", "messages") }

// intro says what was played.
func (r *report) intro() string {
	played := len(r.Arms)
	if r.Arms[played-1].Missing != "" {
		played--
	}
	text := fmt.Sprintf("One crash, %d times, in a simulated network and virtual time (seed %d). "+
		"A producer sends market data in bursts to three subscribers, and is killed after %s, in "+
		"mid-burst (%s of %s messages).\n\n", played, r.Seed, cli.Duration(r.KilledAt),
		cli.Grouped(uint64(r.IntoBurst)), cli.Grouped(uint64(r.Burst)))
	if r.Net == "lo" {
		text = fmt.Sprintf("One crash, %d times, over loopback, with real processes and SIGKILL "+
			"(seed %d). A producer sends market data in bursts to three subscribers, and is "+
			"killed in mid-burst, %s after its start.\n\n", played, r.Seed,
			cli.Duration(r.KilledAt))
	}
	text += "  bare       nobody helps\n" +
		"  survivors  each subscriber keeps what it got, and serves the others\n" +
		"  recorder   the same, and a recorder beside the producer\n"
	if r.Net == "lo" {
		text += "  broker     a JetStream server on disk between them, as it comes\n"
	}
	if r.arm(brokerName) != nil {
		text += "  synced     the same, and it syncs each message\n"
	}
	return text
}

// words returns reasons of losses in a sentence, of one message and of several.
var words = map[string][2]string{
	neverSent:     {"was never sent", "were never sent"},
	reachedNobody: {"reached nobody", "reached nobody"},
	nobodyHelped:  {"only others have", "only others have"},
	notKept:       {"wasn't with the broker yet", "weren't with the broker yet"},
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
		word := words[why][1]
		if n == 1 {
			word = words[why][0]
		}
		reasons[i] = fmt.Sprintf("%s that %s (%s)", cli.Grouped(n), word,
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
	text += "; the stream is known up to offset " + cli.Grouped(max(c.NextOffset, 1)-1)
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
	list := []string{fmt.Sprintf("At the kill %s messages were with the producer's client "+
		"library, %s were acknowledged; the broker kept %s. It syncs its files %s.",
		cli.Grouped(a.Accepted),
		cli.Grouped(k.Acked), cli.Grouped(k.Kept), k.Sync)}
	if d := k.Killed; d != nil {
		list = append(list, fmt.Sprintf("Killed itself in that burst (SIGKILL) and started again "+
			"while the producer goes on, it lost %s of %s that it had acknowledged, and %s of %s "+
			"in all. The client library told the producer that %s failed, which it may publish "+
			"again.", cli.Grouped(d.LostAcked), messages(d.Acked), cli.Grouped(d.Accepted-d.Kept),
			messages(d.Accepted), cli.Grouped(d.Failed)))
	}
	return list
}

// notes say how to read the figures.
func (r *report) notes() string {
	text := "\"though sent\" leaves out what the producer never handed to its network, which " +
		"nobody can give back. \"late comer\" is what one gets who comes when all is over, and " +
		"asks for the oldest. \"done after\" is until each application was told the end: 2 s of " +
		"silence, and the inquest. "
	if r.Net != "lo" {
		return text + "Latency is from acceptance to delivery, of all three, with what the " +
			"network lost. Each message was compared with what was published, and each loss and " +
			"certificate with the truth.\n"
	}
	more := "Latency is that of clean, from when the producer accepted the first message of a " +
		"datagram until that was read. "
	if r.arm(brokerName) != nil {
		text += "A broker tells nobody that a producer died: there it is until the last message " +
			"that it kept."
		more += "With the broker it is that of a subscriber without loss, too, from the call " +
			"that publishes a message until the client library hands it over; all by one clock. " +
			"Neither producer waits: the broker's publishes asynchronously, with at most 4,000 " +
			"messages that aren't acknowledged; the broker's subscribers are ordered consumers. " +
			"A power failure isn't played: by default JetStream acknowledges what isn't synced " +
			"yet for up to 2 minutes. "
	}
	return strings.TrimSpace(text) + "\n\n" + more + "All have the same messages at the same " +
		"pace, one after another on this machine; the market opens with 4,000 messages in 10 ms. " +
		"Each crash is another one: what is never sent differs from run to run. Packets and " +
		"bytes are those of the loopback interface, whoever sent them; packets that offload " +
		"joins count as one.\n"
}

// listed returns a list in words.
func listed(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}
