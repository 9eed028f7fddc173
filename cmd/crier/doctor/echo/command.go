package echo

import (
	"context"
	"fmt"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/multicast"
)

// Command is "crier doctor echo". checks makes this host's own checks.
func Command(checks func(context.Context, Place) []check.Check) *cli.Command {
	return &cli.Command{
		Name:  "doctor echo",
		Brief: "answer \"crier doctor --to\" of another host",
		Help: `Listens to a group, and answers the measurements of "crier doctor --to"
on another host, until it is interrupted or --for has passed. Tell both the same
group.

The other host talks to one UDP port, 7701 unless --port says else; a firewall
must let it in. Nobody is answered who doesn't prove an address
of its own; at most 8 hosts measure at a time, none gets more than it sends
(beside 1 MiB), and all of them at most 60,000 datagrams a second.

Examples:

  # on one host
  crier doctor echo --iface eth0 --group 239.77.0.1:7700

  # on the other
  crier doctor --iface eth0 --group 239.77.0.1:7700 --to 10.77.0.2

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &options{checks: checks}
			o.net.Declare(flags, false)
			flags.Uint16Var(&o.place.Port, "port", DefaultPort, "UDP `PORT` to answer on")
			flags.IntVar(&o.link.TTL, "ttl", 1, "routers that a datagram may pass, 1 to 255")
			o.net.DeclareLink(flags, &o.link, "port that NACKs and repairs go to")
			flags.DurationVar(&o.lasting, "for", 0, "end after this `TIME` (default: never)")
			return o.run
		},
	}
}

type options struct {
	net     netflags.Flags
	link    multicast.LinkConfig
	place   Place
	lasting time.Duration
	checks  func(context.Context, Place) []check.Check
}

func (o *options) run(ctx context.Context, std cli.Streams) (int, error) {
	groups, iface, err := o.net.Parse()
	if err != nil {
		return 0, err
	}
	switch {
	case o.net.Set.Changed("for") && o.lasting <= 0:
		return 0, cli.Usagef("--for %v is not over 0: give a time such as 10m", o.lasting)
	case o.net.Set.Changed("port") && o.place.Port == 0:
		return 0, cli.Usagef("--port 0 is not a port: give 1 to 65535, or leave it out")
	case o.link.TTL < 1 || o.link.TTL > 255:
		return 0, cli.Usagef("--ttl %d is outside 1 to 255", o.link.TTL)
	}
	o.place.Group, o.place.Interface, o.place.Link = groups[0], iface, o.link
	if o.checks != nil {
		place := o.place
		o.place.Checks = func(ctx context.Context) []check.Check { return o.checks(ctx, place) }
	}
	h, err := Listen(o.place)
	if err != nil {
		return 0, err
	}
	if o.lasting > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, o.lasting)
		defer cancel()
	}
	fmt.Fprintf(std.Err, "%s answers on %v for %v; now run on the other host:\n"+
		"  crier doctor --iface IFACE --group %s --to %s\n", h.Name(), h.Addr(), o.place.Group,
		netflags.Quoted(o.place.Group.String()), netflags.Quoted(o.toFlag(h)))
	err = h.Serve(ctx)
	c := h.Counts()
	fmt.Fprintf(std.Err, "%s measured, %s answered", cli.Counted(c.Clients, "host", "hosts"),
		cli.Counted(c.Answers, "datagram was", "datagrams were"))
	for _, n := range []struct {
		n     uint64
		words string
	}{{c.Refused, "this host's kernel refused to send"}, {c.Bounded, "beyond the bounds"},
		{c.Foreign, "not crier's"}, {c.Bad, "senseless or without a proof of their address"},
		{c.Versions, "of another version"}} {
		if n.n > 0 {
			fmt.Fprintf(std.Err, ", %s %s", cli.Grouped(n.n), n.words)
		}
	}
	fmt.Fprintln(std.Err)
	if c.Clients == 0 && c.Answers > 0 {
		fmt.Fprintln(std.Err,
			"no host went on after its greeting: this host's answers don't arrive, "+
				"as a firewall here drops what leaves, or one there what comes")
	}
	if err != nil {
		return 0, err
	}
	return cli.ExitOK, nil
}

// toFlag returns the value of --to for the other host.
func (o *options) toFlag(h *Host) string {
	if o.place.Port == DefaultPort {
		return h.Addr().Addr().String()
	}
	return h.Addr().String()
}
