package doctor

import (
	"context"
	"net/netip"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/doctor/echo"
	"crier/cmd/crier/doctor/soak"
)

// maxSoak bounds a soak: it then has as many exchanges as an echo counts.
const maxSoak = 24 * time.Hour

// place returns where this host takes part.
func (o *options) place(q check.Question) echo.Place {
	return echo.Place{Interface: q.Interface, Group: q.Group, Port: o.toPort, Link: o.link}
}

// between measures the way to the other host, and soaks, as the flags say.
func (o *options) between(ctx context.Context, q check.Question, r *report,
	show func(string)) error {
	cfg := echo.Config{Place: o.place(q), Probes: o.probes, Progress: func(what string) {
		show("measuring " + what)
	}}
	if q.Peer.IsValid() {
		cfg.To = netip.AddrPortFrom(q.Peer, cfg.EchoPort())
		between, other, err := echo.Measure(ctx, cfg)
		if err != nil {
			return err
		}
		r.Between = between
		if other.Name == "" {
			return nil // a silent host can't be soaked with
		}
		r.Other = &otherReport{Host: other.Name, Checks: other.Checks}
	}
	if o.soak == 0 {
		return nil
	}
	show("soaking for " + cli.Duration(o.soak))
	cfg.Progress = show
	list, err := soak.Run(ctx, soak.Config{Config: cfg, Lasting: o.soak})
	for _, c := range list {
		// The measurement has looked for other senders, too.
		if c.Name != echo.OtherSenders || c.State != check.OK || r.Other == nil {
			r.Between = append(r.Between, c)
		}
	}
	return err
}

// echoChecks makes the checks of a host on which "crier doctor echo" runs.
func echoChecks(ctx context.Context, p echo.Place) []check.Check {
	o := &options{rate: defaultRate, link: p.Link}
	o.link.ControlPort = 0 // the echo has it
	list, err := o.static(ctx, []check.Question{{Group: p.Group, Interface: p.Interface,
		Rate: o.rate, TTL: o.link.TTL}})
	if err != nil {
		return nil
	}
	return list
}

// checkTimes checks the flags of a soak and of probes.
func (o *options) checkTimes() error {
	switch {
	case o.soak < 0 || o.soak > maxSoak:
		return cli.Usagef("--soak %v is outside 0 to %v", o.soak, maxSoak)
	case o.probes < 100 || o.probes > echo.MaxProbes:
		return cli.Usagef("--probes %d is outside 100 to %d", o.probes, echo.MaxProbes)
	}
	return nil
}
