package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

// screen keeps the lines that a shell and its commands print, in the order in which they
// came, with their streams.
type screen struct {
	mu      sync.Mutex
	lines   []printed
	begun   [2]string     // by stream: a line that has no end yet
	changed chan struct{} // gets a value after each line, unless one waits
}

// printed is a line that was printed.
type printed struct {
	stream int // 0 for standard output, 1 for standard error
	text   string
}

func newScreen() *screen { return &screen{changed: make(chan struct{}, 1)} }

// stream is a writer of a screen.
type stream struct {
	*screen
	n int
}

func (s stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.begun[s.n] + string(p)
	for {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			break
		}
		s.lines, text = append(s.lines, printed{s.n, line}), rest
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
	s.begun[s.n] = text
	return len(p), nil
}

// since returns the lines from one on.
func (s *screen) since(at int) []printed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]printed(nil), s.lines[at:]...)
}

// textOf returns the lines as they came.
func textOf(lines []printed) []string {
	var text []string
	for _, l := range lines {
		text = append(text, l.text)
	}
	return text
}

// sameOutput reports whether what came is what a page shows, but for numbers. A line of
// three dots stands for any number of lines. The two streams of a command are in order, each
// by itself.
func sameOutput(shown []string, came []printed) bool {
	var streams [2][]string
	for _, l := range came {
		streams[l.stream] = append(streams[l.stream], l.text)
	}
	known := make(map[[3]int]bool) // what doesn't match
	var match func(i, j, k int) bool
	match = func(i, j, k int) bool {
		at := [3]int{i, j, k}
		if i == len(shown) || known[at] {
			return !known[at] && j == len(streams[0]) && k == len(streams[1])
		}
		known[at] = true
		any := strings.TrimSpace(shown[i]) == "..."
		fits := func(list []string, n int) bool {
			return n < len(list) && (any || sameLine(shown[i], list[n]))
		}
		next := i + 1
		if any {
			if match(i+1, j, k) {
				return true
			}
			next = i
		}
		return fits(streams[0], j) && match(next, j+1, k) ||
			fits(streams[1], k) && match(next, j, k+1)
	}
	return match(0, 0, 0)
}

func TestSameOutput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shown, out, err string
		want            bool
	}{
		{"5 messages in 1.2ms", "7,000 messages in 30 µs", "", true},
		{"session 0123456789abcdef is new", "session ffffffffffffffff is new", "", true},
		{"5 messages", "5 repairs", "", false},
		{"a|b", "a", "", false},
		{"a", "a|b", "", false},
		{"a|...|b", "a|b", "", true},
		{"a|...|b", "a|x|y|b", "z", true},
		{"a|...|b", "a|x|y|b|c", "", false},
		{"a|x|b|y", "a|b", "x|y", true},
		{"a|y|b|x", "a|b", "x|y", false},
		{"5 messages ...", "6 messages, and more", "", true},
		{"5 messages ...", "6 datagrams, and more", "", false},
		{"lost ...: unanswered", "lost 3 to 5: unanswered", "", true},
		{"lost ...: unanswered", "lost 3 to 5: silent", "", false},
		{"name   n", "name n", "", true},
	} {
		s := newScreen()
		for n, text := range []string{c.out, c.err} {
			if text != "" {
				stream{s, n}.Write(bytes.ReplaceAll([]byte(text+"|"), []byte("|"), []byte("\n")))
			}
		}
		if got := sameOutput(strings.Split(c.shown, "|"), s.since(0)); got != c.want {
			t.Errorf("%q, and %q with %q: %v", c.shown, c.out, c.err, got)
		}
	}
}
