package coordinator

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
	"crier/multicast"
	"crier/publisher"
	"crier/reliable/journal"
	"crier/reliable/topic"
	"crier/subscriber"
)

// The networks.
const (
	NetLoopback   = "lo"
	NetNamespaces = "netns"
)

// Options select a benchmark, its parameters and its network. Lists make a cell of each
// combination.
type Options struct {
	Kind string
	// Sizes are in bytes of a message.
	Sizes       []int
	Subscribers []int
	Publishers  []int
	// Rates are in messages a second; 0: as fast as possible.
	Rates []float64
	Waits []string
	// Duration is of each run, and Runs of each cell.
	Duration time.Duration
	Runs     int
	Drop     float64
	Offload  bool
	// InFlight bounds the bytes of messages that are under way where there is no rate.
	InFlight int

	// History is, for History, the memory of a history, and Burst what a publisher sends before it
	// dies, in bytes.
	History, Burst int

	// Partitions are, for report.Partitions, those of a topic, and Groups its groups; 0: as many as
	// there are, 16 at most. Idle is how long a publisher is watched that has nothing to send.
	Partitions, Groups int
	Idle               time.Duration

	Slow
	Teams
	Recording
	Network
	Output
}

// Slow are the options of benchmarks with a slow subscriber.
type Slow struct {
	// Overloads are, for Overload, the subscriber's answers to messages that it can't take.
	Overloads []string
	// Work is the time that a message costs the subscriber.
	Work time.Duration
	// Buffer and ResendBuffer are in bytes, of the subscriber and of the publisher.
	Buffer, ResendBuffer int
	// Backlog is, for Spilling, in bytes of messages that go to disk, in DiskDir.
	Backlog int64
	DiskDir string
	// RepairFloor is the rate at which a subscriber that is behind may be sent frames.
	RepairFloor publisher.BitRate
	// Patience bounds the time in which the backlog grows, and that in which it drains.
	Patience time.Duration
}

// Recording are the options of logs, each in a directory of its own below Dir, bounded by Keep
// bytes.
type Recording struct {
	Dir   string
	Keep  int64
	Fsync journal.Fsync
}

// Network are the options of the network between the processes.
type Network struct {
	Net string
	// MTU, RealFrames and GRO are of the interfaces that NetNamespaces makes.
	MTU        int
	RealFrames bool
	GRO        bool
	// Interface is the one that the user named.
	Interface string
	// Remote is the address of "crier bench serve".
	Remote string
}

// Output are the options of the output.
type Output struct {
	// WithLimits measures the limits as well; LimitsFile takes them from a run's JSON.
	WithLimits bool
	LimitsFile string
	// Compare is the JSON of an earlier run.
	Compare string
	// HTML and JSON are files to write; "-" prints JSON in place of the table.
	HTML, JSON string
	// Version is that of crier.
	Version string
	// Command is the page's; by default that of this process.
	Command string
}

const (
	maxSize        = 16 << 20
	maxRate        = 10e6
	maxProcesses   = 64
	maxRuns        = 1000
	longest        = 24 * time.Hour
	shortest       = 10 * time.Millisecond
	minInFlight    = 64 << 10
	maxInFlight    = 32 << 20 // half of the resend buffer
	minMTU, maxMTU = 576, 65535
)

