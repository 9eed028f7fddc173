// Package team is "crier team": it tells how far a team is with a topic, by the word of its
// publishers.
package team

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/reliable/topic"
	"crier/subscriber/directory"
	"crier/subscriber/teams"
)

// Command is "crier team".
func Command() *cli.Command {
	return &cli.Command{
		Name: "team", Args: " TOPIC TEAM",
		Brief: "tell how far a team is with a topic",
		Help: `Asks the publishers of a topic about a team of subscribers that share its messages, and
prints for each publisher the partitions: the member that works on it, the epoch of its grant,
the offset below which all is done, the lag (the messages behind that), and how often what
comes next was granted. Below them stand the members. It takes 1.4 seconds to find the
publishers, unless --at names them.

With --forget the publishers forget the team: a team of that name begins anew. A team that has
members is not forgotten.

The exit code is 1 if no publisher has such a team, or none is found. With --watch it goes on
then, once a publisher was found at first, and looks for others.

Examples:

  # how far risk is with orders, on this machine
  crier team orders risk

  # on a network, each second
  crier team orders risk --iface eth0 --watch

  # a publisher on another network, for a program
  crier team orders risk --at 192.0.2.7:40123 --json

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &options{flags: flags}
			netflags.DeclareInterface(flags, &o.iface, "lo",
				"network interface to ask on, by `NAME` or address; lo: only this machine")
			flags.StringSliceVar(&o.at, "at", nil,
				"ask the publishers at these `ADDRESSES` and ports, as publishers print them")
			flags.BoolVarP(&o.watch, "watch", "w", false,
				"go on, once a second, until it is interrupted")
			flags.BoolVar(&o.json, "json", false,
				"print one JSON object; with --watch, one a second")
			flags.BoolVar(&o.forget, "forget", false,
				"have publishers forget a team that has no members")
			return o.run
		},
	}
}

// options are the flags and the arguments.
type options struct {
	flags               *cli.FlagSet
	iface               string
	at                  []string
	watch, json, forget bool
	topic, team         string
	// known are the publishers by their address, as they announce themselves.
	known map[netip.AddrPort]directory.Entry
}

// parse reads the arguments.
func (o *options) parse() ([]teams.Publisher, error) {
	if n := o.flags.NArg(); n != 2 {
		return nil, cli.Usagef("it takes a topic and a team, such as 'crier team orders risk', "+
			"and %s given", cli.Counted(uint64(n), "argument is", "arguments are"))
	}
	o.topic, o.team = o.flags.Arg(0), o.flags.Arg(1)
	if err := topic.Check(o.topic); err != nil {
		return nil, cli.Usage(err)
	}
	if o.team == "" {
		return nil, cli.Usagef("the team is empty: give its name")
	}
	if err := netflags.CheckTeam("the team", o.team); err != nil {
		return nil, err
	}
	if o.watch && o.forget {
		return nil, cli.Usagef("--forget ends at once: leave out --watch")
	}
	var list []teams.Publisher
	for _, text := range o.at {
		addr, err := netip.ParseAddrPort(text)
		if err != nil || addr.Port() == 0 || addr.Addr().IsMulticast() {
			return nil, cli.Usagef("--at %q is not a publisher's address: give one such as "+
				"192.0.2.7:40123", text)
		}
		list = append(list, teams.Publisher{
			Addr: netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())})
	}
	return list, nil
}

func (o *options) run(ctx context.Context, std cli.Streams) (int, error) {
	publishers, err := o.parse()
	if err != nil {
		return 0, err
	}
	if err := cli.Closed(std.Out); err != nil {
		return 0, err
	}
	client, err := teams.New(teams.Config{Interface: netflags.LoopbackHere(o.iface)})
	if err != nil {
		return 0, netflags.ConfigError(o.flags, err)
	}
	defer client.Close()
	if o.at == nil {
		if publishers, err = o.find(ctx); err != nil {
			return 0, err
		}
	}
	if ctx.Err() != nil {
		return cli.ExitError, nil // interrupted
	}
	if len(publishers) == 0 {
		return 0, o.none()
	}
	if o.forget {
		return o.runForget(ctx, std, client, publishers)
	}
	if o.watch {
		return cli.ExitOK, o.runWatch(ctx, std, client, publishers)
	}
	answers, silent, err := client.Ask(ctx, o.team, publishers)
	if err != nil {
		return cli.ExitError, nil // interrupted
	}
	if err := o.print(std, o.listing(answers, silent)); err != nil {
		return 0, err
	}
	return 0, o.verdict(answers, silent)
}

// runWatch asks once a second, until it is interrupted. Where a publisher doesn't answer, or none
// has the team, it says why, and looks for publishers that began meanwhile.
func (o *options) runWatch(ctx context.Context, std cli.Streams, client *teams.Client,
	publishers []teams.Publisher) error {
	told := ""
	for {
		began := time.Now()
		answers, silent, err := client.Ask(ctx, o.team, publishers)
		if err != nil {
			return nil // interrupted
		}
		if err := o.print(std, o.listing(answers, silent)); err != nil {
			return err
		}
		why := ""
		if err := o.verdict(answers, silent); err != nil {
			why = err.Error()
		}
		if why != told && why != "" {
			fmt.Fprint(std.Err, cli.SheetOf(std.Err).Wrap("crier team: "+why+"\n", 2))
		}
		told = why
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second - time.Since(began)):
		}
		if o.at == nil && (why != "" || len(silent) > 0) {
			if publishers, err = o.find(ctx); err != nil {
				return err
			}
		}
	}
}

// find finds the publishers of the topic: those that are announced, and those that are heard at its
// home group.
func (o *options) find(ctx context.Context) ([]teams.Publisher, error) {
	iface := netflags.LoopbackHere(o.iface)
	var heard []teams.Publisher
	var unheard error
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		heard, unheard = teams.Find(ctx, teams.Config{Interface: iface}, o.topic, netip.AddrPort{})
	}()
	entries, err := directory.List(ctx, directory.Config{Pattern: o.topic, Interface: iface})
	<-listened
	if ctx.Err() == nil {
		if err := cmp.Or(err, unheard); err != nil {
			return nil, netflags.ConfigError(o.flags, err)
		}
	}
	o.known = make(map[netip.AddrPort]directory.Entry)
	var list []teams.Publisher
	for _, e := range entries {
		list = append(list, teams.Publisher{Addr: e.Addr, Session: e.Session})
		o.known[e.Addr] = e
	}
	for _, p := range heard {
		if !slices.ContainsFunc(list, func(q teams.Publisher) bool {
			return q.Session == p.Session
		}) {
			list = append(list, p)
		}
	}
	return list, nil
}

// none says that no publisher was found.
func (o *options) none() error {
	text := fmt.Sprintf("no publisher of topic %s is announced or heard on interface %s",
		cli.Printable(o.topic), o.iface)
	if netflags.OnlyHere(o.iface) {
		return fmt.Errorf("%s, which is this machine alone: name another by --iface, or a "+
			"publisher by --at", text)
	}
	return fmt.Errorf("%s: name one by --at, as it prints its address", text)
}

// verdict returns an error if no publisher has the team.
func (o *options) verdict(answers []teams.Answer, silent []teams.Publisher) error {
	off := 0
	for i := range answers {
		switch answers[i].Refused {
		case 0:
			return nil
		case teams.NoTeams:
			off++
		}
	}
	name := cli.Printable(o.team)
	switch {
	case len(answers)+len(silent) == 0:
		return o.none()
	case len(answers) == 0:
		return fmt.Errorf("%s within %v: an older crier doesn't know teams, and a firewall may hold "+
			"back what comes", unanswered(silent), teams.Wait)
	case off == len(answers):
		return fmt.Errorf("no publisher of %s grants anything to teams: see crier pub --no-teams",
			cli.Printable(o.topic))
	}
	return fmt.Errorf("no publisher of %s has a team %s: %s", cli.Printable(o.topic), name,
		o.others())
}

// mostTeams bounds the teams that others names.
const mostTeams = 16

// others names the teams that there are, as far as publishers announce them.
func (o *options) others() string {
	var names []string
	for _, e := range o.known {
		for _, t := range e.Teams {
			names = append(names, cli.Printable(t.Name))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	switch n := len(names); {
	case n == 0:
		return "none of its members was heard, or it was forgotten"
	case n == 1:
		return "its team is " + names[0]
	case n > mostTeams:
		return fmt.Sprintf("its teams are %s and %d more", strings.Join(names[:mostTeams], ", "),
			n-mostTeams)
	default:
		return fmt.Sprintf("its teams are %s and %s", strings.Join(names[:n-1], ", "), names[n-1])
	}
}

// unanswered names those that didn't answer.
func unanswered(silent []teams.Publisher) string {
	if len(silent) == 1 {
		return fmt.Sprintf("the publisher at %v didn't answer", silent[0].Addr)
	}
	return fmt.Sprintf("none of %d publishers answered", len(silent))
}

// runForget has publishers forget a team.
func (o *options) runForget(ctx context.Context, std cli.Streams, client *teams.Client,
	publishers []teams.Publisher) (int, error) {
	before, silent, err := client.Ask(ctx, o.team, publishers)
	if err != nil {
		return cli.ExitError, nil // interrupted
	}
	if err := o.verdict(before, silent); err != nil {
		return 0, err
	}
	var of []teams.Publisher
	for i := range before {
		a := &before[i]
		if len(a.Members) > 0 {
			return 0, fmt.Errorf("team %s has %s at the publisher at %v: end them first",
				cli.Printable(o.team), cli.Counted(uint64(len(a.Members)), "member", "members"),
				a.Addr)
		}
		if a.Refused == 0 {
			of = append(of, a.Target)
		}
	}
	after, silent, err := client.Forget(ctx, o.team, of)
	if err != nil {
		return cli.ExitError, nil // interrupted
	}
	if len(silent) > 0 {
		return 0, fmt.Errorf("%s whether it has forgotten team %s: ask again", unanswered(silent),
			cli.Printable(o.team))
	}
	for i := range after {
		if len(after[i].Members) > 0 {
			return 0, fmt.Errorf("team %s was not forgotten by the publisher at %v: it has got "+
				"members meanwhile", cli.Printable(o.team), after[i].Addr)
		}
	}
	if o.json {
		return cli.ExitOK, o.print(std, o.listing(before, nil))
	}
	_, err = fmt.Fprintf(std.Out, "team %s is forgotten by %s\n", cli.Printable(o.team),
		cli.Counted(uint64(len(after)), "publisher", "publishers"))
	return cli.ExitOK, err
}

// print prints a listing.
func (o *options) print(std cli.Streams, l *Listing) error {
	if o.json {
		enc := json.NewEncoder(std.Out)
		enc.SetEscapeHTML(false)
		return enc.Encode(l)
	}
	if len(l.Publishers) == 0 {
		return nil
	}
	head := ""
	if o.watch {
		head = time.Now().Format(time.TimeOnly) + " "
	}
	return cli.Print(std.Out, func(s cli.Sheet) string { return l.text(s, head) })
}
