package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
)

// resultText describes a run's result.
func resultText(r *Result, sheet cli.Sheet) string {
	var b strings.Builder
	b.WriteString(sheet.Wrap(fmt.Sprintf("%s, seed %d: %s, %s of publishing, %s in all\n",
		r.Scenario, r.Seed, cli.Counted(uint64(len(r.Members)), "subscriber", "subscribers"),
		cli.Duration(time.Duration(r.Duration)), cli.Duration(time.Duration(r.End))), 2))
	fmt.Fprintf(&b, "\n%s\n%s\n", sheet.Beside("  ", r.Story), groupTable(r).Text(sheet))
	if len(r.Teams) > 0 {
		fmt.Fprintf(&b, "%s\n", teamTable(r).Text(sheet))
	}
	for _, t := range r.Teams {
		b.WriteString(sheet.Beside("  ", teamText(t)))
	}
	for _, p := range r.Publishers {
		b.WriteString(sheet.Beside("  ", publisherText(p)))
	}
	for _, p := range r.Recorders {
		b.WriteString(sheet.Beside("  ", recorderText(p)))
	}
	if text := directoryText(r); text != "" {
		b.WriteString(sheet.Beside("  ", text))
	}
	for _, g := range r.Groups {
		if g.Digests > 0 {
			b.WriteString(sheet.Beside("  ", inquestText(g)))
		}
	}
	b.WriteString(sheet.Beside("  ", certificatesText(r)))
	if text := lostFramesText(r); text != "" {
		b.WriteString(sheet.Beside("  ", text))
	}
	b.WriteByte('\n')
	charts(&b, r, sheet)
	lostText(&b, r, sheet)
	switch r.Promise {
	case "kept":
		fmt.Fprintf(&b, "\n%s", sheet.Fill(sheet.Paint(cli.Good, "The promise was kept")+
			": every message was delivered once and in order, or named lost (checked, byte for "+
			"byte).\n"))
	default:
		fmt.Fprintf(&b, "\n%s:\n%s\n", sheet.Paint(cli.Bad, "THE PROMISE WAS BROKEN"), r.Violations)
	}
	return b.String()
}

// publisherText tells what a publisher sent and got.
func publisherText(p *Publisher) string {
	share := ""
	if p.FrameBytes > 0 {
		share = " (" + cli.PercentOf(p.RepairBytes, p.FrameBytes) + " of the data)"
	}
	sessions := ""
	if p.Sessions > 1 {
		sessions = fmt.Sprintf(" and %d sessions", p.Sessions)
	}
	return fmt.Sprintf("%s accepted %s in %s (%s)%s, repeated %s%s, and got %s and %s", p.Name,
		cli.Counted(p.Accepted, "message", "messages"), cli.Counted(p.Frames, "frame", "frames"),
		cli.Bytes(p.FrameBytes), sessions, cli.Grouped(p.Repairs), share,
		cli.Counted(p.Nacks, "NACK", "NACKs"), cli.Counted(p.Statuses, "report", "reports"))
}

// lostFramesText tells how many frames were lost, and what they cost; "" if none was.
func lostFramesText(r *Result) string {
	n := r.LostFrames
	if n.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%s lost by somebody, %s in all; NACKs for one of them: p50 %d, p95 %d, "+
		"p99 %d, most %d", cli.Counted(n.Count, "frame was", "frames were"),
		cli.Counted(n.Sum, "time", "times"), n.Nacks.P50, n.Nacks.P95, n.Nacks.P99, n.Nacks.Max)
}

// lostText lists the loss reports, the first few of each group.
func lostText(b *strings.Builder, r *Result, sheet cli.Sheet) {
	const most = 5
	for _, g := range r.Groups {
		if g.Lost == 0 {
			continue
		}
		var causes []string
		for _, cause := range sortedKeys(g.Causes) {
			causes = append(causes, fmt.Sprintf("%s %s", cli.Grouped(g.Causes[cause]), cause))
		}
		b.WriteString("\n" + sheet.Beside("  ", fmt.Sprintf("%s %s: %s", g.Name,
			sheet.Paint(cli.Bad, "lost "+cli.Counted(g.Lost, "message", "messages")),
			strings.Join(causes, ", "))))
		n := 0
		for _, m := range r.Members {
			if m.Group != g.Name {
				continue
			}
			for _, l := range m.Losses {
				if n++; n > most {
					break
				}
				b.WriteString(sheet.Beside("    ", fmt.Sprintf("%s %s: %s, %s",
					cli.Instant(time.Duration(l.At)), m.Name, cli.OffsetRun(l.From, l.To),
					l.Cause)))
			}
		}
		if n > most {
			fmt.Fprintf(b, "    and more; --json has all\n")
		}
	}
}

func sortedKeys(m map[string]uint64) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
