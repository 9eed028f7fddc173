package ls

import (
	"net/netip"
	"slices"
	"unicode/utf8"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
)

// leastName is the number of characters that are left of a name at least: names up to that are
// never cut.
const leastName = 20

// table returns a table of the publishers, with names cut until it fits width or they are short,
// and a line for each name that is cut.
func (l *Listing) table(width int) (t *table.Table, long []string) {
	topic, name := 0, 0 // the longest ones
	for i := range l.Publishers {
		p := &l.Publishers[i]
		topic = max(topic, utf8.RuneCountInString(cli.Printable(p.Topic)))
		name = max(name, utf8.RuneCountInString(cli.Printable(p.Name)))
	}
	for {
		t = l.cut(topic, name)
		over := t.Width() - width
		if over <= 0 || max(topic, name) <= leastName {
			break
		}
		longer, other := &topic, name
		if name > topic {
			longer, other = &name, topic
		}
		by := min(over, *longer-other)
		if by == 0 { // they share it
			by = (over + 1) / 2
		}
		*longer = max(leastName, *longer-by)
	}
	add := func(what, text string, most int) {
		if text = cli.Printable(text); utf8.RuneCountInString(text) > most &&
			!slices.Contains(long, what+text) {
			long = append(long, what+text)
		}
	}
	for i := range l.Publishers {
		add("topic ", l.Publishers[i].Topic, topic)
		add("publisher ", l.Publishers[i].Name, name)
	}
	return t, long
}

// cut returns a table of the publishers whose names have so many characters at most.
func (l *Listing) cut(topic, name int) *table.Table {
	t := &table.Table{Columns: []table.Column{{Head: "topic", Key: true},
		{Head: "partitions"}, {Head: "groups", Left: true}, {Head: "publisher", Left: true},
		{Head: "rate"}, {Head: "subscribers"}}}
	for i := range l.Publishers {
		p := &l.Publishers[i]
		base, _ := netip.ParseAddrPort(p.Base) // not valid for an empty one
		t.Add(shortened(cli.Printable(p.Topic), topic), cli.Grouped(uint64(p.Partitions)),
			groups(p.Groups, base), p.who(name), cli.PerSecond(float64(p.Messages)),
			cli.Grouped(uint64(p.Subscribers)))
	}
	return t
}

// shortened returns a text of at most so many characters.
func shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