// Validate checks all options, in the words of the flags. Run does so as well.
func (o *Options) Validate() error {
	least := 0
	if o.Kind == report.Latency || o.Kind == report.Recovery {
		least = job.StampSize + job.NumberSize // a message carries its due time, and a number
	}
	if o.Kind == report.Teams {
		least = minShared
	}
	if o.Kind == report.Limits {
		least = job.StampSize + job.NumberSize
	}
	for _, n := range o.Sizes {
		switch most := o.largest(); {
		case n < least:
			return cli.Usagef("--size %d is too small for %s: give %d or more, for the due time "+
				"and the number", n, o.Kind, least)
		case n > most && o.Kind == report.Limits:
			return cli.Usagef("--size %d doesn't fit a datagram on an MTU of %d: give %d at most",
				n, o.mtu(), most)
		case n > most:
			return cli.Usagef("--size %d is too large: give %d at most", n, most)
		}
	}
	for _, n := range o.Subscribers {
		if n < 1 || n > maxProcesses {
			return cli.Usagef("--subscribers %d is outside 1 to %d", n, maxProcesses)
		}
	}
	for _, n := range o.Publishers {
		if n < 1 || n > maxProcesses {
			return cli.Usagef("--publishers %d is outside 1 to %d", n, maxProcesses)
		}
	}
	for _, r := range o.Rates {
		if !(r >= 0 && r <= maxRate) || r == 0 && !o.flat() {
			return cli.Usagef("--rate %v is not a rate: give messages a second, up to %.0f", r,
				float64(maxRate))
		}
	}
	if err := o.validateOverload(); err != nil {
		return err
	}
	for _, w := range o.Waits {
		known := []string{job.WaitBlock, job.WaitAdaptive, job.WaitSpin}
		if o.Kind == report.Latency {
			known = append(known, job.WaitBoth)
		}
		if last := len(known) - 1; !slices.Contains(known, w) {
			return cli.Usagef("--wait %q is not known: use %s or %s", w,
				strings.Join(known[:last], ", "), known[last])
		}
	}
	switch {
	case o.Duration < shortest || o.Duration > longest:
		return cli.Usagef("--duration %v is outside %v to %v", o.Duration, shortest, longest)
	case o.Runs < 1 || o.Runs > maxRuns:
		return cli.Usagef("--runs %d is outside 1 to %d", o.Runs, maxRuns)
	case !(o.Drop >= 0 && o.Drop < 1):
		return cli.Usagef("--drop %v is not a share: give a number from 0 to below 1, such as 0.01",
			o.Drop)
	case o.Kind == report.Recovery && o.Drop == 0:
		return cli.Usagef("--drop 0 leaves nothing to recover: give a share such as 0.01")
	case o.InFlight < minInFlight || o.InFlight > maxInFlight:
		return cli.Usagef("--in-flight %d is outside %d to %d bytes", o.InFlight,
			minInFlight, maxInFlight)
	}
	if err := o.validateRecording(); err != nil {
		return err
	}
	if err := o.validateHistory(); err != nil {
		return err
	}
	if err := o.validateTeams(); err != nil {
		return err
	}
	if o.Kind == report.Partitions {
		l := topic.Layout{Partitions: o.Partitions, Groups: o.Groups}
		if _, err := l.Complete(); err != nil || o.Partitions < 2 {
			return cli.Usagef("--partitions %d over --groups %d is no layout: give 2 to %d, and no "+
				"more groups", o.Partitions, o.Groups, topic.MaxPartitions)
		}
		if o.Idle < 0 || o.Idle > longest {
			return cli.Usagef("--idle %v is outside 0s to %v", o.Idle, longest)
		}
	}
	return o.validateNetwork()
}

// minSpilt is the smallest message of a spill: each may take a frame on disk, and smaller ones
// would take several times their size.
const minSpilt = 256

// flat reports whether the benchmark may send as fast as possible.
func (o *Options) flat() bool { return report.MayBeFlat(o.Kind) }

// Bounds of buffers, in bytes.
const (
	minBuffer = 64 << 10
	maxBuffer = 1 << 30
	minResend = 4 << 20 // four times the window

	maxBacklog = 1 << 40
)

// Bounds of the rate to a subscriber that is behind.
const (
	minFloor = 8 * publisher.Mbit
	maxFloor = 1000 * publisher.Gbit
)

func (o *Options) validateOverload() error {
	if o.Kind != report.Overload && o.Kind != report.Spilling {
		return nil
	}
	for _, word := range o.Overloads {
		var overload subscriber.Overload
		if err := overload.UnmarshalText([]byte(word)); err != nil {
			return cli.Usagef("--overload %v", err)
		}
	}
	switch {
	case o.Work < time.Microsecond || o.Work > time.Minute:
		return cli.Usagef("--work %v is outside 1µs to 1m", o.Work)
	case o.Buffer < minBuffer || o.Buffer > maxBuffer:
		return cli.Usagef("--buffer %d is outside %d to %d bytes", o.Buffer, minBuffer, maxBuffer)
	case o.ResendBuffer < minResend || o.ResendBuffer > maxBuffer:
		return cli.Usagef("--resend-buffer %d is outside %d to %d bytes", o.ResendBuffer,
			minResend, maxBuffer)
	case o.Kind == report.Overload:
	case o.DiskDir == "":
		return cli.Usagef("--disk-dir is missing: name a directory on the disk to be measured; " +
			"nothing is left there")
	case o.Backlog < minResend || o.Backlog > maxBacklog:
		return cli.Usagef("--backlog %d is outside %d to %d bytes", o.Backlog, minResend,
			int64(maxBacklog))
	case o.RepairFloor < minFloor || o.RepairFloor > maxFloor:
		return cli.Usagef("--repair-floor %v is outside %v to %v", o.RepairFloor,
			minFloor, maxFloor)
	case slices.Min(o.Sizes) < minSpilt:
		return cli.Usagef("--size %d is too small for a spill, where a message takes a frame on "+
			"disk: give %d or more", slices.Min(o.Sizes), minSpilt)
	case o.Patience < time.Second || o.Patience > longest:
		return cli.Usagef("--patience %v is outside 1s to %v", o.Patience, longest)
	}
	return nil
}

