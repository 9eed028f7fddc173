package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// logger writes what the packages tell an operator, a line each. Without
// verbose it leaves out what is said elsewhere.
func newLogger(name string, out io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelInfo
	}
	return slog.New(&logHandler{name: name, out: out, level: level, verbose: verbose})
}

// logHandler is a slog.Handler. It is as safe for concurrent use as its writer.
type logHandler struct {
	name    string // of the command
	out     io.Writer
	level   slog.Level
	verbose bool
	group   string   // before the keys of what is to come
	with    []string // what all records carry
	said    bool     // of what they carry
}

func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle writes "crier sub: message (key value, key value)".
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	details, said := h.with[:len(h.with):len(h.with)], h.said
	r.Attrs(func(a slog.Attr) bool {
		details = append(details, h.detail(a))
		said = said || isSaid(a)
		return true
	})
	if said && !h.verbose && r.Level < slog.LevelError {
		return nil
	}
	text := r.Message
	if len(details) > 0 {
		text += " (" + strings.Join(details, ", ") + ")"
	}
	_, err := fmt.Fprintf(h.out, "crier %s: %s\n", h.name, strings.TrimPrefix(strings.ReplaceAll(text, "\n", " "), "crier: "))
	return err
}

func (h *logHandler) detail(a slog.Attr) string {
	return fmt.Sprintf("%s%s %v", h.group, a.Key, a.Value.Resolve())
}

// isSaid tells the records that say what is said elsewhere: what happens to a
// session stands in the stream that sub prints, and a small socket buffer is
// named at the end, if it cost something.
func isSaid(a slog.Attr) bool { return a.Key == "session" || a.Key == "granted" }

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.with = h.with[:len(h.with):len(h.with)]
	for _, a := range attrs {
		next.with = append(next.with, h.detail(a))
		next.said = next.said || isSaid(a)
	}
	return &next
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	next := *h
	next.group += name + "."
	return &next
}
