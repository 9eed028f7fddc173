package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
)

// capture keeps what is written to it.
type capture struct {
	mu   sync.Mutex
	b    bytes.Buffer
	more chan struct{} // gets a value after each Write, unless one waits
}

func newCapture() *capture { return &capture{more: make(chan struct{}, 1)} }

func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.b.Write(p)
	c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (c *capture) bytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.b.Bytes())
}

// count is how often words were printed.
func (c *capture) count(words string) int {
	n, _ := c.find(words, 0)
	return n
}

// find counts words from a position on, and returns where to go on.
func (c *capture) find(words string, at int) (n, next int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.b.Bytes()
	n = bytes.Count(b[at:], []byte(words))
	if last := bytes.LastIndex(b[at:], []byte(words)); last >= 0 {
		at += last + len(words)
	}
	return n, max(at, len(b)-len(words)+1)
}

func (c *capture) String() string { return string(c.bytes()) }

// summaryOf reads what --summary wrote.
func summaryOf[T any](t *testing.T, path string) *T {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return decodeSummary[T](t, data)
}

func decodeSummary[T any](t *testing.T, data []byte) *T {
	t.Helper()
	sum := new(T)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(sum); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return sum
}

// wantSum checks the promise that each session of a summary makes.
func wantSum(t *testing.T, sum *subSummary) {
	t.Helper()
	for _, s := range sum.Sessions {
		if s.Delivered+s.Lost != s.NextOffset-s.FirstOffset {
			t.Errorf("session %s: delivered %d + lost %d is not %d - %d", s.Session, s.Delivered,
				s.Lost, s.NextOffset, s.FirstOffset)
		}
		var lost uint64
		for _, l := range s.Losses {
			lost += l.To - l.From
			if l.Cause == "" || strings.HasPrefix(l.Cause, "cause ") || l.From < s.FirstOffset ||
				l.To > s.NextOffset {
				t.Errorf("session %s: a loss %+v", s.Session, l)
			}
		}
		if lost != s.Lost {
			t.Errorf("session %s: losses name %d messages of %d", s.Session, lost, s.Lost)
		}
	}
}

// Brief is a session's summary without most of its losses.
func brief(s *sessionSummary) string {
	short := *s
	short.Losses = short.Losses[:min(len(short.Losses), 5)]
	b, err := json.Marshal(short)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s, with %d losses", b, len(s.Losses))
}

// linesOf parses JSON output.
func linesOf(t *testing.T, out []byte) []eventLine {
	t.Helper()
	var lines []eventLine
	dec := json.NewDecoder(bytes.NewReader(out))
	dec.DisallowUnknownFields()
	for {
		var l eventLine
		err := dec.Decode(&l)
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatalf("line %d: %v", len(lines)+1, err)
		}
		lines = append(lines, l)
	}
}
