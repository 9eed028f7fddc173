package sub

import (
	"fmt"
	"sync"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/subscriber"
)

// teamFlags are those that only a member of a team has, beside --team.
var teamFlags = []string{"share", "weight", "room", "window", "orphans"}

// orphans is the value of --orphans.
type orphans subscriber.Orphans

func (o *orphans) String() string {
	if subscriber.Orphans(*o) == subscriber.OrphansReport {
		return "report"
	}
	return "deliver"
}

// Set and Type make orphans a Value.
func (o *orphans) Set(text string) error {
	switch text {
	case "deliver":
		*o = orphans(subscriber.OrphansDeliver)
	case "report":
		*o = orphans(subscriber.OrphansReport)
	default:
		return fmt.Errorf("%q is not known: use deliver or report", text)
	}
	return nil
}

func (*orphans) Type() string { return "WORD" }

// declareTeam declares the flags of a member.
func (o *options) declareTeam(flags *cli.FlagSet) {
	cfg := &o.cfg
	flags.StringVar(&cfg.Team, "team", "",
		"share the messages of --topic with the other members of the team of this `NAME`")
	o.share = subscriber.ByPartition
	flags.TextVar(&o.share, "share", o.share,
		"what members share by `WORD`: partition, each in order, or message, in any order")
	cli.Offer(flags, "share", cli.Words("partition", "message"))
	flags.IntVar(&cfg.Weight, "weight", 1, "this member's part of the work, compared to others', "+
		"1 to 1000")
	flags.IntVar(&cfg.Room, "room", 8,
		"with --share message: how many messages to take at once, 1 to 1024")
	flags.IntVar(&cfg.Window, "window", 16384, "with --share partition: how many messages of a "+
		"partition to print beyond those that the publisher knows are done")
	flags.Var((*orphans)(&cfg.Orphans), "orphans", "what to do with messages of a publisher that "+
		"is silent, which others may have done, by `WORD`: deliver (marked) or report (as lost)")
	cli.Offer(flags, "orphans", cli.Words("deliver", "report"))
}

// checkTeam checks the flags of a member.
func (o *options) checkTeam() error {
	changed, cfg := o.net.Set.Changed, &o.cfg
	if cfg.Team == "" {
		if changed("team") {
			return cli.Usagef("--team names no team: give one, such as risk")
		}
		for _, flag := range teamFlags {
			if changed(flag) {
				return cli.Usagef("--%s is for a member of a team: name it with --team, or leave "+
					"--%s out", flag, flag)
			}
		}
		return nil
	}
	if err := netflags.CheckTeam("--team", cfg.Team); err != nil {
		return err
	}
	if !changed("topic") {
		return cli.Usagef("--team shares the messages of a topic: name it with --topic")
	}
	for _, c := range []struct {
		flag string
		n    int
	}{{"weight", cfg.Weight}, {"room", cfg.Room}, {"window", cfg.Window}} {
		if changed(c.flag) && c.n == 0 {
			return cli.Usagef("--%s 0 would give this member nothing: give more, or leave it out",
				c.flag)
		}
	}
	for _, c := range []struct {
		flag, why string
	}{
		{"partition", "a team's partitions are granted to its members"},
		{"state", "a team's positions are with its publishers"},
		{"until", "a team works without end"},
		{"order", "what a team has done is counted by offsets, in order"},
		{"replays", "nobody grants the messages of a replay"},
	} {
		if changed(c.flag) {
			return cli.Usagef("--%s has no place beside --team, since %s: leave one of them out",
				c.flag, c.why)
		}
	}
	switch byMessage := o.share == subscriber.ByMessage; {
	case changed("room") && !byMessage:
		return cli.Usagef("--room is for --share message: --share partition has a --window")
	case changed("window") && byMessage:
		return cli.Usagef("--window is for --share partition: --share message has a --room")
	case cfg.Start != subscriber.Latest && cfg.Start != subscriber.Oldest:
		return cli.Usagef("--start %v has no place beside --team: a team goes on where it was, "+
			"and a new one begins at latest or oldest", cfg.Start)
	case cfg.Recovery.Off:
		return cli.Usagef("--recovery off has no place beside --team: what a member gets may " +
			"have been sent before")
	}
	return nil
}

// completeTeam fills in what those flags say.
func (o *options) completeTeam() {
	cfg := &o.cfg
	if cfg.Team == "" {
		cfg.Weight, cfg.Room, cfg.Window = 0, 0, 0
		return
	}
	// A message is done once it is written.
	cfg.Share, cfg.ManualDone = o.share, true
}

// teamText tells of the member that the command is.
func (o *options) teamText(name string) string {
	if o.cfg.Team == "" {
		return ""
	}
	return fmt.Sprintf("crier sub: member %s of team %s, which shares %s by %v\n",
		cli.Printable(name), cli.Printable(o.cfg.Team), cli.Printable(o.cfg.Topic), o.share)
}

// written are messages of a team, which are done once they are written.
type written struct {
	mu sync.Mutex
	// bytes are written so far, and wait are messages that aren't, in order.
	bytes uint64
	wait  []printed
	first int
}

// printed is a message that is written with the bytes below due.
type printed struct {
	ev  subscriber.Event
	due uint64
}

// printed notes a message that is printed when some bytes in all are written.
func (w *written) printed(ev *subscriber.Event, due uint64) {
	if w == nil || ev.Kind != subscriber.Message || ev.Grant == nil {
		return
	}
	p := printed{ev: *ev, due: due}
	p.ev.Payload, p.ev.Properties = nil, nil // views, which end with the step
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wait = append(w.wait, p)
	w.tell()
}

// wrote notes that some bytes in all are written.
func (w *written) wrote(bytes uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes = bytes
	w.tell()
}

// tell tells of what is written. The caller holds the lock.
func (w *written) tell() {
	for w.first < len(w.wait) && w.wait[w.first].due <= w.bytes {
		w.wait[w.first].ev.Done() // its error is counted
		w.first++
	}
	switch {
	case w.first == len(w.wait):
		w.wait, w.first = w.wait[:0], 0
	case w.first > len(w.wait)/2:
		n := copy(w.wait, w.wait[w.first:])
		clear(w.wait[n:])
		w.wait, w.first = w.wait[:n], 0
	}
}
