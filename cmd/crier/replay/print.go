package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/cmd/crier/logdir"
	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/playback"
)

// tally counts what a replay came by.
type tally struct {
	messages, lost uint64
	open           int // streams whose end the log doesn't have
	openAt         uint64
	partitioned    bool // there are several of a session
	counted        bool // --count was reached
}

// print prints sessions.
func (o *options) print(ctx context.Context, std cli.Streams, log *logdir.Log,
	list [][]journal.State) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := events.NewPrinter("crier replay", o.format, std, o.quiet, func() { cancel(nil) })
	out.Show = o.show
	var t tally
	var err error
	for i := range list {
		if err = o.play(ctx, log, list[i], out, &t); err != nil || t.counted {
			break
		}
	}
	if err = cmp.Or(out.Close(ctx), err); err != nil { // else the first is the cause
		return 0, err
	}
	return t.end(std, o.quiet), nil
}

// play prints a session.
func (o *options) play(ctx context.Context, log *logdir.Log, tapes []journal.State,
	out *events.Printer, t *tally) error {
	s, err := o.open(log, tapes)
	if err != nil {
		return err
	}
	for {
		p, err := s.next()
		if err != nil {
			return err
		}
		if p == nil {
			t.over(s)
			return nil
		}
		if err := out.Event(ctx, &p.event); err != nil {
			return err
		}
		t.note(&p.event)
		if t.counted = o.count > 0 && t.messages == o.count; t.counted {
			return nil
		}
		if ctx.Err() != nil {
			return errors.New("interrupted " + t.text())
		}
	}
}

// note counts an event.
func (t *tally) note(ev *reliable.Event) {
	switch ev.Kind {
	case reliable.Message:
		t.messages++
	case reliable.Loss:
		t.lost += ev.Lost.Len()
	}
}

// over notes the end of a session.
func (t *tally) over(s *session) {
	for _, p := range s.parts {
		if e := p.state.Ended; e != nil && e.How == reliable.EndBye || p.reader.Passed() {
			continue
		}
		t.open++
		t.openAt = p.state.Next.Offset
	}
	t.partitioned = t.partitioned || len(s.parts) > 1
}

// text tells what came.
func (t *tally) text() string {
	text := "after " + cli.Counted(t.messages, "message", "messages")
	if t.lost > 0 {
		text += fmt.Sprintf(", and %s lost", cli.Grouped(t.lost))
	}
	return text
}

// end tells the end, and returns the exit code.
func (t *tally) end(std cli.Streams, quiet bool) int {
	say := func(format string, args ...any) {
		if !quiet {
			fmt.Fprintf(std.Err, "crier replay: "+format+"\n", args...)
		}
	}
	say("%s", cli.Counted(t.messages, "message", "messages")+t.missing(cli.SheetOf(std.Err)))
	switch {
	case t.counted:
		return cli.ExitOK
	case t.open == 1:
		say("the log ends before the session does: what came from offset %s on is unknown",
			cli.Grouped(t.openAt))
	case t.open > 1 && t.partitioned:
		say("the log ends before %d partitions do: what came after is unknown", t.open)
	case t.open > 1:
		say("the log ends before %d sessions do: what came after is unknown", t.open)
	}
	if t.lost > 0 || t.open > 0 {
		return cli.ExitLost
	}
	return cli.ExitOK
}

// missing tells what was lost.
func (t *tally) missing(s cli.Sheet) string {
	if t.lost == 0 {
		return ""
	}
	return ", " + s.Paint(cli.Bad, cli.Grouped(t.lost)+" lost")
}

// readError tells that a log can't be read, or not so.
func readError(log *logdir.Log, s *journal.State, err error) error {
	if errors.Is(err, playback.ErrNoTime) {
		return cli.Usagef("%s: %w", logdir.Name(s), err)
	}
	return fmt.Errorf("%s in %s can't be read (%w)", logdir.Name(s), log.Path, cli.BareError(err))
}
