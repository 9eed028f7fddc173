package store

import (
	"errors"

	"crier/nack"
)

// Frames that the ring has no room to keep are written to disk, in order, and read again for
// a subscriber that is behind. The Buffer only names the jobs. A driver does them, one at a
// time, elsewhere.

const (
	// maxWrite bounds the frames that are written at once.
	maxWrite = 256
	// maxIdle bounds the unneeded frames that may lie on disk while there is nothing else
	// to do: as many as a segment holds, if they are large.
	maxIdle = 4096
	// RecordHead is the size of a record on disk less that of its frame, in bytes.
	RecordHead = 16
)

// A Job is something to do on disk.
type Job struct {
	Frames nack.Range
	// Data, if not nil, is to be written: the frames one after the other, with the
	// lengths in Sizes. It is a view of the ring, valid until JobDone. If Data is nil,
	// the frames, if there are any, are to be read.
	Data  []byte
	Sizes []int32
	// Trim is the frame below which frames are no longer needed; they are deleted first.
	// Written frames may lie below it, if no frame that was written before is needed.
	Trim uint64
}

// ErrShort is the error of a driver's read that returned too few frames.
var ErrShort = errors.New("the disk returned other frames than were written")

// A spill is the account of the frames on disk: those from the first run on, without a
// gap.
type spill struct {
	// limit is in frames; 0 means that there is no disk.
	limit uint64
	runs  []spilled
	// end is one past the last frame on disk, if there are runs.
	end uint64

	// busy says that a job is out.
	busy bool
	job  Job
	// failed is the error that stopped writing.
	failed error
	// turn says that the last job was a read.
	turn bool
	// left says that unneeded frames are on disk.
	left bool
	// low is the frame below which all were deleted.
	low uint64

	// want is the range to be read; one read is out at a time.
	want nack.Range
	got  loaded
}

// A spilled is a run of frames that one job wrote.
type spilled struct {
	nack.Range
	// offset is that of the first message that starts in the first frame or after it.
	offset uint64
}

// A loaded is the result of the last read.
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

// may reports whether more may be written, if frames from needed on must be kept.
func (d *spill) may(needed uint64) bool {
	return d.limit > 0 && d.failed == nil && needed != None && d.held() < d.limit
}

// passed forgets the runs that no subscriber that counts needs. If one that is readmitted
// is behind the frames on disk, the ring holds all of those as well: then the disk starts
// again at needed, so that the kept frames have no hole.
func (d *spill) passed(needed, ringOldest uint64) {
	if from, ok := d.from(); ok && needed < from && needed >= ringOldest {
		d.runs = d.runs[:0]
		return
	}
	n := 0
	for n < len(d.runs) && d.runs[n].To <= needed {
		n++
	}
	if n > 0 {
		d.runs = d.runs[:copy(d.runs, d.runs[n:])]
	}
}

// pin returns the first frame that must stay in the ring: frames that must be kept and
// aren't on disk, and frames that are being written.
func (d *spill) pin(needed uint64) uint64 {
	pin := needed
	if len(d.runs) > 0 {
		pin = max(pin, d.end)
	}
	if d.busy && d.job.Data != nil {
		pin = min(pin, d.job.Frames.From)
	}
	return pin
}

// offsetOf returns the offset of the first message that starts in the run with seq or
// after it, which is at or before that of seq.
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

// idle reports whether it is time to delete unneeded frames though there is nothing else
// to do: all of them are, or many.
func (d *spill) idle() bool {
	from, ok := d.from()
	return !ok || from >= d.low+maxIdle
}

func (d *spill) busyReading() bool { return d.busy && d.job.Data == nil && d.job.Frames.Len() > 0 }
