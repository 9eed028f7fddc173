package publisher

import (
	"crier/reliable"
	"crier/reliable/store"
)

// disk does the sender's disk jobs on a goroutine of its own.
type disk struct {
	p     *Publisher
	spill *spill
	// jobs takes the next job: the sender has at most one under way.
	jobs chan store.Job
	// told says that a failure to write was logged.
	told bool
}

func newDisk(p *Publisher, s *spill) *disk {
	return &disk{p: p, spill: s, jobs: make(chan store.Job, 1)}
}

// run does jobs until the Publisher stops.
func (d *disk) run() {
	defer d.spill.close()
	for {
		select {
		case job := <-d.jobs:
			frames, err := d.spill.do(&job)
			d.p.loop.Lock()
			d.p.stream.DiskDone(reliable.Time(d.p.loop.Now()), frames, err)
			d.p.dispatch()
			d.p.loop.SettleNow()
			if err != nil {
				d.log(&job, err)
			}
		case <-d.p.stopped:
			return
		}
	}
}

// log logs each failure to read, and the first to write.
func (d *disk) log(job *store.Job, err error) {
	cfg := &d.p.cfg
	if job.Data == nil {
		cfg.Logger.Error("crier: messages can't be read from disk; "+
			"subscribers that are behind lose them", "directory", cfg.Retention.DiskDir,
			"error", err)
		return
	}
	if d.told {
		return
	}
	d.told = true
	cfg.Logger.Error("crier: nothing is written to disk any more; "+
		"when memory is full, messages are handled as configured",
		"directory", cfg.Retention.DiskDir, "policy", cfg.Flow.WhenFull.String(), "error", err)
}
