package publisher

import (
	"time"

	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/send"
)

// jobs has the sender's disk jobs done. The loop's lock guards it.
type jobs struct {
	p    *Publisher
	kept *kept
	told jobsTold
	// out says that a job is under way: the sender has one at most. did has a token once it
	// is done.
	out bool
	// stream is the one that the job under way, or else the last one, is for.
	stream *send.Stream
	did    chan struct{}
	// copied and done are the methods of these names.
	copied func()
	done   func(*journal.Result)
}

// openDisk opens what the Publisher keeps on disk, if it keeps something.
func (p *Publisher) openDisk(config *send.Config) error {
	var k *kept
	var err error
	switch {
	case p.cfg.Record.Dir != "":
		if k = p.past.record; k != nil {
			config.Record = send.Record{On: true, Room: k.room, Wait: p.cfg.Record.Wait,
				Sync: syncEvery(p.cfg.Record.Fsync)}
		}
	case p.cfg.Retention.Disk > 0:
		if k, err = openSpill(&p.cfg); err == nil {
			config.Retention.Disk = k.room
		}
	}
	if err != nil || k == nil {
		return err
	}
	d := &jobs{p: p, kept: k, did: make(chan struct{}, 1)}
	d.told = jobsTold{cfg: &p.cfg, record: k.record}
	d.copied, d.done = d.jobCopied, d.jobDone
	p.disk = d
	return nil
}

// syncEvery returns how often a log is synced, or 0 if its journal does that or nobody.
func syncEvery(f Fsync) time.Duration {
	switch {
	case f.Mode != FsyncInterval:
		return 0
	case f.Every == 0:
		return 50 * time.Millisecond
	}
	return f.Every
}

// next has the next job done, if there is one and none is under way. The caller holds the
// loop's lock.
func (d *jobs) next() (started bool) {
	if d.out {
		return false
	}
	st, job, ok := d.p.sender.NextJob()
	if !ok {
		return false
	}
	d.stream = st
	d.out = true
	if d.kept.record { // the live stream doesn't wait for a slow disk
		d.kept.Disk.StartCopy(job, d.copied, d.done)
	} else {
		d.kept.Disk.Start(job, d.done)
	}
	return true
}

// jobCopied lets the frames that are being written leave the resend buffer.
func (d *jobs) jobCopied() {
	d.p.loop.Lock()
	d.stream.DiskCopied(reliable.Time(d.p.loop.Now()))
	d.p.dispatch()
	d.p.loop.Unlock()
}

// jobDone takes the result of a job.
func (d *jobs) jobDone(res *journal.Result) {
	d.told.result(res)
	d.p.loop.Lock()
	d.out = false
	d.stream.DiskDone(reliable.Time(d.p.loop.Now()), res)
	d.p.dispatch()
	d.p.progress.taken()
	d.p.loop.SettleNow()
	select {
	case d.did <- struct{}{}:
	default:
	}
}

// finish writes what waits to be written to a log, and its end. The Publisher starts no
// jobs any more.
func (d *jobs) finish() {
	for {
		d.p.loop.Lock()
		more := d.out || d.kept.record && d.next()
		d.p.loop.Unlock()
		if !more {
			break
		}
		<-d.did
	}
	d.kept.close()
}
