package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/stage"
	"crier/cmd/crier/events"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/sub"
)

// process is a subscriber process.
type process struct {
	member
	plan    *stage.Script
	cmd     *exec.Cmd
	summary string
	ready   chan struct{} // closed when it listens
	done    chan error    // the end of its output
	have    atomic.Uint64 // messages that it has printed
}

// startSubscriber starts a subscriber that prints events as JSON.
func startSubscriber(ctx context.Context, self, dir, group, impair string, plan *stage.Script,
	i int) (*process, error) {
	s := &process{
		plan: plan, summary: filepath.Join(dir, fmt.Sprintf("sub%d.json", i)),
		ready: make(chan struct{}), done: make(chan error, 2),
	}
	s.cmd = exec.CommandContext(ctx, self, "sub", "--group", group, "--iface", "lo",
		"--format", "json",
		"--until-end", "--timeout", patience.String(), "--summary", s.summary, "--impair", impair,
		"--drop-seed", strconv.FormatUint(plan.Seed+uint64(i), 10))
	s.cmd.SysProcAttr = stage.ChildAttr()
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	words, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go s.listen(words)
	go func() { s.done <- s.read(out) }()
	return s, nil
}

// listen reads the process's words, until it listens or ends.
func (s *process) listen(words io.Reader) {
	lines := bufio.NewScanner(words)
	last := ""
	for lines.Scan() {
		last = lines.Text()
		if strings.Contains(last, "listening") {
			close(s.ready)
			break
		}
	}
	io.Copy(io.Discard, words)
	select {
	case <-s.ready:
	default:
		s.done <- fmt.Errorf("a subscriber process didn't start: %s", last)
	}
}

// listening waits until the process hears the group.
func (s *process) listening(ctx context.Context) error {
	select {
	case <-s.ready:
		return nil
	case err := <-s.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read compares each message that the process prints with the published one.
func (s *process) read(out io.Reader) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 2*feed.MaxMessage)
	for lines.Scan() {
		var ev events.Line
		if err := json.Unmarshal(lines.Bytes(), &ev); err != nil {
			return fmt.Errorf("subscriber %s printed a line that is not JSON: %w", s.Name, err)
		}
		if ev.Type != "message" {
			continue
		}
		if ev.Offset == nil || ev.Text == nil {
			return fmt.Errorf("subscriber %s printed an incomplete message: %s", s.Name,
				lines.Bytes())
		}
		if !s.plan.Is(*ev.Offset, []byte(*ev.Text)) {
			return fmt.Errorf("subscriber %s: offset %d is not what was published",
				s.Name, *ev.Offset)
		}
		s.have.Add(1)
	}
	return lines.Err()
}

// finish waits for the process to end and takes its summary.
func (s *process) finish() error {
	if err := <-s.done; err != nil {
		return err
	}
	err := s.cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == cli.ExitLost {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("subscriber %s: %w", s.Name, err)
	}
	data, err := os.ReadFile(s.summary)
	if err != nil {
		return err
	}
	var sum sub.Summary
	if err := json.Unmarshal(data, &sum); err != nil {
		return err
	}
	if len(sum.Sessions) != 1 {
		return fmt.Errorf("subscriber %s heard %d sessions, not 1", s.Name, len(sum.Sessions))
	}
	t := sum.Sessions[0]
	s.Delivered, s.Recovered, s.Lost, s.Losses = t.Delivered, t.Recovered, t.Lost, t.Losses
	s.NextOffset = t.NextOffset
	s.Duplicates, s.Nacks = t.Counters.N("duplicates"), t.Counters.N("nacks_sent")
	s.Latency, s.Recovery, s.End = t.Latency, t.Recovery, t.End
	if s.Delivered != s.have.Load() || s.Delivered+s.Lost != t.NextOffset-t.FirstOffset ||
		t.FirstOffset != 0 {
		return fmt.Errorf("subscriber %s: its summary doesn't add up: %+v, and it printed %d "+
			"messages", s.Name, *t, s.have.Load())
	}
	return nil
}

// kill ends the process, if it hasn't ended.
func (s *process) kill() {
	if s.cmd.ProcessState == nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	}
}
