// Package disk runs a log on a goroutine of its own, for those who must not wait for a disk.
package disk

import (
	"errors"
	"sync"
	"time"

	"crier/multicast/files"
	"crier/reliable/journal"
)

// A Disk does the jobs of a log, one after the other, on a goroutine of its own.
type Disk struct {
	dir    *files.Dir
	log    *journal.Log
	states []journal.State

	mu    sync.Mutex
	more  sync.Cond
	queue []task
	// copied holds the frames of a task that copies.
	copied []byte
	// ends says that the goroutine ends once the queue is empty.
	ends bool
	done chan struct{}
	err  error
}

// A task is a job, and who is told of its result; and of its frames' copy, if it is copied.
type task struct {
	job    *journal.Job
	copied func()
	done   func(*journal.Result)
}

// Open opens the log in a directory, which it makes if need be, and locks it. The Report tells
// what was put in order.
func Open(path string, cfg journal.Config) (*Disk, *journal.Report, error) {
	dir, err := files.Open(path)
	if err != nil {
		return nil, nil, err
	}
	log, report, err := journal.Open(dir, cfg, time.Now().UnixNano())
	if err != nil {
		return nil, report, errors.Join(err, dir.Close())
	}
	return Run(dir, log), report, nil
}

// Run runs a log in a directory, and closes both at the end.
func Run(dir *files.Dir, log *journal.Log) *Disk {
	d := &Disk{dir: dir, log: log, states: log.States(), done: make(chan struct{})}
	d.more.L = &d.mu
	go d.run()
	return d
}

// States returns what the log held when it was opened.
func (d *Disk) States() []journal.State { return d.states }

// Start hands a job to the goroutine, and never blocks. done is called later, on that goroutine,
// with the job's result; it may start further jobs. After Close nothing is done.
func (d *Disk) Start(job *journal.Job, done func(*journal.Result)) {
	d.start(task{job, nil, done})
}

// StartCopy is like Start, but copies the frames of the job's records first, and calls copied.
// Their memory may then be used again, however long the disk takes.
func (d *Disk) StartCopy(job *journal.Job, copied func(), done func(*journal.Result)) {
	d.start(task{job, copied, done})
}

func (d *Disk) start(t task) {
	d.mu.Lock()
	d.queue = append(d.queue, t)
	d.mu.Unlock()
	d.more.Signal()
}

// run does the jobs.
func (d *Disk) run() {
	defer close(d.done)
	for {
		d.mu.Lock()
		for len(d.queue) == 0 && !d.ends {
			d.more.Wait()
		}
		if len(d.queue) == 0 {
			d.mu.Unlock()
			break
		}
		t := d.queue[0]
		d.queue = append(d.queue[:0], d.queue[1:]...)
		d.mu.Unlock()
		if t.copied != nil {
			d.copy(t.job)
			t.copied()
		}
		t.done(d.log.Do(t.job, time.Now().UnixNano()))
	}
	d.err = errors.Join(d.log.Close(), d.dir.Close())
}

// copy copies the frames of a job's records.
func (d *Disk) copy(job *journal.Job) {
	d.copied = d.copied[:0]
	for i := range job.Records {
		r := &job.Records[i]
		from := len(d.copied)
		d.copied = append(d.copied, r.Data...)
		r.Data = d.copied[from:len(d.copied):len(d.copied)]
	}
}

// Free returns the room on the disk that this process may use, in bytes.
func (d *Disk) Free() (int64, error) { return d.dir.Free() }

// Close does the jobs that were started, syncs and seals the log, and unlocks the directory.
// Nothing may be started meanwhile but by a job's done.
func (d *Disk) Close() error {
	d.mu.Lock()
	d.ends = true
	d.mu.Unlock()
	d.more.Signal()
	<-d.done
	return d.err
}
