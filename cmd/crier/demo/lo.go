package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/stage"
	"crier/cmd/crier/pub"
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

const (
	// patience bounds the time of all processes.
	patience = time.Minute
	// poll is the time between two looks at the processes' counters.
	poll = 100 * time.Microsecond
	// beyond is how many messages the producer has beyond the script: should nobody kill
	// it, it ends by itself.
	beyond = 5000
)

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
	l := &lo{plan: plan, dir: dir, out: out, accepted: filepath.Join(dir, "accepted")}
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
	accepted string // the file of what the producer has accepted
	subs     []*process
	producer *exec.Cmd
	words    bytes.Buffer // of the producer
	began    time.Time
	killed   time.Duration // after began
}

// start starts the subscribers, and the producer once they listen.
func (l *lo) start(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("this program's own file can't be found, to start the processes: %w", err)
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
		s.Name, s.Link = link.name, link.link
		l.subs = append(l.subs, s)
	}
	for _, s := range l.subs {
		if err := s.listening(ctx); err != nil {
			return err
		}
	}
	l.producer = exec.CommandContext(ctx, self, "pub", "--group", group, "--iface", "lo",
		"--name", "market", "--quiet", "--market", "--seed", strconv.FormatUint(l.plan.Seed, 10),
		"--accepted", l.accepted, "--batch-wait", batch.String(), "--impair", asked,
		"--count", strconv.Itoa(len(l.plan.Messages)+beyond))
	l.producer.SysProcAttr, l.producer.Stderr = stage.ChildAttr(), &l.words
	l.began = time.Now()
	return l.producer.Start()
}

// run shows the progress until the producer has accepted the script, and kills it.
func (l *lo) run(ctx context.Context) error {
	var names []string
	for _, s := range l.subs {
		names = append(names, s.Name)
	}
	fmt.Fprint(l.out, progressHead(names))
	for next := tick; ; time.Sleep(poll) {
		have := l.have() // first: what they have was accepted before
		n, _, err := pub.ReadWatermarks(l.accepted)
		since := time.Since(l.began)
		switch {
		case n >= uint64(len(l.plan.Messages)):
			l.killed = since
			fmt.Fprint(l.out, progressLine(since, n, have))
			return l.kill()
		case err != nil && !errors.Is(err, os.ErrNotExist) && since > time.Second:
			return fmt.Errorf("the producer: %w %s", err, l.words.Bytes())
		case ctx.Err() != nil:
			return fmt.Errorf("the producer had accepted %d of %d messages after %s: %w %s",
				n, len(l.plan.Messages), cli.Duration(since), ctx.Err(), l.words.Bytes())
		case since >= next:
			fmt.Fprint(l.out, progressLine(next, n, have))
			next += tick
		}
	}
}

// kill ends the producer with SIGKILL.
func (l *lo) kill() error {
	err := l.producer.Process.Kill()
	l.producer.Wait() // it was killed, and says so
	return err
}

// have returns the number of messages that each subscriber has.
func (l *lo) have() []uint64 {
	var list []uint64
	for _, s := range l.subs {
		list = append(list, s.have.Load())
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
	if r.Accepted, r.Sent, err = pub.ReadWatermarks(l.accepted); err != nil {
		return nil, err
	}
	r.IntoBurst = l.plan.Into + int(r.Accepted) - len(l.plan.Messages)
	for _, s := range l.subs {
		err := s.finish()
		if ctx.Err() != nil { // which ends the processes, wherever they are
			return nil, fmt.Errorf("subscriber %s was not done %s after the start: %w",
				s.Name, cli.Duration(time.Since(l.began)), ctx.Err())
		}
		if err != nil {
			return nil, err
		}
		if s.NextOffset > r.Accepted {
			return nil, fmt.Errorf("subscriber %s knows of %d messages, and the producer had "+
				"accepted %d", s.Name, s.NextOffset, r.Accepted)
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
		s.kill()
	}
	if l.producer != nil && l.producer.Process != nil && l.producer.ProcessState == nil {
		l.kill()
	}
}
