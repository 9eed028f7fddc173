package pub

import (
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/drops"
	"crier/publisher"
)

// dueText announces a long wait for the next message.
func (o *options) dueText(left time.Duration) string {
	text := fmt.Sprintf("crier pub: the next message is due in %v, at %s", left.Round(time.Second),
		time.Now().Add(left).Format("2006-01-02 15:04:05"))
	if o.feed.From != "" && o.pace.Rate == 0 && o.feed.MaxGap == 0 {
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
	text := t.published.Round(time.Millisecond).String()
	switch {
	case t.sent == 0:
		text += "; not all went out"
	case t.sent-t.published >= 10*time.Millisecond:
		text += fmt.Sprintf("; all had gone out after %v", t.sent.Round(time.Millisecond))
	}
	return text
}

// text returns the last words of crier pub.
func (o *options) text(session publisher.SessionID, st publisher.Stats, took times,
	late time.Duration,
	interrupted bool) string {
	drops, kernel := drops.OfPublisher(&st), drops.Kernel{}
	kernel.Add(st.Socket.KernelDrops, st.Socket.ReadBuffer)
	var b strings.Builder
	verb := "published"
	if interrupted {
		verb = "published, until interrupted,"
	}
	fmt.Fprintf(&b, "session %s: %s %s (%s) in %s, %s\n", session, verb,
		cli.Counted(st.Accepted, "message", "messages"),
		cli.Counted(st.AcceptedBytes, "byte", "bytes"),
		cli.Counted(st.Frames, "frame", "frames"), took.text())
	fmt.Fprintf(&b, "  repairs: %s, asked for by %s\n", cli.Counted(st.Repairs, "frame", "frames"),
		cli.Counted(st.Nacks, "NACK", "NACKs"))
	if n := st.Responder.Gone; n > 0 {
		fmt.Fprintf(&b,
			"  repairs were asked for %s that were no longer held, and what was in them is lost "+
				"for who asked; publish slower (--rate), or hold more (--resend-buffer, now %v)\n",
			cli.Counted(n, "time", "times"), cli.Size(o.cfg.Retention.ResendBuffer))
	}
	if n := st.Responder.Unfit; n > 0 {
		fmt.Fprintf(&b,
			"  repairs were asked for %s that were larger than the MTU, which had fallen since, "+
				"and what was in them is lost for who asked\n",
			cli.Counted(n, "time", "times"))
	}
	if n := st.TooLarge; n > 0 {
		fmt.Fprintf(&b,
			"  %s could not be sent any more: larger than the MTU, which had fallen since\n",
			cli.Counted(n, "frame", "frames"))
	}
	if n := st.Socket.SendErrors; n > 0 {
		some := "none"
		if st.Refused > 0 {
			some = cli.Grouped(st.Refused)
		}
		fmt.Fprintf(&b, "  the kernel refused %s, %s of them with messages",
			cli.Counted(n, "datagram", "datagrams"), some)
		if st.Refused > 0 && st.Nacks > 0 {
			b.WriteString("; subscribers had to ask for those")
		}
		b.WriteByte('\n')
	}
	if st.OffloadOff {
		b.WriteString("  what the kernel or the network card cut out of large writes did not " +
			"arrive: datagrams were sent one by one since; update the kernel, or use " +
			"--offload off\n")
	}
	b.WriteString(overloadText(&st))
	if late > time.Millisecond {
		fmt.Fprintf(&b, "  at its worst %v behind the schedule\n", late.Round(time.Microsecond))
	}
	// one that is quick to leave reports nothing
	if took.published > time.Second && st.Statuses == 0 && st.Nacks == 0 {
		b.WriteString("  no subscriber was heard; is one running, on this group and interface?\n")
	}
	for line := range strings.Lines(drops.Text(st.Invalid, true) + kernel.Text(cli.Size(o.cfg.Link.ReadBuffer))) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// overloadText tells what held the producer or was dropped.
func overloadText(st *publisher.Stats) string {
	var b strings.Builder
	if st.Dropped > 0 {
		fmt.Fprintf(&b, "  dropped %s messages (%s bytes) for want of room\n",
			cli.Grouped(st.Dropped), cli.Grouped(st.DroppedBytes))
	}
	for by, held := range st.BlockedBy {
		if held.Times > 0 {
			fmt.Fprintf(&b, "  no room because of the %v: %s times, %v in all\n",
				publisher.Blocker(by), cli.Grouped(held.Times), held.For.Round(time.Millisecond))
		}
	}
	if l := st.RateLimited; l.Times > 0 {
		fmt.Fprintf(&b, "  the rate limit let frames wait %s times, %v in all\n",
			cli.Grouped(l.Times), l.For.Round(time.Millisecond))
	}
	if st.Evicted > 0 {
		fmt.Fprintf(&b, "  subscribers were evicted from the count %s times\n",
			cli.Grouped(st.Evicted))
	}
	if st.Disk.Written > 0 || st.Disk.Errors > 0 {
		fmt.Fprintf(&b, "  on disk: %s frames written, %s read, %s errors\n",
			cli.Grouped(st.Disk.Written), cli.Grouped(st.Disk.Read), cli.Grouped(st.Disk.Errors))
	}
	return b.String()
}
