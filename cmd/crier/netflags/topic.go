package netflags

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"crier/cmd/crier/cli"
	"crier/multicast"
	"crier/reliable/topic"
)

// A Topic is what flags say of a topic. The zero Topic is none.
type Topic struct {
	// Name is a topic's name, or where Pattern says so, a pattern of names.
	Name    string
	Pattern bool
	// Base is the group that --group gives; invalid: the name's own.
	Base netip.AddrPort
	// Partitions are those that are wanted, in order; nil means all.
	Partitions []uint32
}

// GroupsOf returns the groups of a subscriber that listens to the topic: those that were asked for,
// unless they follow from its name.
func (t *Topic) GroupsOf(groups []netip.AddrPort) []netip.AddrPort {
	if t.Name != "" && !t.Base.IsValid() {
		return nil
	}
	return groups
}

// Home returns the group that tells of the topic, and where a pattern stands for topics, the
// group of the directory.
func (t *Topic) Home() netip.AddrPort {
	switch {
	case t.Base.IsValid():
		return t.Base
	case t.Pattern:
		return topic.Directory
	}
	return topic.Home(t.Name, t.Base)
}

// DeclareTopic declares the flags of a topic to listen to: --topic and --partition.
func (n *Flags) DeclareTopic(flags *cli.FlagSet) {
	flags.Var((*once)(&n.topic), "topic", "listen to the topic of this `NAME`, or to all whose "+
		"names match a pattern such as 'quotes.*'; its groups follow from the name, or from "+
		"--group where that is given")
	flags.StringVar(&n.wanted, "partition", "", "only these `PARTITIONS` of the topic, such as "+
		"3 or 0,4-7 (default: all)")
}

// DeclareLayout declares the flags of a topic and its layout: --topic, --partitions and --groups;
// usage says what is done with the topic.
func (n *Flags) DeclareLayout(flags *cli.FlagSet, usage string) {
	flags.Var((*once)(&n.topic), "topic", usage+"; they follow from the name, or from --group "+
		"where that is given")
	flags.IntVar(&n.layout.Partitions, "partitions", 1, fmt.Sprintf(
		"how many `PARTITIONS` the topic has, 1 to %d", topic.MaxPartitions))
	flags.IntVar(&n.layout.Groups, "groups", 0, "with --partitions: how many `GROUPS` carry them "+
		"(default: as many as there are, at most 16)")
}

// TopicName returns what --topic names, or nothing.
func (n *Flags) TopicName() string { return n.topic }

// Pattern reports whether that is a pattern of names.
func (n *Flags) Pattern() bool { return topic.IsPattern(n.topic) }

// Topic returns the topic to listen to, or the zero Topic.
func (n *Flags) Topic() (Topic, error) {
	changed := n.Set.Changed
	if n.topic == "" {
		switch {
		case changed("topic"):
			return Topic{}, cli.Usagef("--topic has no name: give one, such as --topic orders")
		case changed("partition") && !changed("group"):
			return Topic{}, cli.Usagef("--partition picks from a topic: name it with --topic, or " +
				"give its home group with --group")
		}
	}
	t := Topic{Name: n.topic, Pattern: topic.IsPattern(n.topic)}
	var err error
	switch {
	case t.Pattern:
		_, err = topic.ParsePattern(n.topic)
	case t.Name != "":
		err = topic.Check(n.topic)
	}
	if err != nil {
		return t, topicError(err)
	}
	if changed("partition") {
		if t.Partitions, err = ParsePartitions(n.wanted); err != nil {
			return t, err
		}
	}
	if t.Name == "" {
		return t, nil
	}
	if t.Base, err = n.base(); err != nil {
		return t, err
	}
	if t.Pattern && t.Base.IsValid() {
		return t, cli.Usagef("--group %v is one topic's, and --topic %s stands for many, each "+
			"with a group of its own: leave out --group", t.Base, Quoted(t.Name))
	}
	return t, nil
}

// Layout returns the topic to publish to, or none, and how its partitions lie on groups. A Base
// that isn't valid means the topic's own groups, or without a topic, the default group.
func (n *Flags) Layout() (string, topic.Layout, error) {
	changed, l := n.Set.Changed, n.layout
	switch {
	case n.topic == "" && changed("topic"):
		return "", l, cli.Usagef("--topic has no name: give one, such as --topic orders")
	case l.Partitions < 1 || l.Partitions > topic.MaxPartitions:
		return "", l, cli.Usagef("--partitions %d is outside 1 to %d", l.Partitions,
			topic.MaxPartitions)
	case changed("groups") && (l.Groups < 1 || l.Groups > topic.MaxGroups):
		return "", l, cli.Usagef("--groups %d is outside 1 to %d", l.Groups, topic.MaxGroups)
	case l.Groups > l.Partitions:
		return "", l, cli.Usagef("--groups %d is more than there are partitions: give "+
			"--partitions %d or more, or fewer groups", l.Groups, l.Groups)
	case l.Partitions > 1 && n.topic == "" && !changed("group"):
		return "", l, cli.Usagef("--partitions %d needs groups of its own: name a topic with "+
			"--topic, or give the first of them with --group", l.Partitions)
	}
	if n.topic != "" {
		if topic.IsPattern(n.topic) {
			return "", l, cli.Usagef("--topic %s is a pattern: name one topic, without *",
				Quoted(n.topic))
		}
		if err := topic.Check(n.topic); err != nil {
			return "", l, topicError(err)
		}
	}
	var err error
	if l.Base, err = n.base(); err != nil {
		return "", l, err
	}
	whole, err := l.Complete()
	if err != nil {
		return "", l, ConfigError(n.Set, err)
	}
	return n.topic, whole, nil
}

