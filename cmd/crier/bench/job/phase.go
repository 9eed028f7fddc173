package job

import (
	"time"

	"crier/cmd/crier/hist"
)

// DeviceBytes counts the bytes that a process has read from storage and given to the kernel
// to write there. Some of the latter may be deleted before they are written back.
type DeviceBytes struct{ Written, Read uint64 }

// Less returns the difference to an earlier count.
func (d DeviceBytes) Less(before DeviceBytes) DeviceBytes {
	return DeviceBytes{d.Written - before.Written, d.Read - before.Read}
}

// Phases of a spill, in order. Each message carries the phase in which it was published.
const (
	PhaseWarm     = iota // not measured
	PhaseBefore          // all keep up
	PhaseSpilling        // one crawls, and its backlog goes to disk
	PhaseDraining        // it catches up at full speed
	PhaseAfter           // all keep up again
	Phases
)

// PhaseNames are the phases in words.
var PhaseNames = [Phases]string{"warming up", "before", "spilling", "draining", "after"}

// Phase holds the figures of a phase at one process.
type Phase struct {
	Messages uint64

	// Of a subscriber.
	Rate    float64         `json:",omitempty"` // messages a second
	Latency *hist.Histogram `json:",omitempty"` // of those with a due time

	// Of the publisher.
	Lasted      time.Duration `json:",omitempty"`
	CPU         time.Duration `json:",omitempty"`
	Held        time.Duration `json:",omitempty"` // nothing fit
	DiskWritten uint64        `json:",omitempty"` // frames
	DiskRead    uint64        `json:",omitempty"` // frames
	Device      DeviceBytes   // the bytes that went to the device, and came from it
}

// SpillLongest bounds the time of all phases.
func SpillLongest(
	t *Task) time.Duration {
	return (4+2*DrainPhases)*t.Duration + 3*t.Pressure.Patience
}

// DrainPhases is the longest time of draining while messages go on, in durations of other
// phases.
const DrainPhases = 10
