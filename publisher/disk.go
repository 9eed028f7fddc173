package publisher

import (
	"time"

	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/send"
)

// disk does the sender's disk jobs on a goroutine of its own, which alone uses the journal.
type disk struct {
	p    *Publisher
	kept *kept
	// jobs takes the next job: the sender has at most one under way.
	jobs chan *journal.Job
	// copied holds the frames that are written to a log: the live stream doesn't wait for a
	// slow disk, which frames in the resend buffer would make it do.
	copied []byte
	// syncs is the job that syncs a log when that is due.
	syncs journal.Job
	told  diskTold
}

func newDisk(p *Publisher, k *kept) *disk {
	d := &disk{p: p, kept: k, jobs: make(chan *journal.Job, 1)}
	d.told = diskTold{cfg: &p.cfg, record: k.record}
	return d
}

// openDisk opens what the Publisher keeps on disk, if it keeps something.
func (p *Publisher) openDisk(config *send.Config) error {
	var k *kept
	var err error
	switch {
	case p.cfg.Record.Dir != "":
		if k = p.past.record; k != nil {
			config.Record = send.Record{On: true, Room: k.room, Wait: p.cfg.Record.Wait}
		}
	case p.cfg.Retention.Disk > 0:
		if k, err = openSpill(&p.cfg); err == nil {
			config.Retention.Disk = k.room
		}
	}
	if k != nil && err == nil {
		p.disk = newDisk(p, k)
	}
	return err
}

// run does jobs until the Publisher stops, and ends a log.
func (d *disk) run() {
	defer d.kept.close()
	for {
		timer := d.timer()
		select {
		case job := <-d.jobs:
			d.do(job)
		case <-timer.C:
			d.sync()
		case <-d.p.stopped:
			d.finish()
			return
		}
		timer.Stop()
	}
}

// timer returns a timer that fires when the next sync is due.
func (d *disk) timer() *time.Timer {
	due, ok := d.kept.log.Due()
	if !ok {
		timer := time.NewTimer(time.Hour)
		timer.Stop()
		return timer
	}
	return time.NewTimer(time.Until(time.Unix(0, due)))
}

// do does a job.
func (d *disk) do(job *journal.Job) {
	if d.kept.record && len(job.Records) > 0 {
		one := &job.Records[0]
		d.copied = append(d.copied[:0], one.Data...)
		one.Data = d.copied
		d.p.loop.Lock()
		d.p.stream.DiskCopied(reliable.Time(d.p.loop.Now()))
		d.p.dispatch()
		d.p.loop.Unlock()
	}
	res := d.kept.log.Do(job, time.Now().UnixNano())
	d.p.loop.Lock()
	d.p.stream.DiskDone(reliable.Time(d.p.loop.Now()), res)
	d.p.dispatch()
	d.p.progress.taken()
	d.p.loop.SettleNow()
	d.told.result(res)
}

// sync syncs a log.
func (d *disk) sync() {
	d.syncs.Key = journal.Key{Session: uint64(d.p.cfg.Session)}
	res := d.kept.log.Do(&d.syncs, time.Now().UnixNano())
	d.p.loop.Lock()
	d.p.stream.DiskSynced(reliable.Time(d.p.loop.Now()), res)
	d.p.progress.taken()
	d.p.loop.SettleNow()
	d.told.result(res)
}

// finish writes what waits to be written to a log, and its end.
func (d *disk) finish() {
	if !d.kept.record {
		return
	}
	select {
	case job := <-d.jobs:
		d.do(job)
	default:
	}
	for {
		d.p.loop.Lock()
		job, ok := d.p.stream.NextDisk()
		d.p.loop.Unlock()
		if !ok {
			return
		}
		d.do(job)
	}
}
