package pub

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/logflags"
	"crier/publisher"
)

// recording holds the flags for the publisher's own log, and for recorders.
type recording struct {
	dir   string
	keep  logflags.Keep
	fsync publisher.Fsync
	wait  bool
	// recorded says what to wait for at the end; without Recorders, for nothing.
	recorded recordedFlag
}

// recordedFlag is the value of --recorded.
type recordedFlag struct{ publisher.Recorded }

func (r *recordedFlag) String() string {
	switch {
	case r.Recorders == 0:
		return ""
	case r.Synced:
		return fmt.Sprintf("synced:%d", r.Recorders)
	}
	return strconv.Itoa(r.Recorders)
}

// Set and Type make recordedFlag a Value.
func (r *recordedFlag) Set(text string) error {
	number, synced := strings.CutPrefix(text, "synced:")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > 1000 {
		return fmt.Errorf("%q is no number of recorders: give one such as 1, or synced:1", text)
	}
	r.Recorders, r.Synced = n, synced
	return nil
}

func (r *recordedFlag) Type() string { return "[synced:]N" }

// declareRecord declares the flags.
func (o *options) declareRecord(flags *cli.FlagSet) {
	r := &o.record
	flags.StringVar(&r.dir, "record", "",
		"keep a log of all messages in this `DIRECTORY`, which outlives the command, and serve "+
			"what it has of earlier sessions")
	cli.Offer(flags, "record", cli.Directories())
	flags.Var(&r.keep, "record-keep",
		"with --record: how much to keep, such as 10GiB, 24h or 10GiB,24h (default: all)")
	r.fsync.Every = 50 * time.Millisecond
	flags.TextVar(&r.fsync, "record-fsync", r.fsync,
		"with --record: when to sync the log, by `WORD`: each, interval:50ms or none")
	cli.Offer(flags, "record-fsync", cli.Words("each", "interval:50ms", "none"))
	flags.BoolVar(&r.wait, "record-wait", false,
		"with --record: publish no faster than the disk writes, rather than leave messages out "+
			"of the log")
	flags.Var(&r.recorded, "recorded",
		"end only when so many recorders hold all messages, the own log counted: N, or synced:N "+
			"for what survives a loss of power")
	flags.Lookup("recorded").NoOptDefVal = "1"
	cli.Offer(flags, "recorded", cli.Words("1", "synced:1"))
}

// validateRecord checks those flags beyond their types, and takes them over.
func (o *options) validateRecord() error {
	r, changed := &o.record, o.net.Set.Changed
	if r.recorded.Recorders > 0 {
		o.cfg.Recorded = r.recorded.Recorded
	}
	if r.dir == "" {
		if changed("record") {
			return cli.Usagef("--record has no directory: name one")
		}
		for _, name := range []string{"record-keep", "record-fsync", "record-wait"} {
			if changed(name) {
				return cli.Usagef("--%s is for --record: name a directory for the log", name)
			}
		}
		return nil
	}
	switch keep := cli.Size(r.keep.Bytes); {
	case changed("disk") || changed("disk-dir"):
		return cli.Usagef("--record keeps on disk what --disk would: leave out --disk and " +
			"--disk-dir")
	case keep > 0 && keep < logflags.LeastKeep:
		return cli.Usagef("--record-keep %v is smaller than one segment of a log: give %v or more",
			keep, cli.Size(logflags.LeastKeep))
	}
	o.cfg.Record = publisher.Record{Dir: r.dir, Keep: r.keep.Keep, Fsync: r.fsync,
		Wait: r.wait}
	return logflags.CheckDir("--record", r.dir)
}

// awaitRecorders waits as --recorded says, and returns why not all is recorded, or nil.
func (o *options) awaitRecorders(ctx context.Context, to *spread) error {
	if o.record.recorded.Recorders == 0 {
		return nil
	}
	return to.recorded(ctx)
}
