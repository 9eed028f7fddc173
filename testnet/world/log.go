package world

import (
	"time"

	"crier/reliable/journal"
	"crier/testnet/disk"
	"crier/testnet/random"
)

// simLog is a journal.Log on a simulated disk, as a process uses it: one job at a time, which
// takes the time that the disk takes for it, and is torn where the process ends amid it.
type simLog struct {
	w    *World
	disk *disk.Disk
	cfg  journal.Config
	rand random.Generator // of the moments at which it is torn

	log  *journal.Log // nil: it isn't open
	jobs []*journal.Job
	busy bool // the first of jobs is being done
	turn int  // counts what was begun: what an earlier life began doesn't count
	done func(job *journal.Job, res *journal.Result)
}

// open opens the log as its process starts.
func (l *simLog) open() (*journal.Report, error) {
	log, report, err := journal.Open(l.disk, l.cfg, l.wall())
	l.disk.Spent()
	if err != nil {
		return nil, err
	}
	l.log, l.jobs, l.busy = log, nil, false
	l.turn++
	return report, nil
}

func (l *simLog) wall() int64 { return WallStart + int64(l.w.now) }

// start takes a job.
func (l *simLog) start(job *journal.Job) {
	if l.jobs = append(l.jobs, job); !l.busy {
		l.begin()
	}
}

// begin begins the first job that waits.
func (l *simLog) begin() {
	l.busy = true
	turn := l.turn
	l.w.At(l.w.now.Add(l.cost(l.jobs[0])), func() {
		if l.turn == turn && l.log != nil {
			l.finish()
		}
	})
}

// cost returns how long a job takes.
func (l *simLog) cost(job *journal.Job) time.Duration {
	bytes, syncs := int64(0), 0
	for i := range job.Records {
		bytes += int64(len(job.Records[i].Data))
	}
	if job.Sync || l.cfg.Fsync.Mode == journal.FsyncEach && len(job.Records) > 0 {
		syncs = 1
	}
	return l.disk.Cost(bytes, syncs)
}

// finish does the job whose time is over. Its bytes are looked at only now: they must not have
// changed since it was given.
func (l *simLog) finish() {
	job := l.jobs[0]
	l.jobs = l.jobs[:copy(l.jobs, l.jobs[1:])]
	res := l.log.Do(job, l.wall())
	l.disk.Spent()
	l.busy = false
	l.done(job, res)
	if l.log == nil {
		return // its process ended by that
	}
	if len(l.jobs) > 0 && !l.busy {
		l.begin()
	}
}

// die ends the process that uses the log, or with power the machine. A job under way is torn
// anywhere.
func (l *simLog) die(power bool) {
	if l.log == nil {
		return
	}
	if l.busy {
		job, steps := l.jobs[0], uint64(8)
		for i := range job.Records {
			steps += uint64(len(job.Records[i].Data))
		}
		l.disk.DieAfter(int64(l.rand.Below(steps)))
		l.log.Do(job, l.wall())
	}
	l.turn++
	l.log, l.jobs, l.busy = nil, nil, false
	if power {
		l.disk.PowerLoss()
	} else {
		l.disk.Kill()
	}
}

// close seals the log as a process does that leaves; what it was given before is done.
func (l *simLog) close() error {
	for l.log != nil && len(l.jobs) > 0 {
		l.finish()
	}
	if l.log == nil {
		return nil
	}
	err := l.log.Close()
	l.turn++
	l.log, l.jobs, l.busy = nil, nil, false
	return err
}