// Bounds of a history, and of the messages of a publisher that dies, in bytes.
const (
	minHistory = 128 << 10
	minBurst   = 1 << 20
	maxBurst   = 256 << 20
)

func (o *Options) validateHistory() error {
	switch {
	case o.Kind != report.History:
	case o.History < minHistory || o.History > maxBuffer:
		return cli.Usagef("--history %s is outside %s to %s", cli.Bytes(o.History),
			cli.Bytes(minHistory), cli.Bytes(maxBuffer))
	case o.Burst < minBurst || o.Burst > maxBurst:
		return cli.Usagef("--burst %s is outside %s to %s", cli.Bytes(o.Burst),
			cli.Bytes(minBurst), cli.Bytes(maxBurst))
	}
	return nil
}

// minKeep is the least that a log is bounded by, in bytes.
const minKeep = 16 << 20

func (o *Options) validateRecording() error {
	switch {
	case o.Kind != report.Recording:
	case o.Dir == "":
		return cli.Usagef("--dir is missing: name a directory on the disk to be measured; " +
			"nothing is left there")
	case o.Keep < minKeep:
		return cli.Usagef("--keep %s is too small: give %s or more", cli.Bytes(o.Keep),
			cli.Bytes(minKeep))
	}
	return nil
}

func (o *Options) validateNetwork() error {
	if o.Remote != "" {
		_, port, err := net.SplitHostPort(withPort(o.Remote))
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 {
			return cli.Usagef("--remote %s is not an address: give a host, or a host and a port, "+
				"such as 192.0.2.7:%d", o.Remote, DefaultPort)
		}
	}
	if o.Interface != "" {
		if _, err := multicast.ResolveInterface(o.Interface); err != nil {
			return err
		}
	}
	switch {
	case o.Net != NetLoopback && o.Net != NetNamespaces:
		return cli.Usagef("--net %q is not known: use lo or netns, or name a network with --iface",
			o.Net)
	case o.Interface != "" && o.Net == NetNamespaces:
		return cli.Usagef("--net netns makes interfaces of its own: leave out --iface")
	case o.RealFrames && o.Net != NetNamespaces:
		return cli.Usagef("--real-frames changes the interfaces that --net netns makes: add that")
	case o.GRO && !o.RealFrames:
		return cli.Usagef("--gro merges frames that --real-frames cut: add that")
	case o.MTU < minMTU || o.MTU > maxMTU:
		return cli.Usagef("--mtu %d is outside %d to %d", o.MTU, minMTU, maxMTU)
	case o.MTU != defaultMTU && o.Net != NetNamespaces:
		return cli.Usagef("--mtu is for the interfaces that --net netns makes: add that")
	case o.Remote != "" && o.Kind != report.Latency:
		return cli.Usagef("--remote measures round trips, since clocks differ: use crier bench " +
			"latency")
	case o.Remote != "" && o.Net == NetNamespaces:
		return cli.Usagef("--remote needs a network that leads there: name it with --iface, " +
			"without --net netns")
	case o.Remote != "" && (o.Drop != 0 || !slices.Equal(o.Subscribers, []int{1})):
		return cli.Usagef("--remote measures round trips with one answerer: leave out " +
			"--subscribers and --drop")
	case o.Remote != "" && o.Interface == "":
		return cli.Usagef("--remote %s needs --iface too: name the interface that leads there",
			o.Remote)
	case o.WithLimits && o.Kind == report.Limits:
		return cli.Usagef("--limits is for the other benchmarks: this one measures them")
	}
	return nil
}

const defaultMTU = 1500

// mtu bounds a datagram of limits, headers included.
func (o *Options) mtu() int {
	if o.Net == NetNamespaces {
		return o.MTU
	}
	return defaultMTU
}

// largest returns the largest size that the benchmark takes.
func (o *Options) largest() int {
	if o.Kind == report.Limits {
		return o.mtu() - 28
	}
	return maxSize
}
