// Package netflags holds the flags of a network, which the commands that publish and
// subscribe share: groups, interface, ports, buffers, and loss that is made up.
package netflags

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"

	"crier/cmd/crier/cli"
	"crier/multicast"
	"crier/reliable/topic"
	"crier/testnet/impair"
	"crier/testnet/link"
)

// Flags are the flags of commands that use a network.
type Flags struct {
	groups   []string
	iface    string
	topic    string
	wanted   string // partitions
	layout   topic.Layout
	feeds    []string
	drop     float64
	dropSeed uint64
	impair   string
	link     *multicast.LinkConfig
	Verbose  bool
	Set      *cli.FlagSet
}

// DefaultGroup is the group of commands that are given none.
const DefaultGroup = "239.77.0.1:7700"

// Declare declares the flags of groups and interface; many: --group may be repeated.
func (n *Flags) Declare(flags *cli.FlagSet, many bool) {
	n.Set = flags
	group := groupVariable.Or(DefaultGroup)
	if many {
		flags.StringArrayVar(&n.groups, "group", []string{group},
			"multicast `ADDRESS:PORT` to listen to; may be given again")
	} else {
		n.groups = make([]string, 1)
		flags.StringVar(&n.groups[0], "group", group, "multicast `ADDRESS:PORT` to publish to")
	}
	groupVariable.Serve(flags, "group", DefaultGroup)
	cli.Offer(flags, "group", cli.Words(group))
	DeclareInterface(flags, &n.iface, defaultInterface,
		"network interface, by `NAME` or address; lo: only this machine")
}

// DeclareTo declares the flags of a group to publish to, which no variable holds, and of the
// interface.
func (n *Flags) DeclareTo(flags *cli.FlagSet, group, usage string) {
	n.Set = flags
	n.groups = make([]string, 1)
	flags.StringVar(&n.groups[0], "group", group, usage)
	cli.Offer(flags, "group", cli.Words(group))
	DeclareInterface(flags, &n.iface, defaultInterface,
		"network interface, by `NAME` or address; lo: only this machine")
}

// UsualGroup returns the group of commands that are given none.
func UsualGroup() string { return groupVariable.Or(DefaultGroup) }

// DeclareDrop declares the flags of loss that is made up, and --verbose.
func (n *Flags) DeclareDrop(flags *cli.FlagSet) {
	flags.Float64Var(&n.drop, "drop", 0,
		"throw away this `SHARE` of received datagrams, 0 to 1, to try loss")
	flags.StringVar(&n.impair, "impair", "",
		"pass received datagrams through a worse `LINK`, such as \"burst=4%/12 delay=2ms..3ms\"")
	flags.Uint64Var(&n.dropSeed, "drop-seed", 1,
		"seed of --drop and --impair: the same `N` drops the same datagrams")
	flags.BoolVarP(&n.Verbose, "verbose", "v", false, "log more, for an operator")
}

// maxRead is the largest receive buffer to ask the kernel for.
const maxRead = 512 << 20

// DeclareLink declares the flags of what link configures at both ends; control says what
// --control-port is for.
func (n *Flags) DeclareLink(flags *cli.FlagSet, link *multicast.LinkConfig, control string) {
	n.link = link
	flags.Uint16Var(&link.ControlPort, "control-port", 0, control+
		", for a firewall's rule (default: any `PORT` that is free)")
	link.ReadBuffer = 8 << 20
	flags.Var(cli.SizeOf(&link.ReadBuffer), "read-buffer",
		"receive buffer to ask the kernel for, for each socket")
}

// Parse returns the groups and the interface.
func (n *Flags) Parse() ([]netip.AddrPort, string, error) {
	groups, iface, err := n.Asked()
	if err != nil {
		return nil, "", err
	}
	if _, err := multicast.ResolveInterface(iface); err != nil {
		return nil, "", ConfigError(n.Set, err)
	}
	return groups, iface, nil
}

