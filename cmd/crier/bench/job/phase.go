package job

import (
	"crier/cmd/crier/hist"
	"time"
)

// DeviceBytes is what a process has read from storage, and what it gave the kernel to
// write there: of that, what is deleted before it is written back never gets there.
type DeviceBytes struct{ Written, Read uint64 }

// Less returns what came after before.
func (d DeviceBytes) Less(before DeviceBytes) DeviceBytes {
	return DeviceBytes{d.Written - before.Written, d.Read - before.Read}
}

// Phases of a spill, in their order. Each message says in which it was published.
const (
	PhaseWarm     = iota // everything is touched for the first time
	PhaseBefore          // all keep up
	PhaseSpilling        // one crawls: what it has yet to take goes to disk
	PhaseDraining        // it goes on at full speed, and catches up
	PhaseAfter           // all keep up again
	Phases
)

// PhaseNames are the phases in words.
var PhaseNames = [Phases]string{"warming up", "before", "spilling", "draining", "after"}

// Phase is what one process measured of a phase.
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
	Device      DeviceBytes   // what of it went to the device, and came from it
}

// SpillLongest bounds all phases.
func SpillLongest(
	t *Task) time.Duration {
	return (4+2*DrainPhases)*t.Duration + 3*t.Pressure.Patience
}

// DrainPhases is how many times longer than other phases draining may last
// while messages go on.
const DrainPhases = 10
