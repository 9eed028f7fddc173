package publisher

import (
	"fmt"
	"time"

	"crier/reliable/journal"
)

// tellEvery is the least time between two words about the same trouble of a log.
const tellEvery = time.Minute

// jobsTold logs what goes wrong on disk: each failure to read; of the failures to write to a
// spill the first; of a log, when it fails and when it goes on.
type jobsTold struct {
	cfg    *Config
	record bool
	// failing says that the last write failed, and at when that was told last.
	failing bool
	at      time.Time
	// dropped is when it was told last that segments made room on a full disk, and slow that
	// the log lacks what the disk was too slow for.
	dropped, slow time.Time
}

// result tells of a job.
func (t *jobsTold) result(res *journal.Result) {
	log := t.cfg.Logger.With("directory", t.dir())
	switch {
	case res.Job.Read.Len() > 0:
		if res.Err != nil || len(res.Damaged) > 0 {
			err := res.Err
			if err == nil {
				err = fmt.Errorf("frames %v are damaged", res.Damaged)
			}
			log.Error("crier: messages can't be read from disk; subscribers that are behind "+
				"lose them", "error", err)
		}
	case !t.record:
		if res.Err != nil && !t.failing {
			t.failing = true
			log.Error("crier: nothing is written to disk any more; when memory is full, messages "+
				"are handled as configured", "error", res.Err,
				"policy", t.cfg.Flow.WhenFull.String())
		}
	default:
		t.written(res)
	}
}

func (t *jobsTold) dir() string {
	if t.record {
		return t.cfg.Record.Dir
	}
	return t.cfg.Retention.DiskDir
}

// written tells of a job that wrote to a log.
func (t *jobsTold) written(res *journal.Result) {
	log, now := t.cfg.Logger.With("directory", t.dir()), time.Now()
	switch failing := res.Full || res.Failed; {
	case failing && !t.failing:
		t.failing = true
		if now.Sub(t.at) >= tellEvery {
			t.at = now
			log.Error("crier: the publisher's log can't be written; the stream goes on, and the "+
				"log will lack what leaves the resend buffer meanwhile", "error", res.Err)
		}
	case !failing && t.failing && len(res.Job.Records) > 0:
		t.failing = false
		log.Warn("crier: the publisher's log is written again")
	case res.Err != nil && !failing:
		log.Warn("crier: the publisher's log goes on in a new file, since writing to one failed",
			"error", res.Err)
	}
	if records := res.Job.Records; len(records) > 0 && records[0].Hole != nil &&
		now.Sub(t.slow) >= tellEvery {
		t.slow = now
		log.Warn("crier: the publisher's log lacks what left the resend buffer before the disk "+
			"could take it: with Record.Wait (--record-wait) publishing waits for the disk instead",
			"frames", records[0].Frames.Len())
	}
	if res.Squeezed && now.Sub(t.dropped) >= tellEvery {
		t.dropped = now
		log.Warn("crier: the disk is full: the oldest part of the publisher's log made room, and "+
			"the log is smaller than it may be", "bytes", res.LogBytes)
	}
}
