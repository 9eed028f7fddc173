package main

import (
	"fmt"
	"strings"
	"time"

	"crier/publisher"
)

// pubProgress rewrites a line on a terminal while crier pub runs.
type pubProgress struct {
	draining chan struct{}
	stopping chan struct{}
	stopped  chan struct{}
}

const progressEvery = 200 * time.Millisecond

// startPubProgress returns nil, which does nothing, where there is no terminal,
// or where someone types on it.
func startPubProgress(o *pubOptions, std streams, console *console, p *publisher.Publisher) *pubProgress {
	_, typed := terminal(std.in)
	if o.quiet || !console.live() || o.feed.From == "-" && typed {
		return nil
	}
	pp := &pubProgress{make(chan struct{}), make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(pp.stopped)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		last, before := time.Now(), uint64(0)
		for {
			select {
			case <-pp.stopping:
				console.show("")
				return
			case now := <-tick.C:
				st := p.Stats()
				rate := float64(st.Accepted-before) / now.Sub(last).Seconds()
				last, before = now, st.Accepted
				console.show(progressText(st, rate, o.count, pp.isDraining()))
			}
		}
	}()
	return pp
}

// progressText is the line; rate is in messages a second, and of how many there
// are to be, or 0.
func progressText(st publisher.Stats, rate float64, of uint64, draining bool) string {
	text := grouped(st.Accepted)
	if of > 0 {
		text += " of " + grouped(of)
	}
	text += " messages"
	if draining {
		text += " published, repairing"
	} else {
		text += fmt.Sprintf(", %s/s", grouped(uint64(rate)))
	}
	subscribers := "subscribers"
	if st.Members == 1 {
		subscribers = "subscriber"
	}
	return fmt.Sprintf("%s, %s frames, %s NACKs, %s repairs, %d %s", text,
		grouped(st.Frames), grouped(st.Nacks), grouped(st.Repairs), st.Members, subscribers)
}

// drain says that all is published, and only repairs go on.
func (p *pubProgress) drain() {
	if p != nil {
		close(p.draining)
	}
}

func (p *pubProgress) isDraining() bool {
	select {
	case <-p.draining:
		return true
	default:
		return false
	}
}

// stop removes the line.
func (p *pubProgress) stop() {
	if p != nil {
		close(p.stopping)
		<-p.stopped
	}
}

// dueText says when the next message is due, where that is long from now.
func (o *pubOptions) dueText(left time.Duration) string {
	text := fmt.Sprintf("crier pub: the next message is due in %v, at %s", left.Round(time.Second), time.Now().Add(left).Format("2006-01-02 15:04:05"))
	if o.feed.From != "" && o.pace.Rate == 0 && o.feed.MaxGap == 0 {
		text += ", as recorded; --max-gap 5s would shorten such silences"
	}
	return text + "\n"
}

// pubTimes are how long it took, from the start, until all was accepted, and until all
// was with the kernel; 0 if that wasn't so.
type pubTimes struct {
	start           time.Time
	published, sent time.Duration
}

// text says both where they differ by more than it takes to send a datagram.
func (t *pubTimes) text() string {
	text := t.published.Round(time.Millisecond).String()
	switch {
	case t.sent == 0:
		text += "; not all went out"
	case t.sent-t.published >= 10*time.Millisecond:
		text += fmt.Sprintf("; all had gone out after %v", t.sent.Round(time.Millisecond))
	}
	return text
}

// pubText is what crier pub says at the end.
func (o *pubOptions) pubText(session uint64, st publisher.Stats, took pubTimes, late time.Duration, interrupted bool) string {
	drops, kernel := pubDrops(&st), kernelDrops{}
	kernel.add(st.Socket.KernelDrops, st.Socket.ReadBuffer)
	var b strings.Builder
	verb := "published"
	if interrupted {
		verb = "published, until interrupted,"
	}
	fmt.Fprintf(&b, "session %s: %s %s (%s) in %s, %s\n", sessionText(session), verb, counted(st.Accepted, "message", "messages"),
		counted(st.AcceptedBytes, "byte", "bytes"), counted(st.Frames, "frame", "frames"), took.text())
	fmt.Fprintf(&b, "  repairs: %s, asked for by %s\n", counted(st.Repairs, "frame", "frames"), counted(st.Nacks, "NACK", "NACKs"))
	if n := st.Responder.Gone; n > 0 {
		fmt.Fprintf(&b, "  repairs were asked for %s that were no longer held, and what was in them is lost for who asked; publish slower (--rate), or hold more (--resend-buffer, now %v)\n",
			counted(n, "time", "times"), o.resend)
	}
	if n := st.Responder.Unfit; n > 0 {
		fmt.Fprintf(&b, "  repairs were asked for %s that were larger than the MTU, which had fallen since, and what was in them is lost for who asked\n",
			counted(n, "time", "times"))
	}
	if n := st.TooLarge; n > 0 {
		fmt.Fprintf(&b, "  %s could not be sent any more: larger than the MTU, which had fallen since\n", counted(n, "frame", "frames"))
	}
	if n := st.Socket.SendErrors; n > 0 {
		some := "none"
		if st.Refused > 0 {
			some = grouped(st.Refused)
		}
		fmt.Fprintf(&b, "  the kernel refused %s, %s of them with messages", counted(n, "datagram", "datagrams"), some)
		if st.Refused > 0 && st.Nacks > 0 {
			b.WriteString("; subscribers had to ask for those")
		}
		b.WriteByte('\n')
	}
	if st.OffloadOff {
		b.WriteString("  what the kernel or the network card cut out of large writes did not arrive: datagrams were sent one by one since; update the kernel, or use --offload off\n")
	}
	b.WriteString(overloadText(&st))
	if late > time.Millisecond {
		fmt.Fprintf(&b, "  at its worst %v behind the schedule\n", late.Round(time.Microsecond))
	}
	if took.published > time.Second && st.Statuses == 0 && st.Nacks == 0 { // one that is quick to leave reports nothing
		b.WriteString("  no subscriber was heard; is one running, on this group and interface?\n")
	}
	for line := range strings.Lines(drops.text(st.Invalid, true) + kernel.text(o.net.read)) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// grouped prints a number with its thousands apart.
func grouped(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
