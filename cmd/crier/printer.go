package main

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"crier/subscriber"
)

// printer writes a subscriber's events. What it has written lies in a buffer for
// a few milliseconds at the most.
type printer struct {
	format string
	err    io.Writer // for what is no message; nil for nothing
	buf    []byte

	mu      sync.Mutex
	out     *bufio.Writer
	dirty   bool
	failed  error
	closing chan struct{}
	closed  chan struct{}
}

const printDelay = 5 * time.Millisecond

func newPrinter(format string, std streams, quiet bool) (*printer, error) {
	switch format {
	case "lines", "len", "json":
	default:
		return nil, usagef("--format %q is not known: use lines, len or json", format)
	}
	p := &printer{
		format: format, out: bufio.NewWriterSize(std.out, 256<<10),
		closing: make(chan struct{}), closed: make(chan struct{}),
	}
	if !quiet {
		p.err = std.err
	}
	go p.flushing()
	return p, nil
}

// flushing empties the buffer soon after something was written.
func (p *printer) flushing() {
	defer close(p.closed)
	tick := time.NewTicker(printDelay)
	defer tick.Stop()
	for {
		select {
		case <-p.closing:
			return
		case <-tick.C:
			p.mu.Lock()
			p.flush()
			p.mu.Unlock()
		}
	}
}

func (p *printer) flush() {
	if !p.dirty {
		return
	}
	p.dirty = false
	if err := p.out.Flush(); err != nil && p.failed == nil {
		p.failed = fmt.Errorf("standard output can't be written: %w", err)
	}
}

// close writes what is left.
func (p *printer) close() error {
	close(p.closing)
	<-p.closed
	p.flush()
	return p.failed
}

// event writes one event.
func (p *printer) event(ev *subscriber.Event) error {
	if ev.Kind != subscriber.Message && p.format != "json" {
		if p.err != nil {
			fmt.Fprintf(p.err, "crier sub: %s\n", eventText(ev))
		}
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dirty = true
	switch p.format {
	case "json":
		line, err := json.Marshal(eventJSON(ev))
		if err != nil {
			return err
		}
		p.out.Write(line)
		p.out.WriteByte('\n')
	case "len":
		p.buf = binary.BigEndian.AppendUint32(p.buf[:0], uint32(len(ev.Payload)))
		p.out.Write(p.buf)
		p.out.Write(ev.Payload)
	default:
		p.out.Write(ev.Payload)
		p.out.WriteByte('\n')
	}
	return p.failed
}

// eventText says what is no message in words.
func eventText(ev *subscriber.Event) string {
	session := fmt.Sprintf("session %s from %v", sessionText(ev.Session), ev.Source)
	switch ev.Kind {
	case subscriber.Loss:
		if ev.Lost.Len() == 1 {
			return fmt.Sprintf("%s: offset %d is lost: %v", session, ev.Lost.From, ev.Cause)
		}
		return fmt.Sprintf("%s: offsets %d to %d are lost: %v", session, ev.Lost.From, ev.Lost.To-1, ev.Cause)
	case subscriber.SessionNew:
		return session + " is heard"
	case subscriber.SessionSilent:
		return session + " is silent: its publisher crashed, is cut off, or is suspended"
	case subscriber.SessionResumed:
		return session + " resumed"
	}
	if ev.Cause == subscriber.CauseClosed {
		return session + " was left"
	}
	return session + " ended"
}

// eventLine is an event as JSON.
type eventLine struct {
	Type      string  `json:"type"`
	Session   string  `json:"session"`
	Source    string  `json:"source,omitempty"`
	Offset    *uint64 `json:"offset,omitempty"`
	SentNS    int64   `json:"sent_ns,omitempty"`
	Received  int64   `json:"received_ns,omitempty"`
	Recovered *bool   `json:"recovered,omitempty"`
	Text      *string `json:"text,omitempty"`
	Base64    *string `json:"base64,omitempty"`
	From      *uint64 `json:"from,omitempty"`
	To        *uint64 `json:"to,omitempty"`
	Cause     string  `json:"cause,omitempty"`
}

func eventJSON(ev *subscriber.Event) *eventLine {
	line := &eventLine{Type: ev.Kind.String(), Session: sessionText(ev.Session), Received: ev.Received.UnixNano()}
	switch ev.Kind {
	case subscriber.Message:
		line.Offset, line.Recovered = &ev.Offset, &ev.Recovered
		if !ev.Sent.IsZero() {
			line.SentNS = ev.Sent.UnixNano()
		}
		if utf8.Valid(ev.Payload) {
			text := string(ev.Payload)
			line.Text = &text
		} else {
			text := base64.StdEncoding.EncodeToString(ev.Payload)
			line.Base64 = &text
		}
	case subscriber.Loss:
		line.From, line.To, line.Cause = &ev.Lost.From, &ev.Lost.To, ev.Cause.String()
	default:
		line.Source = ev.Source.String()
		if ev.Cause != 0 {
			line.Cause = ev.Cause.String()
		}
	}
	return line
}
