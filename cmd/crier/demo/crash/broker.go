package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/progress"
	"crier/cmd/crier/demo/stage"
)

// brokerName is the name of the arm with a broker, and brokerProgram that of the program that
// carries one.
const (
	brokerName    = "broker"
	brokerProgram = "crier-broker"
)

// brokered is what the broker's arm has beside the others.
type brokered struct {
	// Acked is the number of messages that it had acknowledged to the producer at the crash.
	Acked uint64 `json:"acknowledged"`
	// Kept is the number of messages that it kept.
	Kept uint64 `json:"kept"`
	// Sync is when it syncs its files.
	Sync string `json:"sync"`
	// Killed is the outcome of a run in which the broker is killed, in place of the producer.
	Killed *brokerKilled `json:"killed,omitempty"`
}

// brokerKilled is what a broker loses that is killed in the same burst and started again at once,
// while the producer goes on.
type brokerKilled struct {
	// Acked is the number of messages that it had acknowledged when it was killed.
	Acked uint64 `json:"acknowledged"`
	// LostAcked is the number of those that it no longer has.
	LostAcked uint64 `json:"acknowledged_lost"`
	// Accepted is the number of messages that the producer handed to its client library.
	Accepted uint64 `json:"accepted"`
	// Kept is the number of those that the broker has in the end.
	Kept uint64 `json:"kept"`
	// Failed is the number of those that the client library gave up, and told the producer so.
	Failed uint64 `json:"failed"`
}

// findBroker returns the file of the program, or why it isn't there and what to do.
func (o *Options) findBroker() (file, missing string) {
	if o.Broker != "" {
		return o.Broker, ""
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), brokerProgram)
		if _, err := os.Stat(beside); err == nil {
			return beside, ""
		}
	}
	if file, err := exec.LookPath(brokerProgram); err == nil {
		return file, ""
	}
	return "", "there is no program crier-broker beside this one or in the PATH, and crier " +
		"itself carries no broker. Build it in a clone of crier's repository: go install -C " +
		"cmd/jetstream ./crier-broker. Or name its file with --broker"
}

// playBrokers plays the crash with a broker between, as it comes, and with one that syncs each
// message.
func (o *Options) playBrokers(ctx context.Context, plan *stage.Script) ([]*arm, error) {
	file, missing := o.findBroker()
	if missing != "" {
		return []*arm{{Name: brokerName, Missing: missing}}, nil
	}
	a, err := playBroker(ctx, plan, file, false)
	if err != nil {
		return nil, err
	}
	if a.Broker.Killed, err = killBroker(ctx, plan, file); err != nil {
		return nil, err
	}
	synced, err := playBroker(ctx, plan, file, true)
	if err != nil {
		return nil, err
	}
	return []*arm{a, synced}, nil
}

// broker is an arm with a broker.
type broker struct {
	plan     *stage.Script
	file     string
	dir      string
	server   *task
	url      string
	producer *task
	subs     []*task
	cost     cost
	accepted []int64 // when each message was accepted, in nanoseconds since the Unix epoch
	acked    uint64
}

// start starts the server, and a producer that waits for its start.
func (b *broker) start(ctx context.Context, beyond int, flags ...string) error {
	var err error
	serve := append([]string{"serve", "--dir", filepath.Join(b.dir, "store")}, flags...)
	if b.server, err = startTask(ctx, b.file, serve...); err != nil {
		return err
	}
	if b.url, err = b.server.line(); err != nil {
		return err
	}
	b.producer, err = startTask(ctx, b.file, "pub", "--url", b.url, "--seed",
		strconv.FormatUint(b.plan.Seed, 10), "--count",
		strconv.Itoa(len(b.plan.Messages)+beyond), "--progress", b.progress())
	if err != nil {
		return err
	}
	return b.producer.ready()
}

// progress is the file in which the producer keeps how far it is.
func (b *broker) progress() string { return filepath.Join(b.dir, "progress") }

