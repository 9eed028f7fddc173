package doctor

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unicode/utf8"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
)

// report is the result.
type report struct {
	Version   string        `json:"version"`
	Host      string        `json:"host"`
	Topic     string        `json:"topic,omitempty"` // whose groups they are
	Groups    []string      `json:"groups"`
	Interface string        `json:"interface"`
	Problems  int           `json:"problems"`
	Notes     int           `json:"notes"`
	OK        int           `json:"ok"`
	Unknown   int           `json:"unknown"`
	Checks    []check.Check `json:"checks"`
	// Between has what was measured between two hosts, with --to, and in the group, with --soak.
	Between []check.Check `json:"between,omitempty"`
	// Other is the other host, with --to, if it answered.
	Other *otherReport `json:"other,omitempty"`

	question check.Question
	all      bool
}

// otherReport is another host's report on itself.
type otherReport struct {
	// Host is the name that it gives, or its address if both have one name.
	Host string `json:"host"`
	// Checks are its own.
	Checks []check.Check `json:"checks"`
}

// part is a part of the report: checks of one host, or between two.
type part struct {
	title  string
	checks []check.Check
	// host says that the checks are of one host.
	host bool
}

// parts returns the report's parts.
func (r *report) parts() []part {
	list := []part{{"", r.Checks, true}}
	if r.Between != nil {
		title := "in the group"
		if to := r.question.Peer; to.IsValid() {
			title = fmt.Sprintf("between %s and %v", r.Host, to)
		}
		list = append(list, part{title, r.Between, false})
	}
	if r.Other != nil && len(r.Other.Checks) > 0 {
		list = append(list, part{"on the other host, " + r.Other.Host, r.Other.Checks, true})
	}
	return list
}

// count counts the checks by their state.
func (r *report) count() {
	var all []check.Check
	for _, p := range r.parts() {
		all = append(all, p.checks...)
	}
	for _, c := range all {
		switch c.State {
		case check.OK:
			r.OK++
		case check.Note:
			r.Notes++
		case check.Problem:
			r.Problems++
		case check.Unknown:
			r.Unknown++
		}
	}
}

// print prints the report.
func (r *report) print(std cli.Streams, asJSON bool) error {
	var err error
	if asJSON {
		enc := json.NewEncoder(std.Out)
		enc.SetEscapeHTML(false)
		err = enc.Encode(r)
	} else {
		err = cli.Print(std.Out, r.text)
	}
	if err != nil {
		return cli.OutputError(err)
	}
	return nil
}

// The columns of the text: the state, the check's name, the evidence.
const (
	nameAt     = 9
	evidenceAt = nameAt + 14
)

// tones are the colours of states.
var tones = map[check.State]cli.Tone{
	check.OK: cli.Good, check.Note: cli.Noted, check.Problem: cli.Bad, check.Unknown: cli.Noted,
}

// text returns the report for people: problems first, what is ok last.
func (r *report) text(s cli.Sheet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s by %s, on %s\n\n", r.where(), r.Interface, r.Host)
	for _, p := range r.parts() {
		if p.title != "" {
			fmt.Fprintf(&b, "%s\n\n", p.title)
		}
		for _, state := range []check.State{check.Problem, check.Note} {
			for _, c := range p.checks {
				if c.State == state {
					b.WriteString(r.line(s, c, true))
				}
			}
		}
		b.WriteString(r.unknown(s, p))
		b.WriteString(r.fine(s, p))
		b.WriteByte('\n')
	}
	b.WriteString(s.Fill(r.verdict()))
	for line := range strings.Lines(r.next()) {
		b.WriteString(s.Fill(line))
	}
	return b.String()
}

// where names the topic, and the groups: of many the first.
func (r *report) where() string {
	text := strings.Join(r.Groups, ", ")
	if n := len(r.Groups); n > check.ManyGroups {
		text = fmt.Sprintf("%s and %d more groups", r.Groups[0], n-1)
	}
	if r.Topic != "" {
		text = fmt.Sprintf("topic %s: %s", cli.Printable(r.Topic), text)
	}
	return text
}

