package cli

import (
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"
)

// Sheet is where text for people goes. A file or a pipe is 80 columns wide and has no colour,
// so that what is printed there depends on nothing.
type Sheet struct {
	Width  int // in columns
	colour bool
}

// PlainSheet is the sheet of files and pipes.
var PlainSheet = Sheet{Width: plainWidth}

// SheetOf returns the sheet of a stream.
func SheetOf(stream any) Sheet {
	f, ok := Terminal(stream)
	if !ok {
		return PlainSheet
	}
	s := Sheet{Width: plainWidth, colour: colourful(f)}
	if n, _, err := term.GetSize(int(f.Fd())); err == nil {
		s.Width = max(n, minWidth)
	}
	return s
}

// Terminal returns the stream as a file, and whether it is a terminal.
func Terminal(stream any) (*os.File, bool) {
	switch out := stream.(type) {
	case standardOutput:
		return Terminal(out.Writer)
	case *Console:
		return Terminal(out.out)
	case *os.File:
		return out, term.IsTerminal(int(out.Fd()))
	}
	return nil, false
}

// rewritable reports whether a terminal obeys escape sequences.
func rewritable(f *os.File) bool {
	name := os.Getenv("TERM")
	if name == "dumb" || name == "" && runtime.GOOS != "windows" {
		return false
	}
	return obeys(f)
}

// colourful reports whether text on a terminal may have colour: see no-color.org.
func colourful(f *os.File) bool { return os.Getenv("NO_COLOR") == "" && rewritable(f) }

// Tone is what a colour says.
type Tone int

// Tones. Their colours can be read on a light and on a dark background.
const (
	Plain Tone = iota
	Good       // recovered, kept, better
	Bad        // lost, broken, worse
	Noted      // to be looked at
)

// tones are the escape sequences of tones.
var tones = [...]string{Good: "\x1b[32m", Bad: "\x1b[31m", Noted: "\x1b[35m"}

// Paint gives a text the colour of a tone, where the sheet takes colour.
func (s Sheet) Paint(tone Tone, text string) string {
	if !s.colour || tone == Plain || text == "" {
		return text
	}
	return tones[tone] + text + "\x1b[m"
}

// Wrap breaks the lines of a text that are longer than the sheet is wide. What follows a line
// stands below its text, hang columns further in.
func (s Sheet) Wrap(text string, hang int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if columns(line) <= s.prose() {
			b.WriteString(line + "\n")
			continue
		}
		b.WriteString(flow(line[:indent], line[indent:], indent+hang, s.prose()))
	}
	return b.String()
}

// columns returns how wide a text is, without what sets its colour.
func columns(text string) int {
	n, escape := 0, false
	for _, r := range text {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			n++
		}
	}
	return n
}

// Beside sets a text beside the start of a line, and goes on below the text.
func (s Sheet) Beside(start, text string) string {
	return flow(start, text, columns(start), s.prose())
}

// Fill wraps the paragraphs of a text, which empty lines and indented ones end.
func (s Sheet) Fill(text string) string { return fill(text, s.prose()) }

// prose returns the width of sentences, of which long lines are hard to read.
func (s Sheet) prose() int { return min(s.Width, maxWidth) }

// Print writes a text to a stream, as wide as that is.
func Print(out io.Writer, text func(Sheet) string) error {
	_, err := io.WriteString(out, text(SheetOf(out)))
	return err
}
