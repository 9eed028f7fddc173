package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/stage"
)

// loLinks are the links of the subscriber processes.
var loLinks = []struct{ name, link, impair string }{
	{"clean", "the loopback interface as it is", ""},
	{"lossy", "loses 1 % at random", "loss=1%"},
	{
		"bursty", "2 to 3 ms away, loses 4 % in bursts of 12 datagrams on average",
		"burst=4%/12 delay=2ms..3ms",
	},
}

// The producer process: what subscribers ask for reaches it late, and messages wait for
// others to share a datagram. The loopback interface takes all at once; so there is
// something, as on a network that takes its time, that waits to be sent or repaired.
const (
	asked  = "delay=5ms"
	batch  = 2 * time.Millisecond
	loNote = "  To the producer everything takes 5 ms; " +
		"messages wait up to 2 ms there to share a datagram.\n"
)

// patience bounds the time of all processes.
const patience = time.Minute

// playLo plays the demo with real processes on the loopback interface.
func playLo(ctx context.Context, plan *stage.Script, out io.Writer) (*report, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// The kernel ends the processes with the thread that started them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dir, err := os.MkdirTemp("", "crier-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	l := &lo{plan: plan, dir: dir, out: out}
	defer l.end()
	if err := l.start(ctx); err != nil {
		return nil, err
	}
	if err := l.run(ctx); err != nil {
		return nil, err
	}
	return l.account(ctx)
}

// lo is the demo with real processes.
type lo struct {
	plan     *stage.Script
	dir      string
	out      io.Writer
	subs     []*process
	producer *stage.Producer
	killed   time.Duration // after its start
}

// start starts the subscribers, and the producer once they listen.
func (l *lo) start(ctx context.Context) error {
	self, err := stage.Self()
	if err != nil {
		return err
	}
	group, err := stage.FreeGroup()
	if err != nil {
		return err
	}
	for i, link := range loLinks {
		s, err := startSubscriber(ctx, self, l.dir, group, link.impair, l.plan, i)
		if err != nil {
			return err
		}
		l.subs = append(l.subs, s)
	}
	for _, s := range l.subs {
		if err := s.Listening(ctx); err != nil {
			return err
		}
	}
	l.producer, err = stage.StartProducer(ctx, self, l.dir, group, l.plan, "--impair", asked,
		"--batch-wait", batch.String())
	return err
}

// run shows the progress until the producer has accepted the script, and is killed.
func (l *lo) run(ctx context.Context) error {
	var names []string
	for _, link := range loLinks {
		names = append(names, link.name)
	}
	fmt.Fprint(l.out, progressHead(names))
	next := tick
	return l.producer.Run(ctx, func(since time.Duration, accepted uint64) {
		l.killed = since
		switch all := uint64(len(l.plan.Messages)); {
		case accepted >= all:
			fmt.Fprint(l.out, progressLine(since, accepted, l.have(accepted)))
		case since >= next:
			fmt.Fprint(l.out, progressLine(next, accepted, l.have(accepted)))
			next += tick
		}
	})
}

// have returns the number of messages that each subscriber has, of those accepted so far.
func (l *lo) have(accepted uint64) []uint64 {
	var list []uint64
	for _, s := range l.subs {
		list = append(list, min(s.have.Load(), accepted))
	}
	return list
}

// account waits until the subscribers have given up the session, and accounts for each
// message.
func (l *lo) account(ctx context.Context) (*report, error) {
	r := &report{
		KilledAt: l.killed, Burst: l.plan.Burst, Checked: true, Note: loNote,
	}
	var err error
	if r.Accepted, r.Sent, err = l.producer.Watermarks(); err != nil {
		return nil, err
	}
	r.IntoBurst = l.plan.Into + int(r.Accepted) - len(l.plan.Messages)
	for _, s := range l.subs {
		err := s.finish()
		if ctx.Err() != nil { // which ends the processes, wherever they are
			return nil, fmt.Errorf("subscriber %s was not done %s after the start: %w",
				s.member.Name, cli.Duration(time.Since(l.producer.Began)), ctx.Err())
		}
		if err != nil {
			return nil, err
		}
		if s.NextOffset > r.Accepted {
			return nil, fmt.Errorf("subscriber %s knows of %d messages, and the producer had "+
				"accepted %d", s.member.Name, s.NextOffset, r.Accepted)
		}
		r.Sent = max(r.Sent, s.NextOffset) // it is counted after the messages have gone out
		r.Subscribers = append(r.Subscribers, &s.member)
	}
	for _, s := range r.Subscribers {
		s.account(r.Accepted, r.Sent)
	}
	return r, nil
}

// end ends the processes that still run.
func (l *lo) end() {
	for _, s := range l.subs {
		s.Kill()
	}
	l.producer.End()
}
