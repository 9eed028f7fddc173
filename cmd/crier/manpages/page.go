package main

import (
	"fmt"
	"strings"

	"crier/cmd/crier/cli"
)

// page is a page in roff, with the macros of man(7).
type page struct {
	name string // as in crier-sim-run
	body strings.Builder
}

// overview returns the page of the tool.
func overview(tool *cli.Tool) *page {
	p := &page{name: "crier"}
	about, text, _ := strings.Cut(tool.About, "\n")
	p.head(strings.TrimPrefix(about, "crier: "))
	p.line(`.B crier`)
	p.line(`.I COMMAND`)
	p.line("[flags]")
	p.section("DESCRIPTION")
	p.text(text)
	p.section("COMMANDS")
	tool.Walk(func(c *cli.Command, _ *cli.FlagSet) {
		p.entry(bold("crier "+c.Name), c.Brief)
	})
	examples, exit, _ := strings.Cut(tool.Notes, "\nExit codes: ")
	_, examples, _ = strings.Cut(examples, "Examples:\n")
	p.section("ENVIRONMENT")
	p.entry(bold("CRIER_GROUP"), "the default of --group")
	p.entry(bold("CRIER_IFACE"), "the default of --iface")
	p.section("EXIT STATUS")
	p.text(exit)
	p.examples(examples)
	return p
}

// command returns the page of a command.
func command(c *cli.Command, flags *cli.FlagSet) *page {
	p := &page{name: dashed(c)}
	p.head(c.Brief)
	if c.Setup != nil {
		p.line(bold("crier "+c.Name) + " [flags]" + escape(c.Args))
	}
	if c.Subs != nil {
		if c.Setup != nil {
			p.line(".br")
		}
		p.line(bold("crier "+c.Name) + ` \fICOMMAND\fR`)
	}
	about, examples := c.Texts()
	p.section("DESCRIPTION")
	p.text(about)
	if c.Subs != nil {
		p.section("COMMANDS")
		for _, sub := range c.Subs {
			if !sub.Hidden {
				p.entry(bold("crier "+sub.Name), sub.Brief)
			}
		}
	}
	if options := cli.Options(flags); options != nil {
		p.section("OPTIONS")
		for _, o := range options {
			p.option(o)
		}
	}
	p.examples(examples)
	return p
}

// dashed returns the name of a command's page.
func dashed(c *cli.Command) string { return "crier-" + strings.ReplaceAll(c.Name, " ", "-") }

// bytes returns the page under its title.
func (p *page) bytes(date string) []byte {
	return fmt.Appendf(nil, ".TH %s 1 %s crier \"crier manual\"\n.nh\n.ad l\n%s",
		escape(strings.ToUpper(p.name)), date, p.body.String())
}

func (p *page) line(roff string) { p.body.WriteString(roff + "\n") }

func (p *page) section(name string) { p.line(".SH " + name) }

// head writes the sections before the description, up to the first word of the usage.
func (p *page) head(brief string) {
	p.section("NAME")
	p.line(escape(p.name) + ` \- ` + escape(brief))
	p.section("SYNOPSIS")
}

// entry writes a tag and the text that belongs to it.
func (p *page) entry(tag, text string) {
	p.line(".TP")
	p.line(tag)
	p.line(escape(text))
}

func (p *page) option(o cli.Option) {
	tag := bold(o.Name)
	if o.Short != "" {
		tag = bold(o.Short) + ", " + tag
	}
	word := `\fI` + escape(o.Word) + `\fR`
	switch {
	case o.Optional:
		tag += "[=" + word + "]"
	case o.Word != "":
		tag += " " + word
	}
	if o.Default != "" {
		o.Usage += " (default: " + o.Default + ")"
	}
	p.entry(tag, o.Usage)
}

// text writes paragraphs. Indented lines of two columns become entries, others stay as they
// are.
func (p *page) text(text string) {
	for i, block := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		lines := strings.Split(block, "\n")
		switch {
		case strings.HasPrefix(block, " ") && columns(lines):
			for _, line := range lines {
				tag, rest, _ := strings.Cut(strings.TrimSpace(line), "  ")
				p.entry(bold(tag), strings.TrimSpace(rest))
			}
			continue
		case i > 0:
			p.line(".PP")
		}
		if strings.HasPrefix(block, " ") {
			p.verbatim(lines)
			continue
		}
		for _, line := range lines {
			p.line(escape(line))
		}
	}
}

// columns reports whether all lines have a gap within.
func columns(lines []string) bool {
	for _, line := range lines {
		if !strings.Contains(strings.TrimSpace(line), "  ") {
			return false
		}
	}
	return true
}

// exampleWidth is the width of lines within a page of 80 columns, and their own indent.
const exampleWidth = 80 - 7 + 2

// examples writes the last part of a command's help.
func (p *page) examples(text string) {
	p.section("EXAMPLES")
	text = cli.WrapExamples(strings.Trim(text, "\n"), exampleWidth)
	p.verbatim(strings.Split(strings.TrimSuffix(text, "\n"), "\n"))
}

func (p *page) verbatim(lines []string) {
	p.line(".EX")
	for _, line := range lines {
		p.line(escape(strings.TrimPrefix(line, "  ")))
	}
	p.line(".EE")
}

// seeAlso names the pages above and right below.
func (p *page) seeAlso(pages []*page) {
	var list []string
	for _, other := range pages {
		below, ok := strings.CutPrefix(other.name, p.name+"-")
		if ok && !strings.Contains(below, "-") || strings.HasPrefix(p.name, other.name+"-") {
			list = append(list, ".BR "+escape(other.name)+" (1)")
		}
	}
	p.section("SEE ALSO")
	p.line(strings.Join(list, " ,\n"))
}

func bold(text string) string { return `\fB` + escape(text) + `\fR` }

// special are the characters that roff takes for others.
var special = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`,
	"~", `\(ti`)

// escape returns a line of text in roff.
func escape(line string) string {
	line = special.Replace(line)
	if strings.HasPrefix(line, ".") {
		line = `\&` + line
	}
	return line
}
