package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"crier/publisher"
)

// pubOverload are the flags of what happens when the producer outruns a consumer.
type pubOverload struct {
	overload string
	pace     string
	disk     size
	dir      string
	whenFull string
	maxRate  bitrate
	burst    size
	stall    time.Duration
	waitFor  int
	table    bool
}

func (o *pubOverload) declare(flags *pflag.FlagSet) {
	flags.StringVar(&o.pace, "pace", "none", "whose pace counts: none, slowest, quorum:N, or named:a,b (names of subscribers)")
	flags.StringVar(&o.overload, "overload", "block", "when those that count are behind and memory is full: drop, buffer (on disk) or block")
	o.disk = 1 << 30
	flags.Var(&o.disk, "buffer-disk", "with --overload buffer: how much is kept on disk")
	flags.StringVar(&o.dir, "buffer-dir", "", "with --overload buffer: the `DIRECTORY` on disk; nothing of it outlives the command")
	flags.StringVar(&o.whenFull, "when-full", "block", "with --overload buffer: when the disk is full too, drop or block")
	flags.DurationVar(&o.stall, "stall-timeout", 5*time.Second, "with --pace: how long a subscriber that makes no progress may hold the others")
	flags.IntVar(&o.waitFor, "wait-for", 0, "publish nothing before so many `SUBSCRIBERS` were heard")
	flags.Var(&o.maxRate, "max-rate", "send no faster than this, 525kbit to 8796Gbit, such as 100Mbit (default: no limit)")
	flags.Var(&o.burst, "burst", "with --max-rate: how much may go out at once, up to 1GiB (default: 1 ms of the rate)")
	flags.BoolVar(&o.table, "subscribers", false, "print a table of the subscribers each second")
}

// apply checks the flags and puts what they say into a configuration.
func (o *pubOverload) apply(flags *pflag.FlagSet, cfg *publisher.Config) error {
	var err error
	if cfg.Pace, err = publisher.ParsePace(o.pace); err != nil {
		return usagef("--pace %w", err)
	}
	if err := o.contradicts(flags, cfg.Pace); err != nil {
		return err
	}
	full := o.overload
	switch o.overload {
	case "drop", "block":
		for _, flag := range []string{"buffer-disk", "buffer-dir", "when-full"} {
			if flags.Changed(flag) {
				return usagef("--%s is for --overload buffer, and this is %s", flag, o.overload)
			}
		}
	case "buffer":
		if o.dir == "" {
			return usagef("--overload buffer keeps messages on disk: name a directory for it with --buffer-dir")
		}
		if o.disk < 1<<20 {
			return usagef("--buffer-disk %v is too small: give 1MiB or more", o.disk)
		}
		cfg.Disk, cfg.DiskDir, full = int64(o.disk), o.dir, o.whenFull
	default:
		return usagef("--overload %q is not known: use drop, buffer or block", o.overload)
	}
	switch full {
	case "drop":
		cfg.WhenFull = publisher.Drop
	case "block":
	default:
		return usagef("--when-full %q is not known: use drop or block", o.whenFull)
	}
	switch {
	case o.stall <= 0:
		return usagef("--stall-timeout %v is no time to wait: give one such as 5s", o.stall)
	case o.waitFor < 0 || o.waitFor > 4096:
		return usagef("--wait-for %d is outside 0 to 4096", o.waitFor)
	case o.burst > 1<<30:
		return usagef("--burst %v is more than 1GiB", o.burst)
	case o.maxRate > 0 && (o.maxRate < 65507 || o.maxRate > 1<<40):
		return usagef("--max-rate %v is outside 525kbit to 8796Gbit", o.maxRate)
	}
	cfg.StallTimeout, cfg.WaitFor = o.stall, o.waitFor
	cfg.MaxRate, cfg.Burst = uint64(o.maxRate), uint64(o.burst)
	return nil
}

// contradicts says which flag would do nothing beside the others, if one would.
func (o *pubOverload) contradicts(flags *pflag.FlagSet, pace publisher.Pace) error {
	nobody := pace.Kind == publisher.PaceNone
	switch {
	case nobody && o.overload == "buffer":
		return usagef("--overload buffer keeps what subscribers have yet to take whose pace counts, and with --pace none nobody's does: say whose, such as --pace slowest")
	case nobody && flags.Changed("stall-timeout"):
		return usagef("--stall-timeout is for subscribers whose pace counts, and with --pace none nobody's does: say whose, such as --pace slowest")
	case o.maxRate == 0 && flags.Changed("burst"):
		return usagef("--burst is of a rate limit, and there is none: give one with --max-rate")
	}
	return nil
}

// waitEvery is how often it is said for whom a publisher waits.
const waitEvery = 3 * time.Second

// waiting says for how many subscribers a publisher waits, and who is there, until
// something was accepted, or stop is called.
func (o *pubOverload) waiting(out io.Writer, p *publisher.Publisher) (stop func()) {
	if o.waitFor == 0 {
		return func() {}
	}
	fmt.Fprintf(out, "crier pub: waiting for %s\n", counted(uint64(o.waitFor), "subscriber", "subscribers"))
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(waitEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-stopping:
				return
			}
			here := p.Subscribers()
			if len(here) >= o.waitFor || p.Stats().Accepted > 0 {
				return
			}
			fmt.Fprint(out, stillWaiting(o.waitFor, here))
		}
	}()
	return func() {
		close(stopping)
		<-stopped
	}
}

