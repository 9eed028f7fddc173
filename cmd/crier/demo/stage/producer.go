package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/pub"
)

const (
	// Poll is the time between two looks at a process's counters.
	Poll = 100 * time.Microsecond
	// Beyond is how many messages a producer has beyond the script: should nobody kill
	// it, it ends by itself.
	Beyond = 5000
)

// Producer is a process of crier pub that publishes a script, and is to be killed.
type Producer struct {
	// Began is when it was started.
	Began time.Time

	plan     *Script
	accepted string // the file of what it has accepted
	cmd      *exec.Cmd
	words    bytes.Buffer
}

// StartProducer starts one on the loopback interface, with further flags.
func StartProducer(ctx context.Context, self, dir, group string, plan *Script,
	flags ...string) (*Producer, error) {
	p := &Producer{plan: plan, accepted: filepath.Join(dir, "accepted")}
	p.cmd = exec.CommandContext(ctx, self, append([]string{"pub", "--group", group, "--iface", "lo",
		"--name", "market", "--quiet", "--market", "--seed", strconv.FormatUint(plan.Seed, 10),
		"--accepted", p.accepted,
		"--count", strconv.Itoa(len(plan.Messages) + Beyond)}, flags...)...)
	p.cmd.SysProcAttr, p.cmd.Stderr = ChildAttr(), &p.words
	p.Began = time.Now()
	return p, p.cmd.Start()
}

// Run looks on until the producer has accepted the script, and kills it then. It calls look with
// how much it has accepted so far, again and again.
func (p *Producer) Run(ctx context.Context, look func(since time.Duration, accepted uint64)) error {
	for ; ; time.Sleep(Poll) {
		n, _, err := pub.ReadWatermarks(p.accepted)
		since := time.Since(p.Began)
		switch {
		case n >= uint64(len(p.plan.Messages)):
			look(since, n)
			return p.kill()
		case err != nil && !errors.Is(err, os.ErrNotExist) && since > time.Second:
			return fmt.Errorf("the producer: %w %s", err, p.words.Bytes())
		case ctx.Err() != nil:
			return fmt.Errorf("the producer had accepted %d of %d messages after %s: %w %s",
				n, len(p.plan.Messages), cli.Duration(since), ctx.Err(), p.words.Bytes())
		}
		look(since, n)
	}
}

// kill ends the producer with SIGKILL.
func (p *Producer) kill() error {
	err := p.cmd.Process.Kill()
	p.cmd.Wait() // it was killed, and says so
	return err
}

// Watermarks returns how many messages it had accepted and handed to the kernel.
func (p *Producer) Watermarks() (accepted, sent uint64, err error) {
	return pub.ReadWatermarks(p.accepted)
}

// End kills the process, if it still runs.
func (p *Producer) End() {
	if p != nil && p.cmd.Process != nil && p.cmd.ProcessState == nil {
		p.kill()
	}
}

// Pid returns the id of the process.
func (p *Producer) Pid() int { return p.cmd.Process.Pid }

// Ended returns what the system says of the process once it has ended.
func (p *Producer) Ended() *os.ProcessState { return p.cmd.ProcessState }
