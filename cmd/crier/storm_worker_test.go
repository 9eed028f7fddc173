package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/signal"
	"time"

	"crier/subscriber"
)

// stormWorker is the word that makes a process of the test binary a worker.
const stormWorker = "storm-worker"

// workStorm is a member of a team that notes the beginning and the end of each message in a log,
// until a signal lets it leave.
func workStorm(args []string) error {
	var cfg subscriber.Config
	flags := flag.NewFlagSet(stormWorker, flag.ContinueOnError)
	group := flags.String("group", "", "")
	flags.StringVar(&cfg.Interface, "iface", "", "")
	flags.StringVar(&cfg.Topic, "topic", "", "")
	flags.StringVar(&cfg.Team, "team", "", "")
	flags.StringVar(&cfg.Name, "name", "", "")
	flags.TextVar(&cfg.Share, "share", subscriber.ByPartition, "")
	flags.DurationVar(&cfg.Recovery.Silence, "silence", 0, "")
	oldest := flags.Bool("oldest", false, "")
	path := flags.String("log", "", "")
	work := flags.Duration("work", 0, "")
	seed := flags.Uint64("seed", 0, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	base, err := netip.ParseAddrPort(*group)
	if err != nil {
		return err
	}
	cfg.Groups = []netip.AddrPort{base}
	if *oldest {
		cfg.Start = subscriber.Oldest
	}
	log, err := openLogbook(*path)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, sigterm)
	defer stop()
	if err := log.write(note{kind: "start"}); err != nil {
		return err
	}
	sub, err := subscriber.New(cfg)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "listening")
	random := rand.New(rand.NewPCG(*seed, 0))
	for ev := range sub.Messages(ctx) {
		switch ev.Kind {
		case subscriber.Message:
			if err := log.write(noteOf("begin", &ev)); err != nil {
				return err
			}
			d := time.Duration(random.Int64N(2*int64(*work) + 1))
			if random.IntN(200) == 0 { // a long one
				d += 10 * *work
			}
			time.Sleep(d) // the work
			err = log.write(noteOf("end", &ev))
		case subscriber.Loss, subscriber.Assigned, subscriber.Revoking, subscriber.Revoked:
			err = log.write(noteOf(ev.Kind.String(), &ev))
		}
		if err != nil {
			return err
		}
	}
	if err := log.write(note{kind: "leave"}); err != nil {
		return err
	}
	return sub.Close()
}