// stillWaiting says for how many subscribers a publisher waits, and who is there.
func stillWaiting(n int, here []publisher.Subscriber) string {
	const most = 10 // names in a line
	var names []string
	for _, s := range here[:min(len(here), most)] {
		names = append(names, displayName(&s))
	}
	text := "none is here"
	if len(here) > 0 {
		text = fmt.Sprintf("%d of them here: %s", len(here), strings.Join(names, ", "))
	}
	if more := len(here) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("crier pub: still waiting for %s, %s\n", counted(uint64(n), "subscriber", "subscribers"), text)
}

// displayName is a subscriber's name, or its address if it has none.
func displayName(s *publisher.Subscriber) string {
	if s.Name == "" {
		return s.Addr.String()
	}
	return printable(s.Name)
}

// tableEvery is how often the table of subscribers is printed.
const tableEvery = time.Second

// watch prints the table until stop is called.
func (o *pubOverload) watch(out io.Writer, p *publisher.Publisher) (stop func()) {
	if !o.table {
		return func() {}
	}
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(tableEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				io.WriteString(out, subscriberTable(p.Subscribers()))
			case <-stopping:
				return
			}
		}
	}()
	return func() {
		close(stopping)
		<-stopped
		io.WriteString(out, subscriberTable(p.Subscribers()))
	}
}

// subscriberTable is the table: a line a subscriber. Its NACK share is its part of
// all frames that were asked for.
func subscriberTable(list []publisher.Subscriber) string {
	var b strings.Builder
	asked := uint64(0)
	for _, s := range list {
		asked += s.Asked
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "subscriber\tposition\troom\tlag\tNACK share\theard\tstate\t")
	for _, s := range list {
		share := "-"
		if asked > 0 {
			share = fmt.Sprintf("%.0f%%", float64(s.Asked)/float64(asked)*100)
		}
		fmt.Fprintf(w, "%s\t%s\t%v\t%s\t%s\t%v ago\t%v\t\n", displayName(&s), grouped(s.Position), size(min(s.Room, 1<<40)), grouped(s.Lag), share,
			s.Quiet.Round(10*time.Millisecond), s.State)
	}
	w.Flush()
	if len(list) == 0 {
		return "no subscriber is known\n"
	}
	return b.String()
}

// overloadText says what held the producer or was dropped; empty if nothing.
func overloadText(st *publisher.Stats) string {
	var b strings.Builder
	if st.Dropped > 0 {
		fmt.Fprintf(&b, "  dropped %s messages (%s bytes) for want of room\n", grouped(st.Dropped), grouped(st.DroppedBytes))
	}
	for by, held := range st.HeldBy {
		if held.Times > 0 {
			fmt.Fprintf(&b, "  no room because of the %v: %s times, %v in all\n", publisher.Holder(by), grouped(held.Times), held.For.Round(time.Millisecond))
		}
	}
	if l := st.RateLimited; l.Times > 0 {
		fmt.Fprintf(&b, "  the rate limit let frames wait %s times, %v in all\n", grouped(l.Times), l.For.Round(time.Millisecond))
	}
	if st.LeftOut > 0 {
		fmt.Fprintf(&b, "  subscribers were left out of the count %s times\n", grouped(st.LeftOut))
	}
	if st.DiskWritten > 0 || st.DiskErrors > 0 {
		fmt.Fprintf(&b, "  on disk: %s frames written, %s read, %s errors\n", grouped(st.DiskWritten), grouped(st.DiskRead), grouped(st.DiskErrors))
	}
	return b.String()
}

// overloadSummary is the same in a summary; each field stands there only if there
// was some.
type overloadSummary struct {
	Dropped       uint64           `json:"dropped,omitempty"`
	HeldNS        map[string]int64 `json:"held_ns,omitempty"` // by what
	RateLimitedNS int64            `json:"rate_limited_ns,omitempty"`
	LeftOut       uint64           `json:"left_out,omitempty"`
	CatchUps      uint64           `json:"catch_up_frames,omitempty"`
	DiskWritten   uint64           `json:"disk_frames_written,omitempty"`
	DiskRead      uint64           `json:"disk_frames_read,omitempty"`
	DiskErrors    uint64           `json:"disk_errors,omitempty"`
}

func newOverloadSummary(st *publisher.Stats) overloadSummary {
	sum := overloadSummary{
		Dropped: st.Dropped, RateLimitedNS: int64(st.RateLimited.For), LeftOut: st.LeftOut, CatchUps: st.CatchUps,
		DiskWritten: st.DiskWritten, DiskRead: st.DiskRead, DiskErrors: st.DiskErrors,
	}
	for by, held := range st.HeldBy {
		if held.Times > 0 {
			if sum.HeldNS == nil {
				sum.HeldNS = map[string]int64{}
			}
			sum.HeldNS[publisher.Holder(by).String()] = int64(held.For)
		}
	}
	return sum
}
