package bench

import (
	"fmt"
	"math"
	"strings"
	"time"

	"crier/cmd/crier/hist"
)

// Cell is one object of the output: a benchmark with all its parameters, and the
// medians of its runs.
type Cell struct {
	Benchmark   string  `json:"benchmark"`
	System      string  `json:"system"`        // crier, bare or tcp
	Way         string  `json:"way,omitempty"` // one way, round trip; plain, sendmmsg, offload
	Net         string  `json:"net"`           // lo, netns, or the interface
	RealFrames  bool    `json:"real_frames"`
	GRO         bool    `json:"gro,omitempty"` // the receiving interfaces merge them again
	Size        int     `json:"size"`
	Subscribers int     `json:"subscribers"`
	Publishers  int     `json:"publishers"`
	Rate        float64 `json:"rate,omitempty"` // messages a second that were due; absent: as fast as possible
	Wait        string  `json:"wait,omitempty"`
	Pinned      bool    `json:"pinned,omitempty"` // each process had a processor of its own
	Drop        float64 `json:"drop"`
	Offload     bool    `json:"offload"`
	Method      string  `json:"method"` // how the rate came about
	Window      uint64  `json:"window_messages,omitempty"`
	Batch       int     `json:"batch_messages,omitempty"` // handed over at once
	Overload    string  `json:"overload,omitempty"`       // what the subscriber that crawls does with what it can't take

	Overloaded *Overloaded `json:"pressure,omitempty"`

	Figures // medians; but Missing, Lost and Disorder are sums

	// Each has the figures of each run, in their order.
	Each []Figures `json:"runs"`
	// Shares are parts of what the kernel alone does, where that was measured.
	ShareOfLimit float64 `json:"share_of_limit,omitempty"`
	// Bare is the same without crier, of runs in turn with these.
	Bare *Ratio `json:"ratio_to_bare,omitempty"`
	// Ratios compare with other ways of the same benchmark, of runs in turn with these.
	Ratios []*Versus `json:"ratios,omitempty"`
	// Trips is the round trip that a recovery cell is held against.
	Trips *hist.Quantiles `json:"against_round_trip_ns,omitempty"`
	// InTrips are a recovery cell's times, of all runs together, as multiples of it.
	InTrips *tripQuantiles `json:"round_trips,omitempty"`

	Environment *Environment `json:"environment"`

	latency, repaired, recovery, found hist.Histogram // of all runs
}

// Figures are what a run measured. What wasn't measured is absent.
type Figures struct {
	MessagesPerSecond float64 `json:"messages_per_second"` // the slowest subscriber's
	BytesPerSecond    float64 `json:"bytes_per_second"`    // the same, in bytes of messages
	Messages          uint64  `json:"messages"`            // published
	Missing           uint64  `json:"missing"`             // not delivered, over all subscribers
	Lost              uint64  `json:"lost"`                // of these, named in loss reports
	Disorder          uint64  `json:"disorder"`            // delivered out of order, or twice
	Recovered         uint64  `json:"recovered"`           // delivered with a repair's help

	Latency  *hist.Quantiles `json:"latency_ns"`                    // of all messages
	Intact   *hist.Quantiles `json:"intact_latency_ns,omitempty"`   // of those that needed no repair
	Repaired *hist.Quantiles `json:"repaired_latency_ns,omitempty"` // of those that did
	Recovery *hist.Quantiles `json:"recovery_ns,omitempty"`         // from finding the gap to its repair
	Found    *hist.Quantiles `json:"found_latency_ns,omitempty"`    // of repaired messages: their latency less that
	LossTo   *hist.Quantiles `json:"loss_to_delivery_ns,omitempty"` // from when it should have come
	Kernel   *hist.Quantiles `json:"to_kernel_ns,omitempty"`        // from due time to the receiving kernel
	Trip     *hist.Quantiles `json:"round_trip_ns,omitempty"`
	Late     *hist.Quantiles `json:"generator_late_ns,omitempty"` // how late messages were handed over

	CPU           float64 `json:"cpu_ns_per_message"`            // of all processes, for a published message
	PublisherCPU  float64 `json:"publisher_cpu_ns_per_message"`  // of the publishers
	SubscriberCPU float64 `json:"subscriber_cpu_ns_per_message"` // of one subscriber, on average

	PublisherAllocs  float64 `json:"publisher_allocs_per_message"`
	SubscriberAllocs float64 `json:"subscriber_allocs_per_message"`
	PublisherRSS     uint64  `json:"publisher_rss_bytes"`  // the largest, at the end
	SubscriberRSS    uint64  `json:"subscriber_rss_bytes"` // the largest, at the end
	PublisherGrowth  int64   `json:"publisher_rss_growth_bytes"`
	SubscriberGrowth int64   `json:"subscriber_rss_growth_bytes"`

	Datagrams   uint64  `json:"datagrams"` // that publishers sent
	SentBytes   float64 `json:"sent_bytes_per_message"`
	Calls       uint64  `json:"send_calls"`
	Nacks       uint64  `json:"nacks"`
	Repairs     uint64  `json:"repairs"`
	KernelDrops uint64  `json:"kernel_drops"`
	SendErrors  uint64  `json:"send_errors"`
	ClockShift  int64   `json:"clock_shift_ns"` // the largest move of a wall clock while it was measured by

	// Of subscribers that crawl, which no other figure counts.
	SlowMessages uint64 `json:"slow_delivered,omitempty"`
	SlowLost     uint64 `json:"slow_lost,omitempty"` // named in loss reports

	// Where every byte is checked, and a publisher keeps a slow subscriber's pace.
	SlowMissing uint64 `json:"slow_missing,omitempty"`
	Damaged     uint64 `json:"damaged,omitempty"` // messages that are not as they were published, also at the slow one
	Spill       *Spill `json:"spill,omitempty"`
}

