package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// document is a page of the manual. docs/README.md says how its commands are written, and
// marked.
type document struct {
	path   string // from the module's root
	lines  []string
	blocks []*codeBlock
}

// codeBlock is a fenced block of a document.
type codeBlock struct {
	line  int      // of its first line, from 1
	shift string   // the white space before each line
	words []string // of the fence: the language, and then marks
	text  []string
	typed []*typed // where the language is sh
}

// typed is a command as a document shows it, with what it prints.
type typed struct {
	doc      *document
	line     int // of its first line, from 1
	end      int // of the last line of what it prints
	terminal string
	clone    bool     // it is for the clone's directory
	text     string   // with its continuation lines
	shown    []string // what the page says that it prints
	exit     int
}

// fence matches the first line of a block, and prompt a line that is typed, such as
// "a2$ crier sub": the host's name, the terminal's number, the command.
var (
	fence    = regexp.MustCompile("^( *)```(.*)$")
	prompt   = regexp.MustCompile(`^([a-z]?[0-9]?)\$ (.*)$`)
	exitCode = regexp.MustCompile(`# exit code ([0-9]+)$`)
)

// documents reads the README and all of docs.
func documents(t *testing.T) []*document {
	t.Helper()
	paths := []string{"README.md"}
	err := filepath.WalkDir("../../docs", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			paths = append(paths, strings.TrimPrefix(filepath.ToSlash(path), "../../"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []*document
	for _, path := range paths {
		text, err := os.ReadFile("../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		d := &document{path: path, lines: strings.Split(string(text), "\n")}
		if err := d.read(); err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

// at names a line.
func (d *document) at(line int) string { return fmt.Sprintf("%s:%d", d.path, line) }

// read finds the blocks, and the commands in them.
func (d *document) read() error {
	var open *codeBlock
	for i, line := range d.lines {
		m := fence.FindStringSubmatch(line)
		switch {
		case m != nil && open == nil:
			open = &codeBlock{line: i + 2, shift: m[1], words: append(strings.Fields(m[2]), "")}
		case m != nil:
			d.blocks, open = append(d.blocks, open), nil
		case open != nil:
			open.text = append(open.text, strings.TrimPrefix(line, open.shift))
		}
	}
	if open != nil {
		return fmt.Errorf("%s: the block has no end", d.at(open.line-1))
	}
	for _, b := range d.blocks {
		if b.words[0] != "sh" {
			continue
		}
		if err := b.read(d); err != nil {
			return err
		}
	}
	return nil
}

// read finds the commands of a block. Where one line has a prompt, the others are what
// commands print; else all are commands, but for comments.
func (b *codeBlock) read(d *document) error {
	prompts := slices.ContainsFunc(b.text, prompt.MatchString)
	for i := 0; i < len(b.text); i++ {
		line, terminal, is := b.text[i], "", !prompts
		if m := prompt.FindStringSubmatch(line); m != nil {
			terminal, line, is = m[1], m[2], true
		} else if !prompts && (line == "" || strings.HasPrefix(line, "#")) {
			continue
		}
		if !is {
			if len(b.typed) == 0 {
				return fmt.Errorf("%s: output before the first command", d.at(b.line+i))
			}
			last := b.typed[len(b.typed)-1]
			last.shown, last.end = append(last.shown, line), b.line+i
			continue
		}
		c := &typed{doc: d, line: b.line + i, terminal: terminal, clone: b.is("clone")}
		for strings.HasSuffix(line, `\`) && i+1 < len(b.text) {
			i++
			line = strings.TrimSuffix(line, `\`) + strings.TrimLeft(b.text[i], " >")
		}
		c.text, c.end = line, b.line+i
		if m := exitCode.FindStringSubmatch(line); m != nil {
			c.exit, _ = strconv.Atoi(m[1])
		}
		b.typed = append(b.typed, c)
	}
	return nil
}

// is reports whether the block has a mark.
func (b *codeBlock) is(mark string) bool { return slices.Contains(b.words[1:], mark) }

// file is the name under which the reader is to keep the block, if any.
func (b *codeBlock) file() string {
	if len(b.words) > 1 && strings.Contains(b.words[1], ".") {
		return b.words[1]
	}
	return ""
}

// host is the name of the host on which the command is typed, "" on a page with one host.
func (c *typed) host() string { return strings.TrimRight(c.terminal, "0123456789") }

// entered is the command as the test enters it, whose terminals are open beside the clone.
func (c *typed) entered() string {
	if c.clone {
		text, _, _ := strings.Cut(c.text, " #")
		return "(cd crier && " + text + ")"
	}
	return c.text
}

// at names the command's line.
func (c *typed) at() string { return c.doc.at(c.line) }

// needsRoot reports whether only root can run the command: by sudo, or on hosts and
// interfaces that the test has to make.
func (c *typed) needsRoot() bool {
	return c.host() != "" || strings.Contains(c.text, "sudo ") || strings.Contains(c.text, "eth0")
}

// numbers matches what differs from run to run: numbers with their units, and ids in hex.
var (
	numbers = regexp.MustCompile(
		`-?[0-9](?:[0-9,.:]*[0-9])?(?: ?(?:ns|µs|us|ms|s|B|KiB|MiB|GiB)\b)?`)
	hexes  = regexp.MustCompile(`\b[0-9a-f]{8,16}\b`)
	spaces = regexp.MustCompile(`[ \t─-]+`)
)

// sameLine reports whether two printed lines differ in numbers only. Dots in the shown one
// stand for any text.
func sameLine(shown, came string) bool {
	plain := func(line string) string {
		line = hexes.ReplaceAllString(line, "1")
		line = numbers.ReplaceAllString(line, "1")
		return strings.TrimSpace(spaces.ReplaceAllString(line, " "))
	}
	came = plain(came)
	parts := strings.Split(shown, "...")
	for i, part := range parts {
		part = plain(part)
		at := strings.Index(came, part)
		switch {
		case i == len(parts)-1 && !strings.HasSuffix(came, part), at < 0, i == 0 && at > 0:
			return false
		case i == len(parts)-1:
			return i > 0 || part == came
		}
		came = came[at+len(part):]
	}
	return false
}