// end ends all processes.
func (b *broker) end() {
	for _, t := range append([]*task{b.producer, b.server}, b.subs...) {
		t.kill()
	}
}

// run lets the producer publish, and returns when it has accepted the script.
func (b *broker) run(ctx context.Context) error {
	if err := b.producer.tell("\n"); err != nil {
		return err
	}
	all := uint64(len(b.plan.Messages))
	for ; ; time.Sleep(stage.Poll) {
		accepted, _, err := progress.Counts(b.progress())
		switch {
		case err != nil:
			return err
		case accepted >= all:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("the producer had accepted %d of %d messages: %w", accepted, all,
				ctx.Err())
		case b.cost.Memory == 0 && accepted >= all*9/10:
			for _, t := range append([]*task{b.producer, b.server}, b.subs...) {
				b.cost.Memory += resident(t.cmd.Process.Pid)
			}
		}
	}
}

// settled asks the server how many messages it has, until that is the same twice: it may still
// take what was on its way.
func (b *broker) settled(ctx context.Context) (n uint64, err error) {
	for last := uint64(0); ; last = n {
		if n, err = b.kept(ctx); err != nil || n == last {
			return n, err
		}
	}
}

// kept asks the server how many messages it has.
func (b *broker) kept(ctx context.Context) (n uint64, err error) {
	t, err := startTask(ctx, b.file, "kept", "--url", b.url)
	if err != nil {
		return 0, err
	}
	defer t.kill()
	line, err := t.line()
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(line, 10, 64)
}

// playBroker kills the producer in mid-burst.
func playBroker(ctx context.Context, plan *stage.Script, file string, always bool) (*arm, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "crier-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	b := &broker{plan: plan, file: file, dir: dir}
	defer b.end()
	if err := b.start(ctx, stage.Beyond, "--sync-always="+strconv.FormatBool(always)); err != nil {
		return nil, err
	}
	for range loLinks {
		if err := b.subscribe(ctx); err != nil {
			return nil, err
		}
	}
	before := loTraffic()
	if err := b.run(ctx); err != nil {
		return nil, err
	}
	b.producer.kill()
	crashed := time.Now()
	b.cost.since(before)
	b.cost.Disk = used(filepath.Join(dir, "store"))
	if b.accepted, b.acked, err = progress.Read(b.progress()); err != nil {
		return nil, err
	}
	a := &arm{Name: brokerName, Accepted: uint64(len(b.accepted)), Checked: true,
		Broker: &brokered{Acked: b.acked, Sync: "each 2 min"}}
	if always {
		a.Name, a.Broker.Sync = "synced", "each message"
	}
	return a, b.account(ctx, a, crashed)
}

// subscribe starts a subscriber, and waits until it is there.
func (b *broker) subscribe(ctx context.Context) error {
	t, err := startTask(ctx, b.file, "sub", "--url", b.url, "--seed",
		strconv.FormatUint(b.plan.Seed, 10))
	if err != nil {
		return err
	}
	b.subs = append(b.subs, t)
	return t.ready()
}

// account accounts for each message.
func (b *broker) account(ctx context.Context, a *arm, crashed time.Time) error {
	var err error
	if a.Broker.Kept, err = b.settled(ctx); err != nil {
		return err
	}
	a.Sent = a.Broker.Kept
	if a.Sent > a.Accepted {
		return fmt.Errorf("it kept %d messages of %d", a.Sent, a.Accepted)
	}
	latency := latencies{plan: b.plan}
	for i, t := range b.subs {
		m := &member{Name: loLinks[i].name, Link: loLinks[0].about, End: "open"}
		at, err := t.taken(a.Sent)
		if err != nil {
			return err
		}
		m.fates, m.at = make([]fate, a.Accepted), make([]time.Duration, a.Accepted)
		m.Delivered = uint64(len(at))
		for o, ns := range at {
			m.fates[o], m.at[o] = direct, time.Duration(ns-crashed.UnixNano())
			if m.Done = max(m.Done, m.at[o]); m.at[o] <= 0 {
				m.AtCrash++
				if i == 0 {
					latency.record(uint64(o), time.Duration(ns-b.accepted[o]))
				}
			}
		}
		a.Subscribers = append(a.Subscribers, m)
		m.lose(a, func(uint64) string { return notKept })
	}
	latency.put(&b.cost)
	if err := b.subscribe(ctx); err != nil {
		return err
	}
	at, err := b.subs[len(b.subs)-1].taken(a.Sent)
	if err != nil {
		return err
	}
	a.Late = uint64(len(at))
	b.end()
	for _, t := range append([]*task{b.producer, b.server}, b.subs[:len(loLinks)]...) {
		b.cost.Processor += processor(t.cmd.ProcessState)
	}
	a.Cost = b.cost
	a.finish()
	return nil
}

