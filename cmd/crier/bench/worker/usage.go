package worker

import (
	"runtime"
	"time"

	"crier/cmd/crier/bench/job"
)

// usage measures a worker's use of the machine since startUsage.
type usage struct {
	cpu    time.Duration
	allocs uint64
	rss    uint64
	clock  clock
}

// startUsage collects the garbage of opening sockets, and begins to count.
func startUsage() usage {
	runtime.GC()
	return usage{cpu: processorTime(), allocs: allocations(), rss: resident(), clock: startClock()}
}

// into adds the use to a result.
func (u *usage) into(r *job.Result) {
	r.CPU = processorTime() - u.cpu
	r.Allocs = allocations() - u.allocs
	r.RSS = [2]uint64{u.rss, resident()}
	r.ClockShift = u.clock.shift()
}

func allocations() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