// base returns the group of --group, if it is given beside a topic or partitions. The variable's
// is that of commands without a topic.
func (n *Flags) base() (netip.AddrPort, error) {
	if !n.Set.Changed("group") {
		return netip.AddrPort{}, nil
	}
	if len(n.groups) > 1 {
		return netip.AddrPort{}, cli.Usagef("--group is given %s beside --topic, whose groups "+
			"follow from the first: give one", times(len(n.groups)))
	}
	g, err := multicast.ParseGroup(n.groups[0])
	if err != nil {
		return g, ConfigError(n.Set, err)
	}
	return g, nil
}

// topicError makes an error about a topic's name, or about a pattern, one of usage.
func topicError(err error) error {
	text := err.Error()
	for _, noun := range []string{"topic ", "pattern "} {
		if rest, ok := strings.CutPrefix(text, noun); ok {
			return cli.Usagef("--topic %s", rest)
		}
	}
	return cli.Usagef("--topic: %s", text)
}

// topicText describes the topic before its home group, or nothing where there is none.
func (n *Flags) topicText() string {
	var words []string
	pattern := topic.IsPattern(n.topic)
	switch {
	case pattern:
		words = append(words, "topics "+cli.Printable(n.topic))
	case n.topic != "":
		words = append(words, "topic "+cli.Printable(n.topic))
	}
	if n.layout.Partitions > 1 {
		words = append(words, fmt.Sprintf("%d partitions", n.layout.Partitions))
	}
	if list, err := ParsePartitions(n.wanted); n.wanted != "" && err == nil {
		word := "partition"
		if len(list) > 1 {
			word = "partitions"
		}
		words = append(words, word+" "+PartitionsText(list))
	}
	switch {
	case words == nil:
		return ""
	case pattern:
		return strings.Join(words, ", ") + ", announced to "
	}
	return strings.Join(words, ", ") + ", home group "
}

// homes returns the group that tells of the topic, or of those that match the pattern.
func (n *Flags) homes() []netip.AddrPort {
	t := Topic{Name: n.topic, Pattern: topic.IsPattern(n.topic)}
	return []netip.AddrPort{t.Home()}
}

// ParsePartitions parses numbers and ranges, parted by commas, into ascending numbers.
func ParsePartitions(text string) ([]uint32, error) {
	var list []uint32
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		first, err := strconv.ParseUint(from, 10, 32)
		last, err2 := strconv.ParseUint(to, 10, 32)
		switch {
		case err != nil || err2 != nil:
			return nil, cli.Usagef("--partition %q is no partition: give numbers and ranges such "+
				"as 3,7-9", part)
		case last < first:
			return nil, cli.Usagef("--partition %s ends before it begins: write %d-%d", part, last,
				first)
		case last >= topic.MaxPartitions:
			return nil, cli.Usagef("--partition %d is outside 0 to %d", last,
				topic.MaxPartitions-1)
		}
		for p := uint32(first); p <= uint32(last); p++ {
			if slices.Contains(list, p) {
				return nil, cli.Usagef("--partition %d is given twice: once is enough", p)
			}
			list = append(list, p)
		}
	}
	slices.Sort(list)
	return list, nil
}

// PartitionsText writes partitions as --partition has them.
func PartitionsText(list []uint32) string {
	var words []string
	for i := 0; i < len(list); {
		end := i
		for end+1 < len(list) && list[end+1] == list[end]+1 {
			end++
		}
		word := strconv.Itoa(int(list[i]))
		if end > i {
			word += "-" + strconv.Itoa(int(list[end]))
		}
		words = append(words, word)
		i = end + 1
	}
	return strings.Join(words, ",")
}

// once is a flag's text, which is given once.
type once string

func (o *once) String() string { return string(*o) }

func (o *once) Type() string { return "string" }

// Set takes the text, and refuses another one.
func (o *once) Set(text string) error {
	if *o != "" {
		return fmt.Errorf("%s was given before: one command takes one topic; crier sub takes those "+
			"that match a pattern, such as 'quotes.*'", Quoted(string(*o)))
	}
	*o = once(text)
	return nil
}