// fine tells what is ok in a part: a line a check, but of hosts that were measured between the
// names alone, so that what was measured is seen.
func (r *report) fine(s cli.Sheet, p part) string {
	var b strings.Builder
	var names []string
	for _, c := range p.checks {
		switch {
		case c.State != check.OK:
		case p.host && r.Between != nil && !r.all:
			names = append(names, c.Name)
		default:
			b.WriteString(r.line(s, c, r.all || !p.host)) // figures are wanted whole
		}
	}
	if names != nil {
		word := check.OK.String()
		text := s.Beside(fmt.Sprintf("%-*s", nameAt, word), strings.Join(names, ", "))
		b.WriteString(s.Paint(tones[check.OK], word) + strings.TrimPrefix(text, word))
	}
	return b.String()
}

// unknown lists the unknown checks of a part: a line a check, but where several are unknown for
// the same reason, one line with their names.
func (r *report) unknown(s cli.Sheet, p part) string {
	var b strings.Builder
	names := make(map[string][]string)
	for _, c := range p.checks {
		if c.State == check.Unknown {
			names[c.Evidence] = append(names[c.Evidence], c.Name)
		}
	}
	for _, c := range p.checks {
		if c.State != check.Unknown {
			continue
		}
		switch list := names[c.Evidence]; {
		case len(list) < 3 || c.Mend != "" || r.all:
			b.WriteString(r.line(s, c, true))
		case list[0] == c.Name:
			word := check.Unknown.String()
			text := s.Beside(fmt.Sprintf("%-*s", nameAt, word),
				strings.Join(list, ", ")+": "+c.Evidence)
			b.WriteString(s.Paint(tones[check.Unknown], word) + strings.TrimPrefix(text, word))
		}
	}
	return b.String()
}

// line returns a check's line, and those below it.
func (r *report) line(s cli.Sheet, c check.Check, whole bool) string {
	start := fmt.Sprintf("%-*s%-*s", nameAt, c.State, evidenceAt-nameAt, c.Name)
	text := ""
	if c.State == check.OK && !whole {
		text = cut(start+c.Evidence, s.Width) + "\n"
	} else {
		text = s.Beside(start, c.Evidence)
	}
	if c.State != check.OK && c.Mend != "" {
		// A command is one line, to be copied.
		text += fmt.Sprintf("%*s%s\n", evidenceAt, "-> ", c.Mend)
	}
	word := c.State.String()
	return s.Paint(tones[c.State], word) + strings.TrimPrefix(text, word)
}

// cut shortens a line to a width.
func cut(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:width-3]) + "..."
}

// verdict sums up.
func (r *report) verdict() string {
	counted := func(n int, one, many string) string { return cli.Counted(uint64(n), one, many) }
	var parts []string
	if r.Problems > 0 {
		parts = append(parts, counted(r.Problems, "problem", "problems"))
	} else {
		parts = append(parts, "No problem")
	}
	if r.Notes > 0 {
		parts = append(parts, counted(r.Notes, "note", "notes"))
	}
	parts = append(parts, fmt.Sprintf("%d ok", r.OK))
	if r.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d unknown", r.Unknown))
	}
	return strings.Join(parts, ", ") + "."
}

// next returns the next step.
func (r *report) next() string {
	var b strings.Builder
	q := r.question
	if r.Unknown > 0 && runtime.GOOS == "linux" && os.Geteuid() != 0 {
		b.WriteString("Run it as root, and less is unknown.\n")
	}
	switch {
	case r.Problems > 0:
		b.WriteString("Next: mend what is a problem, from the top, and run this again.\n")
	case q.Interface == "lo":
		b.WriteString("Next: name the interface of a network, with --iface.\n")
	case !q.Peer.IsValid():
		b.WriteString(
			"Next: crier doctor echo on the other host, and here the same with --to HOST.\n")
	}
	return b.String()
}
