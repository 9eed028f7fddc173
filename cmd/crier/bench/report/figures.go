package report

import (
	"math"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/hist"
)

// Figures are the figures of a run. Those that weren't measured are absent.
type Figures struct {
	MessagesPerSecond float64 `json:"messages_per_second"` // the slowest subscriber's
	BytesPerSecond    float64 `json:"bytes_per_second"`    // the same, in bytes of messages
	Messages          uint64  `json:"messages"`            // published
	Missing           uint64  `json:"missing"`             // not delivered, over all subscribers
	Lost              uint64  `json:"lost"`                // of these, named in loss reports
	Disorder          uint64  `json:"disorder"`            // delivered out of order, or twice
	Recovered         uint64  `json:"recovered"`           // delivered with a repair's help

	Latency *hist.Quantiles `json:"latency_ns"` // of all messages
	// Intact is of messages that needed no repair, Repaired of the others.
	Intact   *hist.Quantiles `json:"intact_latency_ns,omitempty"`
	Repaired *hist.Quantiles `json:"repaired_latency_ns,omitempty"`
	// Recovery is from finding a gap to its repair.
	Recovery *hist.Quantiles `json:"recovery_ns,omitempty"`
	// Found is the rest of repaired messages' latency.
	Found  *hist.Quantiles `json:"found_latency_ns,omitempty"`
	LossTo *hist.Quantiles `json:"loss_to_delivery_ns,omitempty"` // from when it should have come
	// Kernel is from due time to the receiving kernel.
	Kernel *hist.Quantiles `json:"to_kernel_ns,omitempty"`
	Trip   *hist.Quantiles `json:"round_trip_ns,omitempty"`
	// Late is the delay with which messages were published.
	Late *hist.Quantiles `json:"generator_late_ns,omitempty"`

	// CPU is of all processes, for a published message.
	CPU           float64 `json:"cpu_ns_per_message"`
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
	// ClockShift is the largest shift of a wall clock in use.
	ClockShift int64 `json:"clock_shift_ns"`

	// Again counts messages that another worker of a team may have had, and that say so.
	Again uint64 `json:"again,omitempty"`
	// BrokerCPU is the part of CPU that a broker takes, between publishers and workers.
	BrokerCPU float64 `json:"broker_cpu_ns_per_message,omitempty"`
	// Moving is the latency of messages whose partition has just moved to another worker. Latency
	// is without them.
	Moving *hist.Quantiles `json:"moving_latency_ns,omitempty"`
	// Samples is how many partitions moved, where Latency is how long that took.
	Samples uint64 `json:"samples,omitempty"`

	// Of crawling subscribers, which no other figure counts.
	SlowMessages uint64 `json:"slow_delivered,omitempty"`
	SlowLost     uint64 `json:"slow_lost,omitempty"` // named in loss reports
	// Served is what a survivor beside the measured ones got of them, of a publisher that died.
	Served float64 `json:"served_bytes_per_second,omitempty"`

	// IdleSent and IdleHeard are the datagrams that a publisher sends and hears when it has sent
	// all.
	IdleSent  float64 `json:"idle_sent_per_second,omitempty"`  // datagrams that an idle publisher sends
	IdleHeard float64 `json:"idle_heard_per_second,omitempty"` // datagrams that it hears

	// Where every byte is checked, and a publisher keeps a slow subscriber's pace.
	SlowMissing uint64 `json:"slow_missing,omitempty"`
	// Damaged counts messages that differ from the published ones, at the slow subscriber too.
	Damaged uint64 `json:"damaged,omitempty"`
	Spill   *Spill `json:"spill,omitempty"`
}

// FiguresOf returns a run's figures from the reports of its processes.
func FiguresOf(out *job.Outcome, size int) Figures {
	f := Figures{Messages: out.Sent}
	rate := math.Inf(1)
	var latency, all hist.Histogram
	for _, r := range out.Readers {
		rate = min(rate, r.Rate)
		f.Missing += r.Missing
		f.Lost += r.Lost
		f.Disorder += r.Disorder
		f.Damaged += r.Damaged
		f.Recovered += r.Recovered
		f.KernelDrops += r.KernelDrops
		f.SubscriberRSS = max(f.SubscriberRSS, r.RSS[1])
		f.SubscriberGrowth = max(f.SubscriberGrowth, int64(r.RSS[1])-int64(r.RSS[0]))
		f.SubscriberCPU += perMessage(float64(r.CPU), out.Sent) / float64(len(out.Readers))
		f.SubscriberAllocs += perMessage(float64(r.Allocs), out.Sent) / float64(len(out.Readers))
		f.shifted(r.ClockShift)
		merge(&latency, r.Latency)
	}
	repaired, recovery := merged(out, func(r *job.Result) *hist.Histogram { return r.Repaired }),
		merged(out, func(r *job.Result) *hist.Histogram { return r.Recovery })
	all.Merge(&latency)
	all.Merge(repaired)
	if len(out.Writers) > 0 && out.Writers[0].IdleSent > 0 {
		rate = 0 // nothing was published
	}
	if !math.IsInf(rate, 1) {
		f.MessagesPerSecond, f.BytesPerSecond = rate, rate*float64(size)
	}
	f.Latency = all.Quantiles()
	if repaired.Count() > 0 {
		f.Intact, f.Repaired = latency.Quantiles(), repaired.Quantiles()
	}
	f.Recovery = recovery.Quantiles()
	f.Found = merged(out, func(r *job.Result) *hist.Histogram { return r.Found }).Quantiles()
	f.Kernel = merged(out, func(r *job.Result) *hist.Histogram { return r.Kernel }).Quantiles()
	var late hist.Histogram
	for _, r := range out.Writers {
		f.PublisherCPU += perMessage(float64(r.CPU), out.Sent)
		f.PublisherAllocs += perMessage(float64(r.Allocs), out.Sent)
		f.PublisherRSS = max(f.PublisherRSS, r.RSS[1])
		f.PublisherGrowth = max(f.PublisherGrowth, int64(r.RSS[1])-int64(r.RSS[0]))
		f.IdleSent += r.IdleSent
		f.IdleHeard += r.IdleHeard
		f.Datagrams += r.Datagrams
		f.SentBytes += perMessage(float64(r.Bytes), out.Sent)
		f.Calls += r.Calls
		f.Nacks += r.Nacks
		f.Repairs += r.Repairs
		f.SendErrors += r.SendErrors
		f.shifted(r.ClockShift)
		merge(&late, r.Late)
	}
	for _, r := range out.Slow {
		f.SlowMessages += r.Messages
		f.SlowLost += r.Lost
		f.Served += r.Served
		f.SlowMissing += r.Missing
		f.Damaged += r.Damaged
		if len(r.Phases) > 0 { // it was to get all
			f.Disorder += r.Disorder
		}
	}
	f.Late = late.Quantiles()
	f.CPU = f.PublisherCPU + f.SubscriberCPU*float64(len(out.Readers))
	if out.Shared {
		f.teamFigures(out, size)
	}
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

// merged returns one histogram of all subscribers.
func merged(out *job.Outcome, of func(*job.Result) *hist.Histogram) *hist.Histogram {
	h := new(hist.Histogram)
	for _, r := range out.Readers {
		merge(h, of(r))
	}
	return h
}

// time returns the main figure of a latency cell's run.
func (f *Figures) time() *hist.Quantiles {
	if f.Trip != nil {
		return f.Trip
	}
	return f.Latency
}
