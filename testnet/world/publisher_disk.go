package world

import (
	"errors"
	"fmt"
	"time"

	"crier/nack"
	"crier/reliable/journal"
)

// simDisk is a simulated publisher's disk: it takes a while, and may fail.
type simDisk struct {
	low    uint64   // frames below are forgotten
	frames [][]byte // from low on
	most   int      // the most frames that it held
	jobs   int
}

// DiskConfig says how a simulated publisher's disk behaves. What it may hold,
// PublisherConfig.Sender says.
type DiskConfig struct {
	// Wait is how long a read or write takes.
	Wait time.Duration
	// FailWrites and FailReads let jobs fail from the n-th job on; 0: never.
	FailWrites, FailReads int
}

// ErrDisk is the error of a simulated disk.
var ErrDisk = errors.New("testnet: the simulated disk fails")

// diskWork starts the next job of the disk, one of each partition at a time.
func (p *Publisher) diskWork() {
	for i := range p.streams {
		if job, ok := p.m.Stream(uint32(i)).NextDisk(); ok {
			life := p.lives
			p.w.At(p.w.now.Add(p.cfg.Disk.Wait), func() { p.diskDone(job, life) })
		}
	}
}

// diskDone ends a job. A paused process takes it when it wakes.
func (p *Publisher) diskDone(job *journal.Job, life int) {
	if p.state != running || p.lives != life {
		return
	}
	if p.asleep.on {
		before := p.asleep.disk
		p.asleep.disk = func() {
			if before != nil {
				before()
			}
			p.diskDone(job, life)
		}
		return
	}
	n := job.Key.Channel
	p.m.Stream(n).DiskDone(p.now(), p.disks[n].do(job, &p.cfg.Disk))
	p.settle()
}

// do reads or writes. The bytes are looked at only now: they must not have
// changed since the job was given.
func (d *simDisk) do(job *journal.Job, cfg *DiskConfig) *journal.Result {
	d.jobs++
	if job.Reset {
		d.low, d.frames = d.low+uint64(len(d.frames)), nil
	}
	if n := min(uint64(len(d.frames)), job.Trim-min(job.Trim, d.low)); n > 0 {
		clear(d.frames[:n])
		d.frames, d.low = d.frames[n:], d.low+n
	}
	res := &journal.Result{Job: job}
	if len(job.Records) > 0 {
		if res.Err = d.write(&job.Records[0], cfg); res.Err != nil {
			res.Failed = true
		}
	}
	if job.Read.Len() > 0 {
		if res.Frames, res.Err = d.read(job.Read, cfg); res.Err == nil {
			res.Read = job.Read
		}
	}
	res.State.Next.Seq = d.low + uint64(len(d.frames))
	return res
}

func (d *simDisk) write(r *journal.Record, cfg *DiskConfig) error {
	if cfg.FailWrites > 0 && d.jobs >= cfg.FailWrites {
		return ErrDisk
	}
	if r.Frames.From != d.low+uint64(len(d.frames)) {
		if len(d.frames) > 0 {
			return fmt.Errorf("testnet: the publisher writes frames %v after %d",
				r.Frames, d.low+uint64(len(d.frames)))
		}
		d.low = r.Frames.From
	}
	data := r.Data
	for _, size := range r.Sizes {
		d.frames = append(d.frames, append([]byte(nil), data[:size]...))
		data = data[size:]
	}
	d.most = max(d.most, len(d.frames))
	return nil
}

func (d *simDisk) read(r nack.Range, cfg *DiskConfig) ([][]byte, error) {
	if cfg.FailReads > 0 && d.jobs >= cfg.FailReads {
		return nil, ErrDisk
	}
	if r.From < d.low || r.To > d.low+uint64(len(d.frames)) {
		return nil, fmt.Errorf("testnet: the publisher reads frames %v, and [%d, %d) are on disk",
			r, d.low, d.low+uint64(len(d.frames)))
	}
	return d.frames[r.From-d.low : r.To-d.low], nil
}
