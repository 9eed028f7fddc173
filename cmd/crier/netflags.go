package main

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"crier/multicast"
	"crier/testnet"
)

// netFlags are the flags of commands that use a network.
type netFlags struct {
	groups   []string
	iface    string
	drop     float64
	dropSeed uint64
	impair   string
	control  uint16
	read     size // the receive buffer to ask the kernel for
	verbose  bool
	flags    *pflag.FlagSet
}

const defaultGroup = "239.77.0.1:7700"

func (n *netFlags) declare(flags *pflag.FlagSet, many bool) {
	n.flags = flags
	if many {
		flags.StringArrayVar(&n.groups, "group", []string{defaultGroup}, "multicast `ADDRESS:PORT` to listen to; may be given again")
	} else {
		n.groups = make([]string, 1)
		flags.StringVar(&n.groups[0], "group", defaultGroup, "multicast `ADDRESS:PORT` to publish to")
	}
	flags.StringVar(&n.iface, "iface", "lo", "network interface, by `NAME` or address; lo: only this machine")
}

func (n *netFlags) declareDrop(flags *pflag.FlagSet) {
	flags.Float64Var(&n.drop, "drop", 0, "throw away this `SHARE` of received datagrams, 0 to 1, to try loss")
	flags.StringVar(&n.impair, "impair", "", "pass received datagrams through a worse `LINK`, such as \"burst=4%/12 delay=2ms..3ms\"")
	flags.Uint64Var(&n.dropSeed, "drop-seed", 1, "seed of --drop and --impair: the same `N` drops the same datagrams")
	flags.BoolVarP(&n.verbose, "verbose", "v", false, "log what an operator may want to know")
}

// maxRead is the largest receive buffer that a kernel is asked for.
const maxRead = 512 << 20

func (n *netFlags) declareRead(flags *pflag.FlagSet) {
	n.read = 8 << 20
	flags.Var(&n.read, "read-buffer", "receive buffer to ask the kernel for, for each socket")
}

func (n *netFlags) declareControl(flags *pflag.FlagSet, what string) {
	flags.Uint16Var(&n.control, "control-port", 0, what+", for a firewall's rule (default: any `PORT` that is free)")
}

// parse returns the groups and the interface.
func (n *netFlags) parse() ([]netip.AddrPort, string, error) {
	var groups []netip.AddrPort
	for _, text := range n.groups {
		g, err := multicast.ParseGroup(text)
		switch {
		case err != nil:
			return nil, "", configError(err)
		case slices.Contains(groups, g):
			return nil, "", usagef("--group %v is given twice: once is enough", g)
		case len(groups) > 0 && groups[0].Addr().Is4() != g.Addr().Is4():
			return nil, "", usagef("--group %v and %v are of different address families: run one command for each", groups[0], g)
		}
		groups = append(groups, g)
	}
	iface := n.iface
	if iface == "lo" && runtime.GOOS != "linux" {
		iface = "127.0.0.1" // the loopback interface has another name there
	}
	if _, err := multicast.ResolveInterface(iface); err != nil {
		return nil, "", configError(err)
	}
	if n.flags.Changed("read-buffer") && (n.read == 0 || n.read > maxRead) {
		return nil, "", usagef("--read-buffer %v is outside 1 to %v", n.read, size(maxRead))
	}
	if n.flags.Changed("control-port") && n.control == 0 {
		return nil, "", usagef("--control-port 0 is no port: give 1 to 65535, or leave it out for any that is free")
	}
	if n.flags.Changed("drop-seed") && !n.flags.Changed("drop") && !n.flags.Changed("impair") {
		return nil, "", usagef("--drop-seed is for --drop and --impair: give one of them too")
	}
	return groups, iface, nil
}

// configFlags are the flags that set the fields of a multicast.ConfigError.
var configFlags = map[string]string{
	"group": "--group", "interface": "--iface", "source": "--source", "TTL": "--ttl", "DSCP": "--dscp",
}

// configError makes a usage error, in the words of the flags, of what a
// configuration was refused for.
func configError(err error) error {
	var config *multicast.ConfigError
	if !errors.As(err, &config) {
		return err
	}
	if flag, ok := configFlags[config.Field]; ok {
		return usagef("%s %s %s", flag, config.Value, config.Reason)
	}
	return usageError{err}
}

// where says which groups, and by which interface.
func (n *netFlags) where(groups []netip.AddrPort) string {
	var list []string
	for _, g := range groups {
		list = append(list, g.String())
	}
	return fmt.Sprintf("%s by interface %s", strings.Join(list, ", "), n.iface)
}

// defaulted reports whether no interface was named.
func (n *netFlags) defaulted() bool { return !n.flags.Changed("iface") }

// network returns the kernel's network, with --drop or --impair in front of it.
func (n *netFlags) network() (multicast.Network, error) {
	var cfg testnet.LinkConfig
	switch {
	case n.impair != "" && n.drop != 0:
		return nil, usagef("--drop is a part of --impair: write loss=%v into it", n.drop)
	case n.impair != "":
		var err error
		if cfg, err = testnet.ParseLink(n.impair); err != nil {
			return nil, impairError(err)
		}
	case n.drop != 0:
		cfg.Loss = testnet.Bernoulli{P: n.drop}
	default:
		return multicast.Kernel, nil
	}
	network, err := testnet.Impair(multicast.Kernel, cfg, n.dropSeed)
	if err != nil && n.impair == "" {
		return nil, usagef("--drop %v is no share: give a number from 0 to 1, such as 0.01", n.drop)
	}
	if err != nil {
		return nil, impairError(err)
	}
	return network, nil
}

// impairError says what is wrong with --impair, in the words of the flags.
func impairError(err error) error {
	return usagef("--impair: %s", strings.TrimPrefix(err.Error(), "testnet: "))
}

// sessionText prints a session's id as all output does.
func sessionText(id uint64) string { return fmt.Sprintf("%016x", id) }
