//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// waiting is a publisher, in a process of its own, that has published two lines and
// waits for more.
func waiting(t *testing.T, args ...string) *tool {
	t.Helper()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub")...).listening()
	return saying(t, group, args, sub)
}

var pubEnds = map[string]func(*testing.T) *tool{
	"its input ends, or `--count` is reached": func(t *testing.T) *tool {
		start(t, nil, on(testGroup(t), "pub", "--count", "2", "--linger", "50ms")...).wait(exitOK)
		return start(t, strings.NewReader("0\n1\n"), on(testGroup(t), "pub", "--from", "-", "--linger", "50ms")...)
	},
	"nobody hears it": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "pub", "--count", "3", "--rate", "1.5", "--linger", "50ms")...)
	},
	"a signal": func(t *testing.T) *tool {
		c := waiting(t)
		c.signal(sigterm)
		return c
	},
	"two signals at once": func(t *testing.T) *tool {
		c := waiting(t, "--summary", filepath.Join(t.TempDir(), "s"))
		c.signal(sigterm)
		c.signal(sigterm)
		<-c.ended
		if sum := summaryOf[pubSummary](t, c.flag("--summary")); sum.Accepted != 2 {
			t.Errorf("%+v", sum)
		}
		return c
	},
	"killed": func(t *testing.T) *tool {
		c := waiting(t)
		c.signal(syscall.SIGKILL)
		return c
	},
	"a signal before its input was opened": func(t *testing.T) *tool {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := makeFIFO(fifo); err != nil {
			t.Skip("no named pipe:", err)
		}
		c := start(t, nil, on(testGroup(t), "pub", "--from", fifo)...)
		c.stop()
		<-c.ended
		w, err := os.OpenFile(fifo, os.O_RDWR, 0) // lets the goroutine that opens it end
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Close() })
		return c
	},
	"its input is damaged": func(t *testing.T) *tool {
		return start(t, strings.NewReader("\x00\x00\x00\x03one\x00\x00\x00\x09two"), on(testGroup(t), "pub", "--from", "-", "--format", "len", "--linger", "50ms")...)
	},
	"`--from -`, and standard input was closed before the start": func(t *testing.T) *tool {
		c := newTool(t, on(testGroup(t), "pub", "--from", "-"))
		c.behind("<&-")
		return c
	},
	"`--summary -`, and standard output was closed before the start": func(t *testing.T) *tool {
		c := newTool(t, on(testGroup(t), "pub", "--count", "1", "--summary", "-"))
		c.behind(">&-")
		return c
	},
	"standard error is closed, or a full disk": func(t *testing.T) *tool {
		c := newTool(t, on(testGroup(t), "pub", "--count", "1", "--linger", "50ms"))
		c.behind("2>&-")
		c.wait(exitOK)
		c = newTool(t, on(testGroup(t), "pub", "--count", "1", "--linger", "50ms"))
		c.behind("2>/dev/full")
		return c
	},
	"the summary's disk is full": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "pub", "--count", "1", "--linger", "50ms", "--summary", openFull(t).Name())...)
	},
	"`--accepted` can't be written": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "pub", "--count", "1", "--accepted", openFull(t).Name())...)
	},
	"wrong words or values": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "pub", "--count", "0")...)
	},
}
