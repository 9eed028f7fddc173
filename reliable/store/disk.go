package store

import (
	"errors"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
)

// Frames that the ring has no room to keep are written to a journal on disk, in order, and
// read again for a subscriber that is behind. Either they are written when the ring is half
// full with frames that are needed, and trimmed when nobody needs them: a spill. Or all are
// written as soon as they are sealed, and outlive the process: a record. The Buffer only
// names the jobs. A driver does them, one at a time, elsewhere.

const (
	// maxIdle bounds the unneeded frames that may lie on disk while there is nothing else
	// to do: as many as a segment of a small spill holds, if they are large.
	maxIdle = 4096
	// unlimited is more than any disk has.
	unlimited = 1 << 62
)

// ErrShort is the error of a read that returned none of the frames.
var ErrShort = errors.New("the disk returned other frames than were written")

// A deed is the kind of a job.
type deed uint8

const (
	idle deed = iota
	writes
	reads
	letsGo
	syncs
)

// A disk is the account of the frames on disk: those of its index, which follow each other
// but for holes.
type disk struct {
	// limit is in bytes of frames that must be kept; 0 means that there is no disk.
	limit int64
	key   journal.Key
	index index
	// record is the account of a log that outlives the process, or nil for a spill.
	record *record

	// out is the job that is out.
	out   deed
	write writing
	read  reading
	// letting is the job that only trims.
	letting journal.Job

	// failed is the error that stopped writing: for good in a spill, for now in a record.
	failed error
	// turn says that the last job was a read.
	turn bool
	// left says that unneeded frames are on disk.
	left bool
	// low is the frame below which all were deleted.
	low uint64
	// next is where the tape in the journal ends.
	next uint64
}

// newDisk returns an account of an empty disk.
func newDisk(cfg *Config) disk {
	d := disk{limit: cfg.Disk, key: cfg.Key, index: newIndex(cfg.Disk)}
	if cfg.Title != nil {
		d.record = newRecord(cfg)
		if d.limit == 0 {
			d.limit = unlimited
		}
	}
	return d
}

// from returns the lowest frame on disk, and false if there is none.
func (d *disk) from() (uint64, bool) {
	if d.index.empty() {
		return 0, false
	}
	return d.index.from(), true
}

// room returns how many bytes more may be written, if frames from needed on must be kept.
func (d *disk) room(needed uint64) int64 {
	if d.record != nil { // what isn't needed makes room by itself
		return d.limit - d.index.bytes(needed)
	}
	if d.index.empty() {
		return d.limit
	}
	return d.limit - d.index.bytes(d.index.from())
}

// may reports whether more may be written, if frames from needed on must be kept.
func (d *disk) may(needed uint64, stride int) bool {
	return d.limit > 0 && d.failed == nil && (needed != None || d.record != nil) &&
		d.room(needed) >= journal.BlockSize(1, stride)
}

// passed forgets the frames of a spill that no subscriber that counts needs. If one that
// is readmitted is behind the frames on disk, the ring holds all of those as well: then the
// disk starts again at needed, so that the kept frames have no hole.
func (d *disk) passed(needed, ringOldest uint64) {
	if d.record != nil {
		return
	}
	if from, ok := d.from(); ok && needed < from && needed >= ringOldest {
		d.index.reset()
		return
	}
	d.index.trim(needed)
}

// pin returns the first frame that must stay in the ring: frames that must be kept and
// aren't on disk, and frames that are being written.
func (d *disk) pin(needed uint64) uint64 {
	pin := needed
	if !d.index.empty() {
		pin = max(pin, d.index.end)
	}
	if d.record != nil {
		pin = d.record.pin(pin, d.failed)
	}
	if d.out == writes && !d.write.copied {
		pin = min(pin, d.write.frames.From)
	}
	return pin
}

// lacks reports whether a frame is known to be missing on disk.
func (d *disk) lacks(seq uint64) bool { return d.record != nil && d.record.lacks(seq) }

// idle reports whether it is time to delete unneeded frames though there is nothing else
// to do: all of them are, or many.
func (d *disk) idle() bool {
	from, ok := d.from()
	return !ok || from >= d.low+maxIdle
}

// letGo returns the job that only trims, below a number.
func (d *disk) letGo() *journal.Job {
	d.letting = journal.Job{Key: d.key}
	return &d.letting
}

// A reading reads frames back. Two jobs take turns: the frames of one are viewed while the
// other is out.
type reading struct {
	// want is the range to be read; one read is out at a time.
	want nack.Range
	jobs [2]journal.Job
	turn int
	got  loaded
	lost []nack.Range
}

// A loaded is the result of the last read. Frames that couldn't be had are nil.
type loaded struct {
	nack.Range
	frames [][]byte
}

// make makes the job that reads the wanted frames.
func (r *reading) make(key journal.Key) *journal.Job {
	job := &r.jobs[r.turn]
	job.Key, job.Read = key, r.want
	return job
}

// done takes the result, and returns the ranges that can't be had, valid until the next
// call.
func (r *reading) done(res *journal.Result) (lost []nack.Range, err error) {
	want := r.want
	r.want, r.lost = nack.Range{}, r.lost[:0]
	job := &r.jobs[r.turn]
	if job.Buffer = res.Buffer; res.Read.Len() == 0 || res.Read.From != want.From ||
		res.Read.Len() != uint64(len(res.Frames)) {
		if err = res.Err; err == nil {
			err = ErrShort
		}
		return append(r.lost, want), err
	}
	r.turn = 1 - r.turn
	r.got = loaded{res.Read, res.Frames}
	for i, f := range res.Frames {
		seq := res.Read.From + uint64(i)
		switch n := len(r.lost); {
		case f != nil:
		case n > 0 && r.lost[n-1].To == seq:
			r.lost[n-1].To++
		default:
			r.lost = append(r.lost, nack.Range{From: seq, To: seq + 1})
		}
	}
	return r.lost, res.Err
}

// frame returns a frame of the last read, or nil.
func (r *reading) frame(seq uint64) []byte {
	if g := &r.got; g.Contains(seq) {
		return g.frames[seq-g.From]
	}
	return nil
}

// due returns when the next job is due though nothing happens.
func (d *disk) due() reliable.Time {
	if d.record == nil || d.out != idle {
		return reliable.Never
	}
	return min(d.record.due, d.record.syncDue)
}
