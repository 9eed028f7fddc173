package pub

import (
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/counts"
	"crier/publisher"
)

// dueText announces a long wait for the next message.
func (o *options) dueText(left time.Duration) string {
	text := fmt.Sprintf("crier pub: the next message is due in %s, at %s", cli.Duration(left),
		time.Now().Add(left).Format("2006-01-02 15:04:05"))
	if o.reads() && o.pace.Rate == 0 && o.feed.MaxGap == 0 {
		text += ", as recorded; --max-gap 5s would shorten such silences"
	}
	return text + "\n"
}

// times are the times from the start until all was accepted, and until all was handed to the
// kernel; 0 if that never happened.
type times struct {
	start           time.Time
	published, sent time.Duration
}

// text returns both times where they differ by more than a send.
func (t *times) text() string {
	text := cli.Duration(t.published)
	switch {
	case t.sent == 0:
		text += "; not all went out"
	case t.sent-t.published >= 10*time.Millisecond:
		text += fmt.Sprintf("; all had gone out after %s", cli.Duration(t.sent))
	}
	return text
}

// text returns the last words of crier pub.
func (o *options) text(session publisher.SessionID, st publisher.Stats, to *spread, took times,
	late time.Duration, interrupted bool) string {
	var b strings.Builder
	verb := "published"
	if interrupted {
		verb = "published, until interrupted,"
	}
	fmt.Fprintf(&b, "session %s: %s %s (%s) in %s, %s\n", session, verb,
		cli.Counted(st.Accepted, "message", "messages"),
		cli.Bytes(st.AcceptedBytes),
		cli.Counted(st.Frames, "frame", "frames"), took.text())
	b.WriteString(to.text())
	fmt.Fprintf(&b, "  repairs: %s, asked for by %s\n", cli.Counted(st.Repairs, "frame", "frames"),
		cli.Counted(st.Nacks, "NACK", "NACKs"))
	for line := range strings.Lines(counts.Of(st.Counters()).Text(o.remarks(&st))) {
		b.WriteString("  " + line)
	}
	if late > time.Millisecond {
		fmt.Fprintf(&b, "  at its worst %s behind the schedule\n", cli.Duration(late))
	}
	return b.String()
}

// remarks returns what there is to say of counters besides their number, by name.
func (o *options) remarks(st *publisher.Stats) map[string]string {
	refused := ", none of them with messages"
	if len(o.cfg.Feeds) > 0 {
		refused = "; all messages left by another feed"
	}
	if st.Refused > 0 {
		refused = fmt.Sprintf(", %s of them with messages", cli.Grouped(st.Refused))
		if len(o.cfg.Feeds) > 0 {
			refused = fmt.Sprintf("; %s left by no feed",
				cli.Counted(st.Refused, "frame with messages", "frames with messages"))
		}
		if st.Nacks > 0 {
			refused += "; subscribers had to ask for those"
		}
	}
	return map[string]string{
		"dropped": fmt.Sprintf(" (%s)", cli.Bytes(st.DroppedBytes)),
		"gone_frames": fmt.Sprintf("; publish slower (--rate), or hold more (--resend-buffer, "+
			"now %v)", cli.Size(o.cfg.Retention.ResendBuffer)),
		"send_errors":    refused,
		"rival_reports":  "; stop one of them, or give it another --name",
		"offload_off":    "; update the kernel, or use --offload off",
		"foreign_frames": counts.Stranger("it", st.Moved, st.Contested),
		"kernel_drops": counts.Remedy(cli.Size(st.Socket.ReadBuffer),
			cli.Size(o.cfg.Link.ReadBuffer)),
	}
}
