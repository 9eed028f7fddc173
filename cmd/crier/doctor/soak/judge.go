package soak

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/reliable/frame"
)

// Names of the checks.
const (
	nameKept    = "group kept"
	nameQuerier = "querier"
)

func grouped(n int) string { return cli.Grouped(uint64(n)) }

// judge makes checks of an outcome.
func (o *outcome) judge() []check.Check {
	list := slices.Clone(o.afterward)
	if o.cfg.To.IsValid() && o.other != "" {
		list = append(list, o.keptWithHost())
	} else if !o.cfg.To.IsValid() {
		list = append(list, o.keptAlone())
	}
	list = append(list, o.querier())
	if o.other != "" || !o.cfg.To.IsValid() {
		list = append(list, o.senders.Check(o.cfg.Group))
	}
	return list
}

// span says how long it lasted.
func (o *outcome) span() string {
	if o.lasted < o.cfg.Lasting-o.cfg.Every {
		return cli.Duration(o.lasted) + " of " + cli.Duration(o.cfg.Lasting)
	}
	return cli.Duration(o.lasted)
}

// tooShort reports whether it was ended before a switch would forget.
func (o *outcome) tooShort() bool {
	return o.lasted < o.cfg.Lasting-o.cfg.Every && o.lasted < ageing
}

// mend brings a querier.
const mend = "turn on an IGMP querier in the switch (a Linux bridge: ip link set br0 type bridge " +
	"mcast_querier 1), or turn snooping off for the VLAN"

// keptWithHost says whether the group lasted between two hosts.
func (o *outcome) keptWithHost() check.Check {
	c := check.Check{Name: nameKept}
	count := fmt.Sprintf("in %s, %s of %s datagrams to %v reached %s, and %s of %s this host",
		o.span(), grouped(o.to.heard), grouped(o.to.tries), o.cfg.Group, o.other,
		grouped(o.from.heard), grouped(o.from.tries))
	var died []string
	for _, t := range []struct {
		*track
		host string
	}{{&o.to, o.other}, {&o.from, "this host"}} {
		if t.gone {
			died = append(died, fmt.Sprintf("%s heard the group for %s and then no more", t.host,
				cli.Duration(t.lostAt)))
		} else if t.back > 0 {
			died = append(died, fmt.Sprintf("%s didn't hear the group for a while, after %s",
				t.host, cli.Duration(t.lostAt)))
		}
	}
	switch {
	case o.early != nil:
		c.State, c.Evidence = check.Unknown, fmt.Sprintf("%s; %v", count, o.early)
	case len(died) > 0:
		c.State, c.Mend = check.Problem, mend
		c.Evidence = fmt.Sprintf("%s, while unicast went on: a switch that snoops forgot the "+
			"member, since %s; %s", strings.Join(died, "; "), o.noQuerier(), count)
	case o.unicast.heard == 0 || o.unicast.gone:
		c.State, c.Mend = check.Problem, "start \"crier doctor echo\" on the other host again"
		c.Evidence = fmt.Sprintf("%s doesn't answer any more; %s", o.other, count)
	case o.to.tries < maxMissed || o.to.heard*o.from.heard == 0 && o.lasted < 3*patience:
		c.State, c.Evidence = check.Unknown, count+": too few to tell"
	case o.to.heard == 0 || o.from.heard == 0:
		c.State, c.Mend = check.Problem, fmt.Sprintf("crier doctor --iface %s --group %v --to %v",
			o.iface, o.cfg.Group, o.cfg.To)
		c.Evidence = count + ": the group was never heard, which isn't a matter of time"
	case o.tooShort():
		c.State = check.Unknown
		c.Evidence = fmt.Sprintf("%s: it was kept so far, but switches forget after %s", count,
			cli.Duration(ageing))
	default:
		c.State, c.Evidence = check.OK, count
	}
	return c
}

