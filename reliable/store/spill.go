package store

import (
	"errors"

	"crier/nack"
)

// A Buffer's second part: what the ring has no room to keep any longer is written to
// disk, in order, and read again for a subscriber that is behind. The Buffer only names
// the jobs; a driver does them, one at a time, elsewhere.

const (
	// maxWrite is how many frames are written at once, at the most.
	maxWrite = 256
	// maxIdle is how many frames that nobody needs any more may lie on disk until
	// there is something else to do: what a segment holds, where they are large.
	maxIdle = 4096
	// RecordHead is what a record on disk has beside its frame, in bytes.
	RecordHead = 16
)

// Job is something to do on disk.
type Job struct {
	Frames nack.Range
	// Data, if not nil, is to be written: the frames one after the other, each of
	// as many bytes as Sizes says. It is a view of the ring, valid until JobDone.
	// Else the frames, if there are any, are to be read.
	Data  []byte
	Sizes []int32
	// Trim: what lies below this frame is no longer needed, and is let go first. What
	// is written may lie below it, where nothing that was written before is needed.
	Trim uint64
}

// ErrShort is what a driver's read failed with that returned too little.
var ErrShort = errors.New("the disk returned other frames than were written")

// spill is the account of what lies on disk: the frames from the first run's on,
// without a gap.
type spill struct {
	limit uint64 // frames; 0 means there is no disk
	runs  []spilled
	end   uint64 // one past the last frame on disk, where there are runs

	busy   bool // a job is out
	job    Job
	failed error  // nothing is written any more
	turn   bool   // a read was the last job
	left   bool   // there are frames on disk that nobody needs
	low    uint64 // and all that lay below this one is let go

	// One read at a time.
	want nack.Range // to be read; empty for nothing
	got  loaded
}

// spilled is what one job wrote.
type spilled struct {
	nack.Range
	offset uint64 // of the first message that starts in the first frame or after it
}

// loaded is what the last job read.
type loaded struct {
	nack.Range
	frames [][]byte
}

// from returns the lowest frame on disk, and false if there is none.
func (d *spill) from() (uint64, bool) {
	if len(d.runs) == 0 {
		return 0, false
	}
	return d.runs[0].From, true
}

// held returns how many frames are on disk.
func (d *spill) held() uint64 {
	if len(d.runs) == 0 {
		return 0
	}
	return d.end - d.runs[0].From
}

// may says whether more may be written, where frames from hold on must be kept.
func (d *spill) may(hold uint64) bool {
	return d.limit > 0 && d.failed == nil && hold != None && d.held() < d.limit
}

// passed lets go of what everyone who counts has passed. Where one that counts anew
// is behind what is on disk, the ring holds all of that as well: the disk begins
// again at hold, so that what must be kept has no hole.
func (d *spill) passed(hold, ringOldest uint64) {
	if from, ok := d.from(); ok && hold < from && hold >= ringOldest {
		d.runs = d.runs[:0]
		return
	}
	n := 0
	for n < len(d.runs) && d.runs[n].To <= hold {
		n++
	}
	if n > 0 {
		d.runs = d.runs[:copy(d.runs, d.runs[n:])]
	}
}

// pin returns which frames must stay in the ring: those that must be kept and
// aren't on disk, and those that are being written.
func (d *spill) pin(hold uint64) uint64 {
	pin := hold
	if len(d.runs) > 0 {
		pin = max(pin, d.end)
	}
	if d.busy && d.job.Data != nil {
		pin = min(pin, d.job.Frames.From)
	}
	return pin
}

// offsetOf returns the offset of the first message that starts in the run that
// holds seq, or after: at or before that of seq.
func (d *spill) offsetOf(seq uint64) uint64 {
	at := uint64(0)
	for _, r := range d.runs {
		if r.From > seq {
			break
		}
		at = r.offset
	}
	return at
}

// idle says whether it is time to let go of what None needs any more, though there
// is nothing else to do: all of it, or much.
func (d *spill) idle() bool {
	from, ok := d.from()
	return !ok || from >= d.low+maxIdle
}

func (d *spill) busyReading() bool { return d.busy && d.job.Data == nil && d.job.Frames.Len() > 0 }
