package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/stage"
	"crier/cmd/crier/hist"
	"crier/cmd/crier/sub"
	"crier/cmd/crier/table"
)

// report is the result of a demo.
type report struct {
	Seed      uint64        `json:"seed"`
	Net       string        `json:"net"`
	KilledAt  time.Duration `json:"killed_at_ns"`
	Burst     int           `json:"burst"`      // messages in the burst in which it was killed
	IntoBurst int           `json:"into_burst"` // of these, those before the end
	Accepted  uint64        `json:"accepted"`
	// Sent counts the messages, from the first, that were handed to the kernel whole.
	Sent        uint64    `json:"sent"`
	Frames      uint64    `json:"frames_sent,omitempty"`
	Repairs     uint64    `json:"repairs_sent,omitempty"`
	Subscribers []*member `json:"subscribers"`
	Checked     bool      `json:"checked"` // every message was compared with what was sent
	Note        string    `json:"-"`       // on the links, a line
}

// member is a subscriber's part of a report.
type member struct {
	Name       string            `json:"name"`
	Link       string            `json:"link"`
	Delivered  uint64            `json:"delivered"`
	Recovered  uint64            `json:"recovered"`
	Lost       uint64            `json:"lost"`
	Losses     []sub.LossSummary `json:"losses"`
	NextOffset uint64            `json:"next_offset"`
	Duplicates uint64            `json:"duplicates"`
	Nacks      uint64            `json:"nacks_sent"`
	Latency    *hist.Quantiles   `json:"latency_ns"`
	Recovery   *hist.Quantiles   `json:"recovery_ns"`
	End        string            `json:"end"`
	// Accepted messages that it lacks, by cause.
	Gone      uint64     `json:"gone"`
	NeverSent []gonePart `json:"never_sent"`
	DiedWith  []gonePart `json:"sent_but_lost_with_the_resend_buffer"`
	Unknown   uint64     `json:"gone_unknown_to_it"` // of Gone, what it has no evidence of
}

// gonePart is a run of offsets that are gone; To is exclusive.
type gonePart struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// account finds the accepted messages that a subscriber lacks, and the causes.
func (s *member) account(accepted, sent uint64) {
	s.NeverSent, s.DiedWith = []gonePart{}, []gonePart{}
	add := func(from, to uint64) {
		s.Gone += to - from
		if cut := min(max(sent, from), to); cut > from {
			s.DiedWith = joinGone(s.DiedWith, gonePart{from, cut})
			from = cut
		}
		if from < to {
			s.NeverSent = joinGone(s.NeverSent, gonePart{from, to})
		}
	}
	for _, l := range s.Losses {
		add(l.From, l.To)
	}
	if s.NextOffset < accepted {
		s.Unknown = accepted - s.NextOffset
		add(s.NextOffset, accepted)
	}
}

func joinGone(parts []gonePart, p gonePart) []gonePart {
	if last := len(parts) - 1; last >= 0 && parts[last].To == p.From {
		parts[last].To = p.To
		return parts
	}
	return append(parts, p)
}

// intro announces the demo.
func introText(seed uint64, net string) string {
	where := "in a simulated network and virtual time"
	if net == "lo" {
		where = "over loopback multicast, each a process of its own"
	}
	return fmt.Sprintf("One producer sends market data in bursts to three subscribers, %s "+
		"(seed %d). Each line is what they have so far.\n\n", where, seed)
}

// progressHead returns the head of progressLine's columns: what each subscriber has.
func progressHead(names []string) string {
	return fmt.Sprintf("%8s %12s %12s %12s %12s\n", "time", "accepted", names[0],
		names[1], names[2])
}

func progressLine(at time.Duration, accepted uint64, delivered []uint64) string {
	line := fmt.Sprintf("%8s %12s", cli.Duration(at), cli.Grouped(accepted))
	for _, d := range delivered {
		line += fmt.Sprintf(" %12s", cli.Grouped(d))
	}
	return line + "\n"
}

// text returns the account of a demo.
func (r *report) text(sheet cli.Sheet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe producer was killed after %s, %s.\n\n",
		cli.Duration(r.KilledAt), r.moment())
	b.WriteString("Up to then, what the network lost came back:\n\n")
	r.table(&b, sheet)
	if r.Frames > 0 { // a process that was killed can't tell any more
		fmt.Fprintf(&b, "\n%s frames went out once, to all three; %s of them again, as repairs.\n",
			cli.Grouped(r.Frames), cli.Grouped(r.Repairs))
	}

	b.WriteString("\nThe end, exactly\n\n")
	fmt.Fprintf(&b, "  accepted by the producer  %7s messages, offsets 0 to %s\n",
		cli.Grouped(r.Accepted), cli.Grouped(r.Accepted-1))
	fmt.Fprintf(&b, "  of these never sent       %7s\n\n", cli.Grouped(r.Accepted-r.Sent))
	r.gone(&b, sheet)
	b.WriteString(sheet.Fill(r.moral()))
	return b.String()
}

