package netflags

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"crier/cmd/crier/cli"
	"crier/multicast"
)

// A Feed is one of several ways the same frames come: a group on an interface.
type Feed struct {
	// Group is invalid where a topic names it.
	Group netip.AddrPort
	// Interface is a name or an address.
	Interface string
}

// String returns the feed as --feed has it.
func (f Feed) String() string {
	if !f.Group.IsValid() {
		return "@" + f.Interface
	}
	return f.Group.String() + "@" + f.Interface
}

// The numbers of feeds that there may be, if there are any.
const (
	minFeeds = 2
	maxFeeds = 4
)

// DeclareFeeds declares --feed.
func (n *Flags) DeclareFeeds(flags *cli.FlagSet) {
	flags.StringArrayVar(&n.feeds, "feed", nil,
		"one of 2 to 4 ways the same frames come, a group and an interface, as in "+
			"`GROUP@IFACE`, or @IFACE with --topic; in place of --group and --iface")
	cli.Offer(flags, "feed", cli.WordsFrom(func() []string {
		var words []string
		for _, name := range interfaceNames() {
			words = append(words, "@"+name)
		}
		return words
	}))
}

// Feeds returns what --feed names, or nil where it isn't given.
func (n *Flags) Feeds() ([]Feed, error) {
	if len(n.feeds) == 0 {
		return nil, nil
	}
	for _, flag := range []string{"group", "iface"} {
		if n.Set.Changed(flag) {
			return nil, cli.Usagef("--feed names groups and interfaces: leave out --%s", flag)
		}
	}
	var list []Feed
	for _, text := range n.feeds {
		f, err := n.feed(text)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	if len(list) < minFeeds || len(list) > maxFeeds {
		return nil, cli.Usagef("--feed is given %s, and there are %d to %d feeds: for a single "+
			"way use --group and --iface", times(len(list)), minFeeds, maxFeeds)
	}
	return list, distinct(list)
}

// times tells how often something is there.
func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// feed parses one feed.
func (n *Flags) feed(text string) (Feed, error) {
	group, iface, ok := strings.Cut(text, "@")
	switch {
	case !ok || iface == "":
		return Feed{}, cli.Usagef("--feed %q has no interface: write it like "+
			"239.77.0.1:7700@eth0, or @eth0 with --topic", text)
	case group == "" && n.topic == "":
		return Feed{}, cli.Usagef("--feed %q has no group: write it like 239.77.0.1:7700@%s, or "+
			"name a topic with --topic", text, iface)
	}
	f := Feed{Interface: LoopbackHere(iface)}
	if group != "" {
		var err error
		if f.Group, err = multicast.ParseGroup(group); err != nil {
			return f, feedError(text, err)
		}
	}
	if _, err := multicast.ResolveInterface(f.Interface); err != nil {
		return f, feedError(text, err)
	}
	return f, nil
}

// feedError names a feed in an error about its group or its interface.
func feedError(text string, err error) error {
	return cli.Usagef("--feed %s: %s", text, strings.TrimPrefix(err.Error(), "multicast: "))
}

// distinct refuses feeds that are the same one, and those of different address families.
func distinct(list []Feed) error {
	type way struct {
		group netip.AddrPort
		index int
	}
	var ways []way
	for i, f := range list {
		ifi, err := multicast.ResolveInterface(f.Interface)
		if err != nil {
			return feedError(f.String(), err)
		}
		w := way{f.Group, ifi.Index}
		if at := slices.Index(ways, w); at >= 0 {
			return cli.Usagef("--feed %v and --feed %v are the same group on the same interface: "+
				"nothing comes by one that doesn't by the other", list[at], f)
		}
		ways = append(ways, w)
		switch first := list[0].Group; {
		case first.IsValid() != f.Group.IsValid():
			return cli.Usagef("--feed %v has a group, and --feed %v has none: give all of them "+
				"one, or leave all to the topic", grouped(list[0], f), ungrouped(list[0], f))
		case f.Group.IsValid() && first.Addr().Is4() != f.Group.Addr().Is4():
			return cli.Usagef("--feed %v and --feed %v are of different address families: the "+
				"same frames don't fit both", list[0], list[i])
		}
	}
	return nil
}

// feedsText describes feeds; groups are the topic's where the feeds have none.
func (n *Flags) feedsText(groups []netip.AddrPort) string {
	var words []string
	for _, text := range n.feeds {
		group, iface, _ := strings.Cut(text, "@")
		if group == "" && len(groups) > 0 {
			group = groups[0].String()
		}
		words = append(words, fmt.Sprintf("%s by interface %s", group, iface))
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// grouped and ungrouped return which of two feeds has a group, and which has none.
func grouped(a, b Feed) Feed {
	if a.Group.IsValid() {
		return a
	}
	return b
}

func ungrouped(a, b Feed) Feed {
	if a.Group.IsValid() {
		return b
	}
	return a
}
