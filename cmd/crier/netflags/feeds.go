package netflags

import (
	"fmt"
	"net/netip"
	"strings"

	"crier/cmd/crier/cli"
	"crier/multicast"
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
func (n *Flags) Feeds() (multicast.Feeds, error) {
	if len(n.feeds) == 0 {
		return nil, nil
	}
	for _, flag := range []string{"group", "iface"} {
		if n.Set.Changed(flag) {
			return nil, cli.Usagef("--feed names groups and interfaces: leave out --%s", flag)
		}
	}
	var list multicast.Feeds
	for _, text := range n.feeds {
		f, err := n.feed(text)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	if err := list.Check(); err != nil {
		return nil, ConfigError(n.Set, err)
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
func (n *Flags) feed(text string) (multicast.Feed, error) {
	group, iface, ok := strings.Cut(text, "@")
	switch {
	case !ok || iface == "":
		return multicast.Feed{}, cli.Usagef("--feed %q has no interface: write it like "+
			"239.77.0.1:7700@eth0, or @eth0 with --topic", text)
	case group == "" && n.topic == "":
		return multicast.Feed{}, cli.Usagef("--feed %q has no group: write it like "+
			"239.77.0.1:7700@%s, or name a topic with --topic", text, iface)
	}
	f := multicast.Feed{Interface: LoopbackHere(iface)}
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

// distinct refuses feeds that are the same one, by an interface's name and by its address.
func distinct(list multicast.Feeds) error {
	for i, a := range list {
		for _, b := range list[:i] {
			one, err := multicast.ResolveInterface(a.Interface)
			if err != nil {
				return feedError(a.String(), err)
			}
			two, err := multicast.ResolveInterface(b.Interface)
			if err != nil {
				return feedError(b.String(), err)
			}
			if one.Index == two.Index && a.Group == b.Group {
				return cli.Usagef("--feed %v and %v are the same group on the same interface; two "+
					"feeds need two interfaces, or two groups", b, a)
			}
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
