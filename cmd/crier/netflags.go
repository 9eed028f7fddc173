package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"

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
	flags.Uint64Var(&n.dropSeed, "drop-seed", 1, "seed of --drop: the same `N` drops the same datagrams")
	flags.BoolVarP(&n.verbose, "verbose", "v", false, "log what an operator may want to know")
}

// parse returns the groups and the interface.
func (n *netFlags) parse() ([]netip.AddrPort, string, error) {
	var groups []netip.AddrPort
	for _, text := range n.groups {
		g, err := multicast.ParseGroup(text)
		if err != nil {
			return nil, "", usageError{err}
		}
		groups = append(groups, g)
	}
	iface := n.iface
	if iface == "lo" && runtime.GOOS != "linux" {
		iface = "127.0.0.1" // the loopback interface has another name there
	}
	if _, err := multicast.ResolveInterface(iface); err != nil {
		return nil, "", usageError{err}
	}
	return groups, iface, nil
}

// defaulted reports whether no interface was named.
func (n *netFlags) defaulted() bool { return !n.flags.Changed("iface") }

// network returns the kernel's network, with --drop in front of it.
func (n *netFlags) network() (multicast.Network, error) {
	if n.drop == 0 {
		return multicast.Kernel, nil
	}
	network, err := testnet.Drop(multicast.Kernel, n.drop, n.dropSeed)
	if err != nil {
		return nil, usagef("--drop %v is no share: give a number from 0 to 1, such as 0.01", n.drop)
	}
	return network, nil
}

// logger writes warnings, and more with --verbose.
func (n *netFlags) logger(std streams) *slog.Logger {
	level := slog.LevelError
	if n.verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: level}))
}

// sessionText prints a session's id as all output does.
func sessionText(id uint64) string { return fmt.Sprintf("%016x", id) }
