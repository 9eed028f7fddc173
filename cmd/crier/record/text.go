package record

import (
	"fmt"
	"io"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/interval"
	"crier/cmd/crier/logdir"
	"crier/cmd/crier/logflags"
	"crier/subscriber/recorder"
)

// begins returns the lines that tell what is recorded, what may be lost, and what was found.
func (o *options) begins(rec *recorder.Recorder, sheet cli.Sheet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "crier record: recording %s to %s, asked at %v", o.net.Where(o.groups),
		o.cfg.Dir, rec.LocalAddr())
	if o.net.Defaulted() {
		b.WriteString("; only this machine is on it; --iface names another")
	}
	fmt.Fprintf(&b, "\nkeeps %s\n--fsync %v: %s\n", o.keep.Words(), o.fsync,
		logflags.FsyncWords(o.fsync))
	b.WriteString(found(rec))
	return sheet.Wrap(b.String(), 2)
}

// found returns the lines about what the log held.
func found(rec *recorder.Recorder) string {
	var b strings.Builder
	states := rec.States()
	bytes := int64(0)
	for i := range states {
		bytes += states[i].Bytes
	}
	if len(states) == 0 {
		b.WriteString("the log is empty\n")
	} else {
		fmt.Fprintf(&b, "found %s, %s\n",
			cli.Counted(uint64(len(states)), "session", "sessions"), cli.Bytes(bytes))
	}
	for _, text := range logdir.Sentences(rec.Report()) {
		b.WriteString(text + "\n")
	}
	return b.String()
}

const progressEvery = 200 * time.Millisecond

// totals are the sums over all sessions.
type totals struct {
	sessions, live       int
	frames, bytes, holes uint64
	// lag counts frames that are known and not written, and unsynced those written and not
	// synced.
	lag, unsynced, gaps uint64
	repairs, served     uint64
	drops               uint64
	disk                int64
}

func totalsOf(rec *recorder.Recorder) (t totals) {
	list, st := rec.Sessions(), rec.Stats()
	for i := range list {
		s := &list[i]
		t.sessions++
		t.frames += s.Frames
		t.bytes += s.Bytes
		t.holes += s.HoleFrames
		t.disk += s.Disk
		if s.Live {
			t.live++
			t.lag += s.Known.Seq - min(s.Known.Seq, s.Written.Seq)
			t.gaps += uint64(s.Gaps)
		}
		if s.Synced > 0 {
			t.unsynced += s.Written.Seq - min(s.Written.Seq, s.Synced)
		}
	}
	t.repairs, t.served = st.Served.Repairs, st.Served.RepairBytes
	for _, g := range st.Groups {
		t.drops += g.KernelDrops
	}
	return t
}

// showProgress rewrites a line on a terminal until stop is called.
func (o *options) showProgress(console *cli.Console, rec *recorder.Recorder) (stop func()) {
	if o.quiet || o.interval != 0 || !console.Live() {
		return func() {}
	}
	last, before := time.Now(), totals{}
	stopEach := cli.Each(progressEvery, func(now time.Time) {
		t := totalsOf(rec)
		since := now.Sub(last)
		console.Show(fmt.Sprintf("%d of %s live, %s/s, lag %s frames, %s holes, %s repairs, log %s",
			t.live, cli.Counted(uint64(t.sessions), "session", "sessions"),
			cli.Bytes(interval.PerSecond(t.bytes, before.bytes, since)), cli.Grouped(t.lag),
			cli.Grouped(t.holes), cli.Grouped(t.repairs), cli.Bytes(t.disk)))
		last, before = now, t
	})
	return func() {
		stopEach()
		console.Show("")
	}
}

// reportIntervals prints a line of figures at each interval.
func (o *options) reportIntervals(out io.Writer, rec *recorder.Recorder) (stop func()) {
	return interval.Watch(out, o.interval, columns, func() totals { return totalsOf(rec) },
		(*totals).figures)
}

// columns are those of reportIntervals.
var columns = []interval.Column{{Head: "frames/s", Width: 8}, {Head: "written/s", Width: 10},
	{Head: "lag", Width: 7}, {Head: "unsynced", Width: 8},
	{Head: "holes", Width: 6, Tone: cli.Bad}, {Head: "repairs", Width: 7},
	{Head: "drops", Width: 6, Tone: cli.Bad}, {Head: "live", Width: 4}}

// figures returns what has happened in an interval, for the columns.
func (t *totals) figures(before *totals, since time.Duration) []string {
	return []string{
		cli.Rounded(interval.PerSecond(t.frames, before.frames, since)),
		cli.Bytes(interval.PerSecond(t.bytes, before.bytes, since)), interval.Count(t.lag),
		interval.Count(t.unsynced), interval.Growth(t.holes, before.holes),
		interval.Growth(t.repairs, before.repairs), interval.Growth(t.drops, before.drops),
		fmt.Sprint(t.live),
	}
}
