// Package doctor is "crier doctor": it looks for what keeps a group from its subscribers.
package doctor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/doctor/echo"
	"crier/cmd/crier/netflags"
	"crier/multicast"
)

// options holds the flags of crier doctor.
type options struct {
	net  netflags.Flags
	link multicast.LinkConfig
	role string
	rate float64
	to   string
	// toPort is the port in to, or 0.
	toPort uint16
	probes int
	soak   time.Duration
	all    bool
	json   bool
}

// defaultRate is how many datagrams a second buffers have to hold by default.
const defaultRate = 10000

// Command is "crier doctor".
func Command() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Brief: "find the fault that keeps messages from subscribers",
		Help: `Looks at this host for two seconds, and says of each thing that crier needs whether
it is ok, a note, a problem, or unknown, since this user or this system can't read it;
with the evidence, and a command that mends it. It joins the group, and sends nothing to
it.

Much of the firewall, and other users' programs, only root can read. What lies between
two hosts shows only where both are asked: run "crier doctor echo" on one, and name it
with --to on the other. That takes 4 seconds more, and sends some 30 MB at 20 Mbit/s, but
for one burst; the report has the other host's own checks, too. With --soak it goes on, and
says whether a switch forgets its members, which takes 260 seconds by default; an
interrupt ends that early.

Exit code 0: no problem was found; 1: there is one; 2: wrong usage.

Examples:

  # whether this machine's network would carry the default group
  crier doctor --iface eth0

  # for a publisher behind a firewall, with all evidence
  crier doctor --iface eth0 --as pub --control-port 7709 --all

  # the way to another host, which runs "crier doctor echo --iface eth0"
  crier doctor --iface eth0 --to 10.77.0.2 --soak 6m

  # the 17 groups of a topic with 16 partitions
  crier doctor --iface eth0 --topic orders --partitions 16

  # whether the buffers hold 100,000 datagrams a second, for a program
  crier doctor --rate 100k --json

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &options{rate: defaultRate}
			o.net.Declare(flags, true)
			o.net.DeclareLayout(flags, "look at the groups of the topic of this `NAME`")
			flags.StringVar(&o.to, "to", "",
				"measure the way to another `HOST[:PORT]` that runs \"crier doctor echo\"")
			flags.IntVar(&o.probes, "probes", echo.DefaultProbes,
				"how many datagrams to count each way with --to")
			flags.DurationVar(&o.soak, "soak", 0,
				"see whether the group lasts this `TIME`, such as 6m; alone, or with --to")
			flags.StringVar(&o.role, "as", "both", "the part of this host: sub, pub or both")
			cli.Offer(flags, "as", cli.Words("both", "sub", "pub"))
			flags.Var(cli.RateOf(&o.rate), "rate", "datagrams a second that buffers have to hold")
			flags.IntVar(&o.link.TTL, "ttl", 1, "routers that a datagram may pass, 1 to 255")
			o.net.DeclareLink(flags, &o.link, "port that NACKs and repairs go to")
			flags.BoolVarP(&o.all, "all", "a", false, "print all evidence, also of checks that are ok")
			flags.BoolVar(&o.json, "json", false, "print the result as JSON")
			return o.run
		},
		Subs: []*cli.Command{echo.Command(echoChecks)},
	}
}

// roles are the values of --as.
var roles = map[string]check.Role{
	"both": check.Both, "sub": check.Subscriber, "pub": check.Publisher,
}

// questions returns the question for each group.
func (o *options) questions(ctx context.Context) ([]check.Question, error) {
	name, layout, err := o.net.Layout()
	if err != nil {
		return nil, err
	}
	groups, iface, err := o.net.Asked()
	if err != nil {
		return nil, err
	}
	if name != "" || layout.Partitions > 1 {
		groups = layout.All(name)
	}
	role, known := roles[o.role]
	switch {
	case !known:
		return nil, cli.Usagef("--as %q is not known: use sub, pub or both", o.role)
	case o.rate <= 0:
		return nil, cli.Usagef("--rate %s is not over 0", cli.FormatRate(o.rate))
	case o.link.TTL < 1 || o.link.TTL > 255:
		return nil, cli.Usagef("--ttl %d is outside 1 to 255", o.link.TTL)
	}
	if err := o.checkTimes(); err != nil {
		return nil, err
	}
	peer, err := o.peer(ctx, groups[0].Addr().Is4())
	if err != nil {
		return nil, err
	}
	var list []check.Question
	for _, g := range groups {
		list = append(list, check.Question{
			Role: role, Group: g, Interface: iface, Defaulted: o.net.Defaulted(),
			ControlPort: o.link.ControlPort, Peer: peer, Rate: o.rate, TTL: o.link.TTL,
			Groups: len(groups),
		})
	}
	return list, nil
}

// peer returns the address of --to, of the groups' family.
func (o *options) peer(ctx context.Context, is4 bool) (netip.Addr, error) {
	switch {
	case o.to == "" && o.net.Set.Changed("to"):
		return netip.Addr{}, cli.Usagef("--to is empty: give the other host's address or name")
	case o.to == "":
		return netip.Addr{}, nil
	}
	family, host := map[bool]string{true: "ip4", false: "ip6"}[is4], o.to
	if h, port, err := net.SplitHostPort(o.to); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return netip.Addr{}, cli.Usagef("--to %s has no port from 1 to 65535: that of "+
				"\"crier doctor echo\" is %d by default", o.to, echo.DefaultPort)
		}
		host, o.toPort = h, uint16(n)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		switch {
		case a.Unmap().Is4() != is4:
			return a, cli.Usagef("--to %s is not of the group's family: give an %s address, or "+
				"another --group", o.to, map[bool]string{true: "IPv4", false: "IPv6"}[is4])
		case a.IsMulticast():
			return a, cli.Usagef("--to %s is a group's address: give the other host's", o.to)
		}
		return a.Unmap().WithZone(""), nil
	}
	list, err := net.DefaultResolver.LookupNetIP(ctx, family, host)
	if err != nil || len(list) == 0 {
		return netip.Addr{}, cli.Usage(fmt.Errorf("--to %s has no address (%w): give one, such as "+
			"10.1.2.3", o.to, err))
	}
	return list[0].Unmap(), nil
}