// keptAlone says whether the senders in the group went on.
func (o *outcome) keptAlone() check.Check {
	c := check.Check{Name: nameKept}
	list := o.senders.List()
	end := o.began.Add(o.lasted)
	var silent []string
	for _, s := range list {
		// A publisher says something every two seconds at least.
		quiet := end.Sub(s.Last)
		if s.Kind != frame.Bye && quiet > max(5*time.Second, 5*o.cfg.Every) {
			silent = append(silent, fmt.Sprintf("%v was heard for %s, and not in the last %s",
				s.From, cli.Duration(s.Last.Sub(o.began)), cli.Duration(quiet)))
		}
	}
	switch {
	case len(list) == 0:
		c.State, c.Mend = check.Unknown, "start \"crier pub\" or \"crier doctor echo\" on another "+
			"host, for the latter with --to HOST here"
		c.Evidence = fmt.Sprintf("nobody sent to %v in %s", o.cfg.Group, o.span())
	case len(silent) == len(list) && !o.asked():
		c.State, c.Mend = check.Problem, mend
		c.Evidence = fmt.Sprintf("%s: a switch that snoops may have forgotten this host, since "+
			"%s; or those who sent have gone", strings.Join(silent, "; "), o.noQuerier())
	case len(silent) > 0:
		c.State = check.Note
		c.Evidence = strings.Join(silent, "; ") + ", without a goodbye"
	case o.tooShort():
		c.State = check.Unknown
		c.Evidence = fmt.Sprintf("the group was heard for %s, from %v, but switches forget "+
			"after %s", o.span(), list[0].From, cli.Duration(ageing))
	default:
		c.State = check.OK
		c.Evidence = fmt.Sprintf("the group was heard for %s, from %v", o.span(), list[0].From)
	}
	return c
}

// asked reports whether a querier asks, and did so of late.
func (o *outcome) asked() bool {
	end := o.began.Add(o.lasted)
	for _, q := range o.queriers {
		if end.Sub(q.Last) < 2*q.interval() {
			return true
		}
	}
	return false
}

// noQuerier says why nobody reminded the switch.
func (o *outcome) noQuerier() string {
	switch {
	case o.rawErr != nil:
		return "no querier seems to ask for memberships"
	case len(o.queriers) == 0:
		return "no querier asked for memberships"
	case o.asked():
		return "it didn't take this host's reports, though a querier asks"
	}
	q := o.queriers[0]
	return fmt.Sprintf("the querier %v asked for memberships %s, and then no more", q.Addr,
		times(q.Queries))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return grouped(n) + " times"
}

// querier names the queriers for memberships, and their intervals.
func (o *outcome) querier() check.Check {
	c := check.Check{Name: nameQuerier}
	var parts []string
	end := o.began.Add(o.lasted)
	for _, q := range o.queriers {
		how := ""
		if q.Every > 0 || q.Queries > 1 {
			how = fmt.Sprintf(" every %s", cli.Duration(q.interval()))
		}
		parts = append(parts, fmt.Sprintf("%v asked %s%s (%s), %s ago", q.Addr, times(q.Queries),
			how, q.Protocol, cli.Duration(end.Sub(q.Last))))
	}
	switch {
	case o.rawErr != nil:
		c.State, c.Evidence = check.Unknown, o.rawErr.Error()
		if o.rawErr == errNoRight {
			c.Mend = "run it with sudo"
		}
	case len(o.queriers) == 0 && o.lasted >= defaultQueryInterval:
		c.State, c.Mend = check.Note, mend
		c.Evidence = fmt.Sprintf("none was heard in %s: switches that snoop forget members "+
			"after %s", o.span(), cli.Duration(ageing))
	case len(o.queriers) == 0:
		c.State = check.Unknown
		c.Evidence = fmt.Sprintf("none was heard in %s, but one may ask only every %s", o.span(),
			cli.Duration(defaultQueryInterval))
	case !o.asked():
		c.State, c.Mend = check.Problem, mend
		c.Evidence = strings.Join(parts, "; ") + ": it has stopped, and switches that snoop " +
			"forget their members"
	case len(o.queriers) > 1:
		c.State, c.Evidence = check.Note, strings.Join(parts, "; ")+": one network needs one"
	default:
		c.State, c.Evidence = check.OK, strings.Join(parts, "; ")
	}
	return c
}
