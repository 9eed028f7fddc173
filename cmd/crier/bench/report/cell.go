package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/hist"
	"crier/reliable"
)

// Cell is an object of the output: a benchmark with all its parameters, and the medians of its
// runs.
type Cell struct {
	Benchmark   string `json:"benchmark"`
	System      string `json:"system"`        // crier, bare or tcp
	Way         string `json:"way,omitempty"` // one way, round trip; plain, sendmmsg, offload
	Net         string `json:"net"`           // lo, netns, or the interface
	RealFrames  bool   `json:"real_frames"`
	GRO         bool   `json:"gro,omitempty"` // the receiving interfaces merge them again
	Size        int    `json:"size_bytes"`
	Subscribers int    `json:"subscribers"`
	Publishers  int    `json:"publishers"`
	// Rate is in messages a second; absent: as fast as possible.
	Rate    float64 `json:"rate_messages_per_second,omitempty"`
	Wait    string  `json:"wait,omitempty"`
	Pinned  bool    `json:"pinned,omitempty"` // each process had a processor of its own
	Drop    float64 `json:"drop"`
	Offload bool    `json:"offload"`
	Method  string  `json:"method"` // how the rate came about
	Window  uint64  `json:"window_messages,omitempty"`
	Batch   int     `json:"batch_messages,omitempty"` // handed over at once
	// Overload is the answer of a crawling subscriber to messages that it can't take.
	Overload string `json:"overload,omitempty"`

	Overloaded *Overloaded `json:"pressure,omitempty"`

	Figures // medians; but Missing, Lost and Disorder are sums

	// Each has the figures of each run, in their order.
	Each []Figures `json:"runs"`
	// ShareOfLimit is the part of the kernel's own rate, where that was measured.
	ShareOfLimit float64 `json:"share_of_limit,omitempty"`
	// Bare compares with runs without crier, in turn with these.
	Bare *Ratio `json:"ratio_to_bare,omitempty"`
	// Ratios compare with other ways of the benchmark, in turn with this one.
	Ratios []*Versus `json:"ratios,omitempty"`
	// Trips is the round trip that a recovery cell is held against.
	Trips *hist.Quantiles `json:"against_round_trip_ns,omitempty"`
	// InTrips are a recovery cell's times, of all runs together, as multiples of it.
	InTrips *tripQuantiles `json:"round_trips,omitempty"`

	// Interrupted tells how far the run was that these figures are of, if not to its end.
	Interrupted string `json:"interrupted,omitempty"`

	Environment *Environment `json:"environment"`

	latency, repaired, recovery, found hist.Histogram // of all runs
}

// Overloaded holds the parameters of a benchmark with a slow subscriber.
type Overloaded struct {
	Work         time.Duration    `json:"work_ns"`             // what a message costs it
	Buffer       int              `json:"buffer_bytes"`        // what waits for it at most
	ResendBuffer int              `json:"resend_buffer_bytes"` // the publisher's
	Backlog      int64            `json:"backlog_bytes,omitempty"`
	RepairFloor  reliable.BitRate `json:"-"`
}

// overloadedJSON is an Overloaded whose rate is a number, not text with a unit.
type overloadedJSON struct {
	plainOverloaded
	RepairFloor uint64 `json:"repair_floor_bits_per_second,omitempty"`
}

type plainOverloaded Overloaded

// MarshalJSON returns one object in which the rate is a number.
func (o Overloaded) MarshalJSON() ([]byte, error) {
	return json.Marshal(overloadedJSON{plainOverloaded(o), uint64(o.RepairFloor)})
}

// UnmarshalJSON reads the output of MarshalJSON.
func (o *Overloaded) UnmarshalJSON(data []byte) error {
	var from overloadedJSON
	err := json.Unmarshal(data, &from)
	*o = Overloaded(from.plainOverloaded)
	o.RepairFloor = reliable.BitRate(from.RepairFloor)
	return err
}

// AddRun adds a run to the cell.
func (c *Cell) AddRun(out *job.Outcome, f Figures) {
	c.Pinned = out.Pinned
	c.Each = append(c.Each, f)
	for _, r := range out.Readers {
		merge(&c.latency, r.Latency)
		merge(&c.latency, r.Repaired)
		merge(&c.repaired, r.Repaired)
		merge(&c.recovery, r.Recovery)
		merge(&c.found, r.Found)
	}
	c.Figures = medians(c.Each)
}

// key returns a name of the parameters: cells with one key can be compared.
func (c *Cell) key() string {
	pressure := ""
	if c.Overloaded != nil {
		pressure = fmt.Sprint(*c.Overloaded)
	}
	return strings.Join([]string{c.Benchmark, c.System, c.Way, c.Net,
		fmt.Sprint(c.RealFrames, c.GRO), fmt.Sprint(c.Size),
		fmt.Sprint(c.Subscribers), fmt.Sprint(c.Publishers), fmt.Sprint(c.Rate), c.Wait, c.Overload,
		pressure, fmt.Sprint(c.Drop), fmt.Sprint(c.Offload)}, "/")
}

// AddTrip adds a run of round trips.
func (c *Cell) AddTrip(out *job.Outcome) {
	c.Method = "each message is sent when the one before was answered"
	trip := out.Writers[0].Latency
	f := FiguresOf(out, c.Size)
	f.Trip, f.MessagesPerSecond, f.BytesPerSecond = trip.Quantiles(), out.Writers[0].Rate,
		out.Writers[0].Rate*float64(c.Size)
	c.AddRun(out, f)
	merge(&c.latency, trip)
}
