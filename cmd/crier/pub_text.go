package main

import (
	"fmt"
	"strings"
	"time"

	"crier/publisher"
)

// pubProgress rewrites a line on a terminal while crier pub runs.
type pubProgress struct {
	stopping chan struct{}
	stopped  chan struct{}
}

const progressEvery = 200 * time.Millisecond

func startPubProgress(o *pubOptions, std streams, p *publisher.Publisher) *pubProgress {
	if o.quiet || !isTerminal(std.err) {
		return nil
	}
	pp := &pubProgress{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(pp.stopped)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		last, before := time.Now(), uint64(0)
		for {
			select {
			case <-pp.stopping:
				fmt.Fprint(std.err, "\r\x1b[K")
				return
			case now := <-tick.C:
				st := p.Stats()
				rate := float64(st.Accepted-before) / now.Sub(last).Seconds()
				last, before = now, st.Accepted
				fmt.Fprintf(std.err, "\r\x1b[K%s messages, %s/s, %s frames, %s NACKs, %s repairs, %d subscribers",
					grouped(st.Accepted), grouped(uint64(rate)), grouped(st.Frames), grouped(st.Nacks), grouped(st.Repairs), st.Members)
			}
		}
	}()
	return pp
}

func (p *pubProgress) stop() {
	if p != nil {
		close(p.stopping)
		<-p.stopped
	}
}

// pubText is what crier pub says at the end.
func pubText(p *publisher.Publisher, took, late time.Duration, interrupted bool) string {
	st := p.Stats()
	var b strings.Builder
	verb := "published"
	if interrupted {
		verb = "published, until interrupted,"
	}
	fmt.Fprintf(&b, "session %s: %s %s messages (%s bytes) in %s frames, %v\n", sessionText(p.Session()), verb,
		grouped(st.Accepted), grouped(st.AcceptedBytes), grouped(st.Frames), took.Round(time.Millisecond))
	fmt.Fprintf(&b, "  repairs: %s frames, asked for by %s NACKs; %s frames asked for were no longer held\n",
		grouped(st.Repairs), grouped(st.Nacks), grouped(st.Responder.Gone))
	if st.Socket.SendErrors > 0 {
		fmt.Fprintf(&b, "  the kernel refused %s datagrams; subscribers had to ask for them\n", grouped(st.Socket.SendErrors))
	}
	if late > time.Millisecond {
		fmt.Fprintf(&b, "  at its worst %v behind the schedule\n", late.Round(time.Microsecond))
	}
	if st.Accepted > 0 && st.Statuses == 0 && st.Nacks == 0 {
		b.WriteString("  no subscriber was heard\n")
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