// killBroker kills the broker in mid-burst, starts it again, and lets the producer go on.
func killBroker(ctx context.Context, plan *stage.Script, file string) (*brokerKilled, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "crier-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	b := &broker{plan: plan, file: file, dir: dir}
	defer b.end()
	const beyond = 1000
	if err := b.start(ctx, beyond); err != nil {
		return nil, err
	}
	if err := b.run(ctx); err != nil {
		return nil, err
	}
	b.server.kill()
	k := &brokerKilled{}
	if _, k.Acked, err = progress.Counts(b.progress()); err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(b.url, "nats://"), ":")
	b.server, err = startTask(ctx, b.file, "serve", "--dir", filepath.Join(b.dir, "store"),
		"--port", port)
	if err != nil {
		return nil, err
	}
	if _, err := b.server.line(); err != nil {
		return nil, err
	}
	text, err := b.producer.line()
	if err != nil {
		return nil, err
	}
	var published struct {
		Failed    uint64
		LostAcked uint64 `json:"lost_acked"`
	}
	if err := json.Unmarshal([]byte(text), &published); err != nil {
		return nil, err
	}
	k.Accepted = uint64(len(plan.Messages) + beyond)
	k.Failed, k.LostAcked = published.Failed, published.LostAcked
	k.Kept, err = b.kept(ctx)
	return k, err
}

// task is a process of crier-broker.
type task struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	words *strings.Builder
}

// startTask starts a process that ends with its standard input.
func startTask(ctx context.Context, file string, words ...string) (*task, error) {
	t := &task{cmd: exec.CommandContext(ctx, file, words...), words: &strings.Builder{}}
	t.cmd.SysProcAttr, t.cmd.Stderr = stage.ChildAttr(), t.words
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.out = bufio.NewReader(out)
	if t.in, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s can't be started (%w): build it again, or name another file "+
			"with --broker", file, cli.BareError(err))
	}
	return t, nil
}

// line returns the next line that the process prints.
func (t *task) line() (string, error) {
	text, err := t.out.ReadString('\n')
	if err != nil {
		t.kill()
		return "", fmt.Errorf("%s %s ended: %w %s", brokerProgram, t.cmd.Args[1], err, t.words)
	}
	return strings.TrimSpace(text), nil
}

// ready waits until the process says that it is ready.
func (t *task) ready() error {
	_, err := t.line()
	return err
}

func (t *task) tell(text string) error {
	_, err := io.WriteString(t.in, text)
	return err
}

// taken tells a subscriber how many messages there are, and returns when it took each.
func (t *task) taken(all uint64) (at []int64, err error) {
	if err := t.tell(fmt.Sprintln(all)); err != nil {
		return nil, err
	}
	text, err := t.line()
	if err != nil {
		return nil, err
	}
	return at, json.Unmarshal([]byte(text), &at)
}

// kill ends the process with SIGKILL, if it still runs.
func (t *task) kill() {
	if t != nil && t.cmd.ProcessState == nil {
		t.cmd.Process.Kill()
		t.cmd.Wait() // it was killed, and says so
	}
}
