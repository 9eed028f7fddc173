package doctor

import (
	"context"
	"os"
	"sync"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
)

// watched is how long counters and groups are watched. Tests watch for less.
var watched = 1400 * time.Millisecond

// run makes the checks and prints the findings.
func (o *options) run(ctx context.Context, std cli.Streams) (int, error) {
	questions, err := o.questions(ctx)
	if err != nil {
		return 0, err
	}
	r := report{Version: cli.Version(), question: questions[0], all: o.all,
		Interface: questions[0].Interface, Topic: o.net.TopicName()}
	r.Host, _ = os.Hostname()
	for _, q := range questions {
		r.Groups = append(r.Groups, q.Group.String())
	}
	console := cli.NewConsole(std.Err)
	console.Show("looking at this host")
	if r.Checks, err = o.static(ctx, questions); err == nil {
		err = o.between(ctx, questions[0], &r, console.Show)
	}
	console.Show("")
	if err != nil {
		return 0, err
	}
	r.count()
	if err := r.print(std, o.json); err != nil {
		return 0, err
	}
	if r.Problems > 0 {
		return cli.ExitError, nil
	}
	return cli.ExitOK, nil
}

// static makes the checks of this host alone.
func (o *options) static(ctx context.Context, questions []check.Question) ([]check.Check, error) {
	roots := host.Live()
	first := questions[0].About()
	before := roots.Counters(o.card(roots, first.Interface))
	facts := make([]*host.Facts, len(questions))
	facts[0] = roots.Full(ctx, first, before)
	for i, q := range questions[1:] {
		facts[i+1] = roots.Waiting(ctx, q.About(), before)
		facts[i+1].Machine = facts[0].Machine
	}
	o.listen(ctx, facts, o.card(roots, first.Interface))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	roots.AddOwners(facts[0].Machine)
	after := roots.Counters(o.card(roots, first.Interface))
	for _, f := range facts {
		f.ReachSenders()
		f.After, f.Seen = after, facts[0].Seen
	}
	return check.All(facts, questions), nil
}

// listen has each group joined for a while, and watches what comes by the interface while all
// are.
func (o *options) listen(ctx context.Context, facts []*host.Facts, card string) {
	trials, end := context.WithCancel(ctx)
	var joined, wait sync.WaitGroup
	joined.Add(len(facts))
	for _, f := range facts {
		wait.Go(func() {
			trial := host.Try(trials, f.About, o.link, joined.Done)
			f.Trial = &trial
		})
	}
	joined.Wait()
	watch, cancel := context.WithTimeout(ctx, watched)
	defer cancel()
	facts[0].Seen = host.Of(host.Watch(watch, card))
	<-watch.Done()
	end()
	wait.Wait()
}

// card returns the name of an interface that was given by name or address.
func (o *options) card(roots host.Roots, iface string) string {
	list, _ := roots.Interfaces()
	if i := host.Find(list, iface); i != nil {
		return i.Name
	}
	return iface
}
