package stage

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
	"strings"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/sub"
)

// Subscriber is a process of crier sub that prints events as JSON.
type Subscriber struct {
	// Name names it in errors.
	Name string

	take    func(*events.Line) error
	cmd     *exec.Cmd
	summary string
	ready   chan struct{} // closed when it listens
	done    chan error    // the end of its output
}

// StartSubscriber starts one on the loopback interface, with further flags. It gets take for each
// line, on a goroutine of its own.
func StartSubscriber(ctx context.Context, self, dir, name string, take func(*events.Line) error,
	flags ...string) (*Subscriber, error) {
	s := &Subscriber{
		Name: name, take: take, summary: filepath.Join(dir, name+".json"),
		ready: make(chan struct{}), done: make(chan error, 2),
	}
	s.cmd = exec.CommandContext(ctx, self, append([]string{"sub", "--iface", "lo", "--format",
		"json", "--until-end", "--summary", s.summary, "--name", name}, flags...)...)
	s.cmd.SysProcAttr = ChildAttr()
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
func (s *Subscriber) listen(words io.Reader) {
	last, ok := Await(words, "listening")
	if ok {
		close(s.ready)
	}
	io.Copy(io.Discard, words)
	if !ok {
		s.done <- fmt.Errorf("subscriber %s didn't start: %s", s.Name, last)
	}
}

// Await reads lines until one has a word, and returns that line, or the last one.
func Await(lines io.Reader, word string) (last string, ok bool) {
	for scan := bufio.NewScanner(lines); scan.Scan(); {
		if last = scan.Text(); strings.Contains(last, word) {
			return last, true
		}
	}
	return last, false
}

// Listening waits until the process hears the group.
func (s *Subscriber) Listening(ctx context.Context) error {
	select {
	case <-s.ready:
		return nil
	case err := <-s.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read hands on each line that the process prints.
func (s *Subscriber) read(out io.Reader) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 2*feed.MaxMessage)
	for lines.Scan() {
		var ev events.Line
		if err := json.Unmarshal(lines.Bytes(), &ev); err != nil {
			return fmt.Errorf("subscriber %s printed a line that is not JSON: %w", s.Name, err)
		}
		if ev.Type == "message" && (ev.Offset == nil || ev.Text == nil) {
			return fmt.Errorf("subscriber %s printed an incomplete message: %s", s.Name,
				lines.Bytes())
		}
		if err := s.take(&ev); err != nil {
			return fmt.Errorf("subscriber %s: %w", s.Name, err)
		}
	}
	return lines.Err()
}

// Wait waits for the process to end by itself.
func (s *Subscriber) Wait() error {
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
	return nil
}

// Finish waits for the process to end, and returns its summary of the only session.
func (s *Subscriber) Finish() (*sub.SessionSummary, error) {
	if err := s.Wait(); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(s.summary)
	if err != nil {
		return nil, err
	}
	var sum sub.Summary
	if err := json.Unmarshal(data, &sum); err != nil {
		return nil, err
	}
	if len(sum.Sessions) != 1 {
		return nil, fmt.Errorf("subscriber %s heard %d sessions, not 1", s.Name, len(sum.Sessions))
	}
	return sum.Sessions[0], nil
}

// Kill ends the process, if it hasn't ended.
func (s *Subscriber) Kill() {
	if s.cmd.ProcessState == nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	}
}

// Pid returns the id of the process.
func (s *Subscriber) Pid() int { return s.cmd.Process.Pid }

// Ended returns what the system says of the process once Finish or Kill has returned.
func (s *Subscriber) Ended() *os.ProcessState { return s.cmd.ProcessState }
