package team

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/stage"
	"crier/cmd/crier/events"
)

// patience bounds the time of all processes, beyond the length of the demo.
const patience = time.Minute

// troupe are the processes of the demo.
type troupe struct {
	plan    *script
	tally   *tally
	picture *picture
	workers []*stage.Subscriber
	pub     *exec.Cmd
	orders  io.WriteCloser
	words   bytes.Buffer // of the publisher
	gone    chan error   // the publisher's end
	// published counts the orders that were written to the publisher.
	published int
	report    report // the times of what happened
}

// play plays the demo with real processes on the loopback interface.
func play(ctx context.Context, plan *script, pic *picture) (*report, error) {
	ctx, cancel := context.WithTimeout(ctx, plan.Length+patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "crier-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t := &troupe{plan: plan, tally: newTally(plan), picture: pic, gone: make(chan error, 1)}
	defer t.end()
	if err := t.start(ctx, dir); err != nil {
		return nil, err
	}
	took, err := t.run(ctx)
	if err != nil {
		return nil, err
	}
	r := t.tally.report()
	r.KilledAt, r.PausedAt, r.WokenAt = t.report.KilledAt, t.report.PausedAt, t.report.WokenAt
	r.Took = took
	return r, nil
}

// start starts the workers, and the publisher once they listen.
func (t *troupe) start(ctx context.Context, dir string) error {
	self, err := stage.Self()
	if err != nil {
		return err
	}
	group, err := stage.FreeGroup()
	if err != nil {
		return err
	}
	for i, name := range names {
		cost := work
		if i == t.plan.slow {
			cost = slowWork
		}
		w, err := stage.StartSubscriber(ctx, self, dir, name, func(ev *events.Line) error {
			return t.tally.take(i, ev, time.Now())
		}, "--group", group, "--topic", "orders", "--team", "desk", "--share",
			t.plan.Share.String(), "--start", "oldest", "--work", cost.String(), "--timeout",
			(t.plan.Length + patience).String())
		if err != nil {
			return err
		}
		t.workers = append(t.workers, w)
	}
	for _, w := range t.workers {
		if err := w.Listening(ctx); err != nil {
			return err
		}
	}
	t.pub = exec.CommandContext(ctx, self, "pub", "--group", group, "--iface", "lo", "--topic",
		"orders", "--partitions", fmt.Sprint(partitions), "--from", "-", "--key", "customer",
		"--pace", "teams", "--lease", t.plan.lease.String(), "--quiet")
	t.pub.SysProcAttr, t.pub.Stderr = stage.ChildAttr(), &t.words
	if t.orders, err = t.pub.StdinPipe(); err != nil {
		return err
	}
	if err := t.pub.Start(); err != nil {
		return err
	}
	go func() { t.gone <- t.pub.Wait() }()
	return nil
}

// run publishes the orders, does to the workers what is to happen, and shows what is done, until
// all is, or the publisher has ended. It returns how long that took.
func (t *troupe) run(ctx context.Context) (time.Duration, error) {
	const tick = 10 * time.Millisecond
	p := t.plan
	began := time.Now()
	t.tally.begin(began)
	t.picture.head()
	wait := time.NewTicker(tick)
	defer wait.Stop()
	for {
		since := time.Since(began)
		if t.orders != nil {
			if err := t.publish(since); err != nil {
				return 0, t.failed(err)
			}
		}
		t.picture.until(since, t.tally, t.published)
		if err := t.befall(since); err != nil {
			return 0, err
		}
		if err := t.tally.failure(); err != nil {
			return 0, err
		}
		if done := t.tally.doneFor(time.Now()); done >= p.slot && since >= p.wake+p.slot {
			return since - done, nil
		}
		select {
		case err := <-t.gone:
			t.gone <- err
			return time.Since(began), t.failed(err)
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-wait.C:
		}
	}
}

// failed says that the publisher failed, unless it has ended with all messages published.
func (t *troupe) failed(err error) error {
	if err == nil && t.orders == nil {
		return nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("the publisher: %w %s", err, t.words.Bytes())
}

// publish writes the orders that are due, and ends the publisher's input after the last.
func (t *troupe) publish(since time.Duration) error {
	var lines bytes.Buffer
	for ; t.published < len(t.plan.orders) && t.plan.orders[t.published].at <= since; t.published++ {
		fmt.Fprintln(&lines, t.plan.orders[t.published].line(t.published))
	}
	if _, err := t.orders.Write(lines.Bytes()); err != nil {
		return err
	}
	if t.published < len(t.plan.orders) {
		return nil
	}
	err := t.orders.Close()
	t.orders = nil
	return err
}

// befall does to the workers what is due.
func (t *troupe) befall(since time.Duration) error {
	p, r := t.plan, &t.report
	switch {
	case r.KilledAt == 0 && since >= p.kill:
		r.KilledAt = since
		t.picture.say(p.killed, "is killed (kill -9)")
		t.workers[p.killed].Kill()
	case canPause && r.PausedAt == 0 && since >= p.pause:
		r.PausedAt = since
		t.picture.say(p.paused, fmt.Sprintf("is paused (SIGSTOP) for %s", cli.Duration(p.wake-p.pause)))
		return pause(t.workers[p.paused].Pid())
	case r.PausedAt != 0 && r.WokenAt == 0 && since >= p.wake:
		r.WokenAt = since
		t.picture.say(p.paused, "goes on (SIGCONT)")
		return wake(t.workers[p.paused].Pid())
	}
	return nil
}

// end ends the processes that still run.
func (t *troupe) end() {
	for _, w := range t.workers {
		w.Kill()
	}
	if t.pub != nil && t.pub.Process != nil {
		t.pub.Process.Kill()
		<-t.gone
	}
}
