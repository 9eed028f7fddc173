package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
)

// Console is standard error. On a terminal it keeps a line at the bottom that is rewritten
// while other text scrolls by above it. It is safe for concurrent use. A Write should end
// with a newline.
type Console struct {
	mu   sync.Mutex
	out  io.Writer
	wide func() int // columns; nil where there is no terminal
	line string     // what stands at the bottom, "" for nothing
	// within says that the terminal's other stream is within a line: nothing is shown.
	within bool
}

const clearLine = "\r\x1b[K"

// NewConsole returns a Console that writes to out.
func NewConsole(out io.Writer) *Console {
	c := &Console{out: out}
	if f, ok := Terminal(out); ok && rewritable(f) {
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

// Live reports whether Show has an effect.
func (c *Console) Live() bool { return c.wide != nil }

// Write prints text above the line. On a terminal, sentences that are longer than it is wide
// are broken between words.
func (c *Console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.Live() {
		return c.out.Write(p)
	}
	var b strings.Builder
	if c.line != "" {
		b.WriteString(clearLine)
	}
	sheet := Sheet{Width: max(c.wide(), minWidth)}
	for line := range strings.Lines(string(p)) {
		if !strings.HasPrefix(line, "   ") { // else it is laid out, or to be copied
			line = sheet.Wrap(line, 2)
		}
		b.WriteString(line)
	}
	b.WriteString(c.line)
	if _, err := io.WriteString(c.out, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Show replaces the line, cut to the terminal's width; "" removes it.
func (c *Console) Show(line string) {
	if !c.Live() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if line == "" && c.line == "" {
		return
	}
	if c.line = cutTo(line, c.wide()-1); c.within {
		return
	}
	fmt.Fprint(c.out, clearLine+c.line)
}

// cutTo shortens text to n characters.
func cutTo(text string, n int) string {
	if n <= 0 || utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n])
}

// Beside returns a stream for the text of another one. If both are terminals, the line makes
// way for the text.
func (c *Console) Beside(out io.Writer) io.Writer {
	if _, ok := Terminal(out); !ok || !c.Live() {
		return out
	}
	return beside{c, out}
}

// beside is another stream of a Console's terminal.
type beside struct {
	console *Console
	out     io.Writer
}

func (b beside) Write(p []byte) (int, error) {
	c := b.console
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.line != "" && !c.within {
		io.WriteString(c.out, clearLine)
	}
	n, err := b.out.Write(p)
	if n > 0 {
		c.within = p[n-1] != '\n'
	}
	if !c.within && c.line != "" {
		io.WriteString(c.out, c.line)
	}
	return n, err
}
