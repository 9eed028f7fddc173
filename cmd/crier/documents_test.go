package main

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/commands"

	"github.com/spf13/pflag"
)

// inProse matches a command in a sentence.
var inProse = regexp.MustCompile("`(crier [^`]+)`")

// Each command line of the manual is one that the tool takes, wherever it stands: there
// are such commands, and such flags.
func TestDocumentedCommandsParse(t *testing.T) {
	t.Parallel()
	found := 0
	check := func(at, line string) {
		t.Helper()
		found++
		if err := parses(line); err != nil {
			t.Errorf("%s: %q: %v", at, line, err)
		}
	}
	for _, d := range documents(t) {
		in := make(map[int]bool) // the lines of blocks
		for _, b := range d.blocks {
			for i := range b.text {
				in[b.line+i] = true
			}
			for _, c := range b.typed {
				for _, part := range crierCommands(c.text) {
					check(c.at(), part)
				}
			}
			if b.words[0] == "sh" {
				continue
			}
			for i, line := range b.text {
				line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
				if strings.HasPrefix(line, "crier ") && !strings.HasPrefix(line, "crier: ") {
					check(d.at(b.line+i), line)
				}
			}
		}
		var prose strings.Builder // with its line breaks
		for i, line := range d.lines {
			if !in[i+1] {
				prose.WriteString(line)
			}
			prose.WriteByte('\n')
		}
		text := prose.String()
		for _, m := range inProse.FindAllStringSubmatchIndex(text, -1) {
			line := strings.Join(strings.Fields(text[m[2]:m[3]]), " ")
			check(d.at(1+strings.Count(text[:m[2]], "\n")), line)
		}
	}
	if found < 50 {
		t.Errorf("%d commands were found", found)
	}
	for _, wrong := range []string{"crier pub --fast", "crier shout", "crier sub --count many",
		"crier sim walk"} {
		if parses(wrong) == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

// crierCommands returns the parts of a shell's line that run crier.
func crierCommands(line string) []string {
	var list []string
	for _, part := range strings.FieldsFunc(line, func(r rune) bool {
		return strings.ContainsRune("|;&()", r)
	}) {
		part = strings.TrimSpace(part)
		for _, before := range []string{"sudo ", "timeout 10 ", "time "} {
			part = strings.TrimPrefix(part, before)
		}
		if strings.HasPrefix(part, "crier ") {
			list = append(list, part)
		}
	}
	return list
}

// parses returns an error where crier has no such command or flag. Words in capitals stand
// for a value, and brackets for what may be left out.
func parses(line string) error {
	line, _, _ = strings.Cut(line, "; ")
	line, _, _ = strings.Cut(line, " #")
	line, _, _ = strings.Cut(line, " >")
	line, _, _ = strings.Cut(line, " 2>")
	line = strings.NewReplacer("[", "", "]", "", `"`, "").Replace(line)
	words := strings.Fields(line)[1:]
	err := errors.New("there is no such command")
	commands.Tool().Walk(func(c *cli.Command, _ *cli.FlagSet) {
		name := strings.Fields(c.Name)
		if len(name) > len(words) || !slices.Equal(name, words[:len(name)]) {
			return
		}
		rest := words[len(name):]
		switch {
		case c.Setup != nil:
			err = takes(c, rest)
		case len(rest) == 0 || slices.ContainsFunc(c.Subs,
			func(sub *cli.Command) bool { return rest[0][0] == '-' && takes(sub, rest) == nil }):
			err = nil // a sentence may name a flag of the commands below
		}
	})
	return err
}

// takes returns an error where a command doesn't take arguments.
func takes(c *cli.Command, args []string) error {
	err := c.Flags().Parse(args)
	var invalid *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &missing) || errors.Is(err, pflag.ErrHelp): // named in a sentence
		return nil
	case errors.As(err, &invalid) && placeholder(invalid.GetValue()):
		return nil
	}
	return err
}

// placeholder reports whether a word stands for a value.
func placeholder(word string) bool {
	return strings.IndexFunc(word, unicode.IsLower) < 0 &&
		strings.IndexFunc(word, unicode.IsUpper) >= 0
}

// Each command of the manual that stands in a block stands in one that a test runs.
func TestDocumentedCommandsAreInShellBlocks(t *testing.T) {
	t.Parallel()
	command := regexp.MustCompile(`^ *(?:[a-z]?[0-9]?\$ )?(?:crier|go|sudo) [a-z]`)
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			for i, line := range b.text {
				if b.words[0] == "" && command.MatchString(line) {
					t.Errorf("%s: %q stands in a block whose fence doesn't say sh",
						d.at(b.line+i), line)
				}
			}
			for _, mark := range b.words[1:] {
				known := []string{"", "clone", "data", "long", "machine"}
				if b.words[0] == "sh" && !slices.Contains(known, mark) {
					t.Errorf("%s: there is no mark %q", d.at(b.line-1), mark)
				}
			}
		}
	}
}

// writeUpdated writes a document whose shown outputs are those that came.
func (d *document) writeUpdated(came map[*typed][]string) error {
	var lines []string
	at := 0
	for _, b := range d.blocks {
		for _, c := range b.typed {
			if out, ok := came[c]; ok {
				first := c.end - len(c.shown) // lines count from 1
				lines = append(lines, d.lines[at:first]...)
				for _, line := range out {
					lines = append(lines, strings.TrimRight(b.shift+line, " "))
				}
				at = c.end
			}
		}
	}
	lines = append(lines, d.lines[at:]...)
	return os.WriteFile("../../"+d.path, []byte(strings.Join(lines, "\n")), 0o644)
}

// START ends with messages that cross from one host to another.
func TestStartHasTwoHosts(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		if d.path != "docs/START.md" {
			continue
		}
		published, came := "", ""
		for _, b := range d.blocks {
			for _, c := range b.typed {
				switch {
				case strings.Contains(c.text, "crier pub "):
					published = c.host()
				case strings.Contains(c.text, "crier sub ") && slices.Contains(c.shown, "5"):
					came = c.host()
				}
			}
		}
		if published == "" || came == "" || published == came {
			t.Errorf("%s: the last messages go from host %q to host %q", d.path, published, came)
		}
		return
	}
	t.Error("there is no docs/START.md")
}
