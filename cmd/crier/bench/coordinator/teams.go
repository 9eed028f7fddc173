package coordinator

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
	"crier/reliable/topic"
)

// Acts of a team's members that a benchmark measures, in place of messages.
const (
	ActNone     = ""
	ActHandOver = "handover" // members leave, and join again
	ActKill     = "kill"     // members are killed
	ActRollout  = "rollout"  // members leave and join again, one after another
)

// Teams are the options of subscribers that share messages.
type Teams struct {
	// Shares are job.ShareMessage and job.SharePartition.
	Shares []string
	// Room bounds the messages that a worker may have at once, by message.
	Room int
	// Lease is the publisher's.
	Lease time.Duration
	// Acts are what members do besides. Samples is how often, where that is counted.
	Act     string
	Samples int
	// Broker is the file of crier-broker; empty: it is looked for. NoBroker leaves it out.
	// BrokerDir is where it keeps files.
	Broker, BrokerDir string
	NoBroker          bool
}

// Bounds of the options of teams.
const (
	minShared  = job.StampSize + job.NumberSize
	maxRoom    = 1024
	minLease   = 200 * time.Millisecond
	maxLease   = time.Minute
	maxSamples = 10000
)

func (o *Options) validateTeams() error {
	if o.Kind != report.Teams {
		return nil
	}
	for _, s := range o.Shares {
		if s != job.ShareMessage && s != job.SharePartition {
			return cli.Usagef("--share %q is not known: use %s or %s", s, job.ShareMessage,
				job.SharePartition)
		}
	}
	l := topic.Layout{Partitions: o.Partitions}
	if _, err := l.Complete(); err != nil {
		return cli.Usagef("--partitions %d is outside 1 to %d", o.Partitions, topic.MaxPartitions)
	}
	switch {
	case len(o.Shares) == 0:
		return cli.Usagef("--share is empty: give message, partition or both")
	case o.Room < 1 || o.Room > maxRoom:
		return cli.Usagef("--room %d is outside 1 to %d", o.Room, maxRoom)
	case o.Lease < minLease || o.Lease > maxLease:
		return cli.Usagef("--lease %v is outside %v to %v", o.Lease, minLease, maxLease)
	case o.Samples < 1 || o.Samples > maxSamples:
		return cli.Usagef("--samples %d is outside 1 to %d", o.Samples, maxSamples)
	case o.Act == ActNone:
		return o.validateShared()
	case !slices.Equal(o.Shares, []string{job.SharePartition}):
		return cli.Usagef("--%s is about partitions: add --share partition", o.Act)
	case slices.Contains(o.Rates, 0):
		return cli.Usagef("--%s counts from messages that are due: give a --rate", o.Act)
	case slices.Min(o.Subscribers) < 2:
		return cli.Usagef("--%s needs others that take over: give --workers 2 or more", o.Act)
	}
	return o.validateShared()
}

// validateShared checks that each worker of a team has something to do.
func (o *Options) validateShared() error {
	if most := slices.Max(o.Subscribers); slices.Contains(o.Shares, job.SharePartition) &&
		most > o.Partitions {
		return cli.Usagef("--partitions %d leave some of %d workers with nothing: give more",
			o.Partitions, most)
	}
	return nil
}

// brokerProgram is the name of the program that carries a broker.
const brokerProgram = "crier-broker"

// broker returns the file of the program, or "" if there is none.
func (o *Options) broker() string {
	if o.NoBroker || o.Net != NetLoopback || o.Interface != "" {
		return "" // it serves on 127.0.0.1
	}
	if o.Broker != "" {
		return o.Broker
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), brokerProgram)
		if _, err := os.Stat(beside); err == nil {
			return beside
		}
	}
	file, err := exec.LookPath(brokerProgram)
	if err != nil {
		return ""
	}
	return file
}

// teams measures workers that share messages, beside a broker's.
func (b *coordinator) teams(ctx context.Context) error { return b.each(ctx, b.teamed) }

// teamed measures one size, rate and number of workers.
func (b *coordinator) teamed(ctx context.Context, size, workers int, rate float64) error {
	if b.o.Act != ActNone {
		return b.acted(ctx, size, workers, rate)
	}
	for _, share := range b.o.Shares {
		t := &turns{b: b}
		own := t.add(b.shared(report.SystemCrier, report.WayShare(share), share, size, workers, rate))
		var peers []*report.Cell
		if broker := b.o.broker(); broker != "" && share == job.ShareMessage {
			for _, p := range []struct{ way, store string }{
				{report.WayFileStore, job.StoreFile}, {report.WayMemoryStore, job.StoreMemory},
				{report.WayQueueGroup, job.StoreNone},
			} {
				c, r := b.shared(report.SystemNATS, p.way, share, size, workers, rate)
				r.program, r.task.Team.Store, r.task.Team.Dir = broker, p.store, b.o.BrokerDir
				peers = append(peers, t.add(c, r))
			}
		}
		if err := t.run(ctx); err != nil {
			return err
		}
		for _, c := range peers {
			hold(c, own)
		}
	}
	return nil
}

// shared returns a cell and its round.
func (b *coordinator) shared(system, way, share string, size, workers int,
	rate float64) (*report.Cell, round) {
	c := b.cell(system, way, size, workers, 1)
	c.Rate = rate
	r := b.flatOut(c, job.RoleLead, job.RoleMember)
	r.task.Team = job.Team{Share: share, Room: b.o.Room, Lease: b.o.Lease}
	if share == job.SharePartition {
		r.task.Shape = job.Shape{Key: benchKey, Partitions: b.o.Partitions}
		c.Batch = 1
	}
	return c, r
}
