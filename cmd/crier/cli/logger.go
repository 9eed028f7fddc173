package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

// NewLogger returns a logger that writes a line for each record, under the name of a command.
// Unless verbose, it leaves out records whose content appears elsewhere.
func NewLogger(name string, out io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelInfo
	}
	return slog.New(&logHandler{name: name, level: level, verbose: verbose,
		lines: &logLines{out: out}})
}

// logHandler is a slog.Handler.
type logHandler struct {
	name    string    // of the command
	lines   *logLines // shared with the handlers that WithAttrs and WithGroup make
	level   slog.Level
	verbose bool
	group   string      // prefix of keys to come
	with    []slog.Attr // attributes of all records
}

func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle writes a record as a sentence, as in "crier pub: interface eth0 went down; nothing
// passes until it is back".
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	s := newSentence(r.Message)
	said := false
	add := func(a slog.Attr) {
		said = said || isSaid(a)
		s.add(a.Key, a.Value)
	}
	for _, a := range h.with {
		add(a)
	}
	r.Attrs(func(a slog.Attr) bool {
		a.Key = h.group + a.Key
		add(a)
		return true
	})
	if said && !h.verbose && r.Level < slog.LevelError {
		return nil
	}
	return h.lines.write(r.Time, fmt.Sprintf("crier %s: %s\n", h.name, s))
}

// logLines writes lines, and each only once where several sockets report the same event, such
// as an interface going down. It is safe for concurrent use.
type logLines struct {
	out io.Writer

	mu   sync.Mutex
	last [4]logLine // the latest, in a ring
	next int
}

type logLine struct {
	at   time.Time
	text string
}

// logOnce is the time within which a repeated line is dropped.
const logOnce = time.Second

func (l *logLines) write(at time.Time, text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.last {
		if line.text == text && at.Sub(line.at) < logOnce {
			return nil
		}
	}
	l.last[l.next] = logLine{at, text}
	l.next = (l.next + 1) % len(l.last)
	_, err := io.WriteString(l.out, text)
	return err
}

// isSaid reports whether the record's content appears elsewhere: events of a session are in
// the stream that sub prints, and a small socket buffer is named at the end if it had a cost.
func isSaid(a slog.Attr) bool { return a.Key == "session" || a.Key == "granted_bytes" }

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.with = h.with[:len(h.with):len(h.with)]
	for _, a := range attrs {
		a.Key = h.group + a.Key
		next.with = append(next.with, a)
	}
	return &next
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	next := *h
	next.group += name + "."
	return &next
}
