package coordinator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/host/netns"
)

const (
	// roundPatience bounds a round beyond its time of sending: for the start, for late
	// messages (the worker's arriveLongest), and for a busy machine.
	roundPatience = 2 * time.Minute
	// leavePatience bounds the time that a worker takes to leave once its input has ended.
	leavePatience = 3 * time.Second
)

// process is a worker, seen from the coordinator.
type process struct {
	*job.Conn
	role  string
	cmd   *exec.Cmd // nil: on another machine
	in    io.WriteCloser
	heard chan *job.Message // closed when its output has ended
	words tail
	// told is called with each tenure that the worker tells of, if it isn't nil.
	told func(*process, *job.Tenure)
}

// place is where a process runs.
type place struct {
	namespace *netns.Namespace // nil: where the coordinator is
	cpu       int              // the only processor that it may use, or -1 for any
}

// listen passes on the worker's messages until its output ends.
func (p *process) listen(from io.Closer) {
	defer from.Close()
	defer close(p.heard)
	for {
		m, err := p.Hear()
		if err != nil {
			return
		}
		if m.Step == job.StepTold {
			if p.told != nil {
				p.told(p, m.Tenure)
			}
			continue
		}
		p.heard <- m
	}
}

// lateError is the cause of the end of a round that took too long.
type lateError struct{ after time.Duration }

func (e lateError) Error() string {
	return fmt.Sprintf("given up after %s, more than this can take", cli.Duration(e.after))
}

// expect waits for the worker's next message, until ctx ends.
func (p *process) expect(ctx context.Context, step string) (*job.Message, error) {
	select {
	case m, ok := <-p.heard:
		switch {
		case !ok:
			return nil, p.failure(errors.New("it ended before it had reported"))
		case m.Step == job.StepFailed:
			return nil, fmt.Errorf("the %s: %s", p.role, m.Error)
		case m.Step != step:
			return nil, fmt.Errorf("the %s said %q, not %q", p.role, m.Step, step)
		}
		return m, nil
	case <-ctx.Done():
		cause := context.Cause(ctx)
		if _, late := cause.(lateError); late {
			cause = p.failure(fmt.Errorf("it didn't say %q: %w", step, cause))
		}
		return nil, cause
	}
}

// failure adds the worker's last words to an error.
func (p *process) failure(err error) error {
	if words := p.words.String(); words != "" {
		return fmt.Errorf("the %s: %w: %s", p.role, err, words)
	}
	return fmt.Errorf("the %s: %w", p.role, err)
}

// stop ends the worker, at first by ending its input.
func (p *process) stop() {
	p.in.Close()
	if p.cmd == nil {
		for range p.heard {
		}
		return
	}
	timer := time.AfterFunc(leavePatience, func() { p.cmd.Process.Kill() })
	defer timer.Stop()
	for range p.heard { // until its output has ended
	}
	_ = p.cmd.Wait() // its words are kept already
}

// tail keeps the end of a worker's standard error. It is safe
// for concurrent use.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if n := len(t.b) - 1000; n > 0 {
		t.b = t.b[n:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(string(bytes.TrimSpace(t.b))), " ")
}