// Asked returns the groups and the interface, which may be missing or down. With a topic the groups
// are the one that tells of it; with feeds, those of all of them, and the first one's interface.
func (n *Flags) Asked() ([]netip.AddrPort, string, error) {
	feeds, err := n.Feeds()
	if err != nil {
		return nil, "", err
	}
	var groups []netip.AddrPort
	iface := LoopbackHere(n.iface)
	switch {
	case feeds != nil:
		iface = feeds[0].Interface
		for _, f := range feeds {
			if f.Group.IsValid() && !slices.Contains(groups, f.Group) {
				groups = append(groups, f.Group)
			}
		}
		if groups == nil {
			groups = n.homes()
		}
	case n.topic != "" && !n.Set.Changed("group"):
		groups = n.homes()
	default:
		if groups, err = n.parseGroups(); err != nil {
			return nil, "", err
		}
	}
	if n.Set.Changed("read-buffer") && (n.link.ReadBuffer == 0 || n.link.ReadBuffer > maxRead) {
		return nil, "", cli.Usagef("--read-buffer %v is outside 1 to %v",
			cli.Size(n.link.ReadBuffer), cli.Size(maxRead))
	}
	if n.Set.Changed("control-port") && n.link.ControlPort == 0 {
		return nil, "",
			cli.Usagef("--control-port 0 is not a port: give 1 to 65535, or leave it out for any " +
				"that is free")
	}
	if n.Set.Changed("drop-seed") && !n.Set.Changed("drop") && !n.Set.Changed("impair") {
		return nil, "", cli.Usagef("--drop-seed is for --drop and --impair: give one of them too")
	}
	return groups, iface, nil
}

// parseGroups returns the groups of --group.
func (n *Flags) parseGroups() ([]netip.AddrPort, error) {
	var groups []netip.AddrPort
	for _, text := range n.groups {
		g, err := multicast.ParseGroup(text)
		switch {
		case err != nil:
			return nil, ConfigError(n.Set, err)
		case slices.Contains(groups, g):
			return nil, cli.Usagef("--group %v is given twice: once is enough", g)
		case len(groups) > 0 && groups[0].Addr().Is4() != g.Addr().Is4():
			return nil, cli.Usagef("--group %v and %v are of different address families: run one "+
				"command for each", groups[0], g)
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// LoopbackHere returns an interface's name, and for the default the loopback interface's on this
// system.
func LoopbackHere(iface string) string {
	if iface == defaultInterface && runtime.GOOS != "linux" {
		return "127.0.0.1"
	}
	return iface
}

// Where describes the topic, if there is one, groups and interface, or the feeds.
func (n *Flags) Where(groups []netip.AddrPort) string {
	topic := n.topicText()
	if n.feeds != nil {
		return topic + n.feedsText(groups)
	}
	var list []string
	for _, g := range groups {
		list = append(list, g.String())
	}
	return fmt.Sprintf("%s%s by interface %s", topic, strings.Join(list, ", "), n.iface)
}

// Defaulted reports whether neither --iface nor a variable names the interface.
func (n *Flags) Defaulted() bool {
	return !n.Set.Changed("iface") && n.feeds == nil && interfaceVariable.Or("") == ""
}

// Network returns the kernel's network, behind --drop or --impair.
func (n *Flags) Network() (multicast.Network, error) {
	var cfg link.Config
	switch {
	case n.impair != "" && n.drop != 0:
		return nil, cli.Usagef("--drop is a part of --impair: write loss=%v into it", n.drop)
	case n.impair != "":
		var err error
		if cfg, err = link.Parse(n.impair); err != nil {
			return nil, impairError(err)
		}
	case n.drop != 0:
		cfg.Loss = link.Bernoulli{P: n.drop}
	default:
		return multicast.Kernel, nil
	}
	network, err := impair.Wrap(multicast.Kernel, cfg, n.dropSeed)
	if err != nil && n.impair == "" {
		return nil, cli.Usagef("--drop %v is not a share: give a number from 0 to 1, such as 0.01",
			n.drop)
	}
	if err != nil {
		return nil, impairError(err)
	}
	return network, nil
}

// impairError returns a usage error about --impair.
func impairError(err error) error {
	return cli.Usagef("--impair: %s", strings.TrimPrefix(err.Error(), "testnet: "))
}