// Overloaded is what the cells of a benchmark with a slow subscriber have in common.
type Overloaded struct {
	Work    time.Duration `json:"work_ns"`             // what a message costs it
	Buffer  int           `json:"buffer_bytes"`        // what waits for it at most
	Resend  int           `json:"resend_buffer_bytes"` // the publisher's
	Backlog int64         `json:"backlog_bytes,omitempty"`
	Floor   uint64        `json:"repair_floor_bytes_per_second,omitempty"`
}

// Ratio is how crier compares with the bare exchange, run by run.
type Ratio struct {
	P50  Spread `json:"p50"`
	P99  Spread `json:"p99"`
	Note string `json:"of"`
}

// figures makes a run's figures of what its processes reported.
func (out *outcome) figures(size int) Figures {
	f := Figures{Messages: out.sent}
	rate := math.Inf(1)
	var latency, all hist.Histogram
	for _, r := range out.readers {
		rate = min(rate, r.Rate)
		f.Missing += r.Missing
		f.Lost += r.Lost
		f.Disorder += r.Disorder
		f.Damaged += r.Damaged
		f.Recovered += r.Recovered
		f.KernelDrops += r.KernelDrops
		f.SubscriberRSS = max(f.SubscriberRSS, r.RSS[1])
		f.SubscriberGrowth = max(f.SubscriberGrowth, int64(r.RSS[1])-int64(r.RSS[0]))
		f.SubscriberCPU += perMessage(float64(r.CPU), out.sent) / float64(len(out.readers))
		f.SubscriberAllocs += perMessage(float64(r.Allocs), out.sent) / float64(len(out.readers))
		f.shifted(r.ClockShift)
		merge(&latency, r.Latency)
	}
	repaired, recovery := out.merged(func(r *Result) *hist.Histogram { return r.Repaired }), out.merged(func(r *Result) *hist.Histogram { return r.Recovery })
	all.Merge(&latency)
	all.Merge(repaired)
	if !math.IsInf(rate, 1) {
		f.MessagesPerSecond, f.BytesPerSecond = rate, rate*float64(size)
	}
	f.Latency = all.Quantiles()
	if repaired.Count() > 0 {
		f.Intact, f.Repaired = latency.Quantiles(), repaired.Quantiles()
	}
	f.Recovery = recovery.Quantiles()
	f.Found = out.merged(func(r *Result) *hist.Histogram { return r.Found }).Quantiles()
	f.Kernel = out.merged(func(r *Result) *hist.Histogram { return r.Kernel }).Quantiles()
	var late hist.Histogram
	for _, r := range out.writers {
		f.PublisherCPU += perMessage(float64(r.CPU), out.sent)
		f.PublisherAllocs += perMessage(float64(r.Allocs), out.sent)
		f.PublisherRSS = max(f.PublisherRSS, r.RSS[1])
		f.PublisherGrowth = max(f.PublisherGrowth, int64(r.RSS[1])-int64(r.RSS[0]))
		f.Datagrams += r.Datagrams
		f.SentBytes += perMessage(float64(r.Bytes), out.sent)
		f.Calls += r.Calls
		f.Nacks += r.Nacks
		f.Repairs += r.Repairs
		f.SendErrors += r.SendErrors
		f.shifted(r.ClockShift)
		merge(&late, r.Late)
	}
	for _, r := range out.slow {
		f.SlowMessages += r.Messages
		f.SlowLost += r.Lost
		f.SlowMissing += r.Missing
		f.Damaged += r.Damaged
		if len(r.Phases) > 0 { // it was to get all
			f.Disorder += r.Disorder
		}
	}
	f.Late = late.Quantiles()
	f.CPU = f.PublisherCPU + f.SubscriberCPU*float64(len(out.readers))
	return f
}

func perMessage(what float64, messages uint64) float64 {
	if messages == 0 {
		return 0
	}
	return what / float64(messages)
}

func (f *Figures) shifted(d time.Duration) {
	if d.Abs() > time.Duration(f.ClockShift).Abs() {
		f.ClockShift = int64(d)
	}
}

func merge(into, from *hist.Histogram) {
	if from != nil {
		into.Merge(from)
	}
}

// merged is one histogram of all subscribers.
func (out *outcome) merged(of func(*Result) *hist.Histogram) *hist.Histogram {
	h := new(hist.Histogram)
	for _, r := range out.readers {
		merge(h, of(r))
	}
	return h
}

// add adds a run to the cell.
func (c *Cell) add(out *outcome, f Figures) {
	c.Pinned = out.pinned
	c.Each = append(c.Each, f)
	for _, r := range out.readers {
		merge(&c.latency, r.Latency)
		merge(&c.latency, r.Repaired)
		merge(&c.repaired, r.Repaired)
		merge(&c.recovery, r.Recovery)
		merge(&c.found, r.Found)
	}
	c.Figures = medians(c.Each)
}

// key names what is measured: two cells with one key can be compared.
func (c *Cell) key() string {
	pressure := ""
	if c.Overloaded != nil {
		pressure = fmt.Sprint(*c.Overloaded)
	}
	return strings.Join([]string{c.Benchmark, c.System, c.Way, c.Net, fmt.Sprint(c.RealFrames, c.GRO), fmt.Sprint(c.Size),
		fmt.Sprint(c.Subscribers), fmt.Sprint(c.Publishers), fmt.Sprint(c.Rate), c.Wait, c.Overload, pressure, fmt.Sprint(c.Drop), fmt.Sprint(c.Offload)}, "/")
}
