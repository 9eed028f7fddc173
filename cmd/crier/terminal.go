package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// console is standard error. On a terminal it can hold a line at the bottom that
// is rewritten, while other text scrolls by above it. It is safe for concurrent
// use; a Write should end with a newline.
type console struct {
	mu   sync.Mutex
	out  io.Writer
	wide func() int // columns; nil where there is no terminal
	line string     // what stands at the bottom, "" for nothing
}

const clearLine = "\r\x1b[K"

// newConsole looks whether out is a terminal.
func newConsole(out io.Writer) *console {
	c := &console{out: out}
	if f, ok := terminal(out); ok {
		c.wide = func() int {
			n, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 80
			}
			return n
		}
	}
	return c
}

// terminal returns the file of a stream that is a terminal.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// live says whether show shows anything.
func (c *console) live() bool { return c.wide != nil }

// Write prints text above the line.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.line == "" {
		return c.out.Write(p)
	}
	var b strings.Builder
	b.WriteString(clearLine)
	b.Write(p)
	b.WriteString(c.line)
	if _, err := io.WriteString(c.out, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// show replaces the line, cut to the terminal's width; "" removes it.
func (c *console) show(line string) {
	if !c.live() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if line == "" && c.line == "" {
		return
	}
	c.line = cutTo(line, c.wide()-1)
	fmt.Fprint(c.out, clearLine+c.line)
}

// cutTo shortens text to so many characters.
func cutTo(text string, n int) string {
	if n <= 0 || utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n])
}

// printable is text without what a terminal would act on: names come from whoever
// sends them.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