// moment tells where in the burst the producer was killed. A real kill may come after it.
func (r *report) moment() string {
	if r.IntoBurst > r.Burst {
		return fmt.Sprintf("just after a burst of %s messages", cli.Grouped(uint64(r.Burst)))
	}
	return fmt.Sprintf("in mid-burst (%s of %s messages)", cli.Grouped(uint64(max(r.IntoBurst, 0))),
		cli.Grouped(uint64(r.Burst)))
}

func (r *report) table(b *strings.Builder, sheet cli.Sheet) {
	t := table.Table{Columns: []table.Column{{Key: true}, {Head: "delivered"},
		{Head: "recovered"}, {Head: "lost"}, {Head: "duplicates"}, {Head: "NACKs"},
		{Group: "latency", Head: "p50", Breaks: true}, {Group: "latency", Head: "p99"},
		{Group: "recovery", Head: "p50"}, {Group: "recovery", Head: "p99"}}}
	for _, s := range r.Subscribers {
		t.Add(s.Name, cli.Grouped(s.Delivered),
			table.Toned(cli.Good, s.Recovered, cli.Grouped(s.Recovered)),
			table.Toned(cli.Bad, s.Lost, cli.Grouped(s.Lost)), cli.Grouped(s.Duplicates),
			cli.Grouped(s.Nacks), stage.P50(s.Latency), stage.P99(s.Latency),
			stage.P50(s.Recovery), stage.P99(s.Recovery))
	}
	b.WriteString(t.Text(sheet) + "\n")
	say := func(s *member, text string) {
		b.WriteString(sheet.Beside(fmt.Sprintf("  %-7s ", s.Name), text))
	}
	for _, s := range r.Subscribers {
		say(s, s.Link)
	}
	for _, s := range r.Subscribers {
		if s.Latency != nil {
			for line := range strings.Lines(sub.ClocksText(s.Latency)) {
				say(s, strings.TrimSpace(line))
			}
		}
	}
	b.WriteString(sheet.Wrap(r.Note, 0))
}

func (r *report) gone(b *strings.Builder, sheet cli.Sheet) {
	part := func(parts []gonePart, cause string) {
		if n := countGone(parts); n > 0 {
			b.WriteString(sheet.Beside(fmt.Sprintf("          %5s ", cli.Grouped(n)),
				cause+": "+goneText(parts)))
		}
	}
	for _, s := range r.Subscribers {
		fmt.Fprintf(b, "  %-7s has %s, and %s gone for it", s.Name, cli.Grouped(s.Delivered),
			sheet.Paint(goneTone(s.Gone), cli.Grouped(s.Gone)+" are"))
		if s.Gone == 0 {
			b.WriteString("\n")
			continue
		}
		b.WriteString(":\n")
		part(s.DiedWith, "sent, but lost with the resend buffer")
		part(s.NeverSent, "never sent")
		fmt.Fprintf(b, "          it reported %s lost; of the last %s it never heard\n",
			cli.Grouped(s.Lost), cli.Grouped(s.Unknown))
	}
}

func (r *report) moral() string {
	text := "\nEach subscriber ended the session as \"silent\", and for what it had heard of, " +
		"every offset was delivered once and in order, or named lost"
	if r.Checked {
		text += " (checked, byte for byte)"
	}
	if !slices.ContainsFunc(r.Subscribers, func(s *member) bool { return s.Gone > 0 }) {
		return text + ".\nThis time nothing is gone: all that was accepted had been sent, and " +
			"received, before the kill. No broker stood between, and what nobody has yet " +
			"received dies with its producer; here there was none.\n"
	}
	return text + ".\nNo broker stood between: that is why it was fast, and why what nobody had " +
		"yet received died with its producer.\n"
}

// goneTone returns the tone of a number of messages that are gone.
func goneTone(n uint64) cli.Tone {
	if n == 0 {
		return cli.Good
	}
	return cli.Bad
}

func countGone(parts []gonePart) (n uint64) {
	for _, p := range parts {
		n += p.To - p.From
	}
	return n
}

// goneText lists runs of offsets, the first and last of many.
func goneText(parts []gonePart) string {
	const most = 6
	var list []string
	for i, p := range parts {
		if len(parts) > most && i >= most-1 && i < len(parts)-1 {
			if i == most-1 {
				list = append(list, fmt.Sprintf("%d more runs", len(parts)-most))
			}
			continue
		}
		list = append(list, cli.OffsetRun(p.From, p.To))
	}
	return strings.Join(list, ", ")
}
