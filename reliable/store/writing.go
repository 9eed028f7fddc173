package store

import (
	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
)

// maxBlocks bounds the blocks of one job that writes: where frames wait for the disk, it gets
// more of them at once.
const maxBlocks = 4

// A writing is a job that writes, which is used again and again.
type writing struct {
	job journal.Job
	// records are one for a hole, if it has frames, those of frames, which count counts, and
	// one for an end.
	records [maxBlocks + 2]journal.Record
	count   int
	// frames are those of all records.
	frames nack.Range
	// copied says that the driver needs the ring's memory no longer.
	copied bool
}

// begin begins a job.
func (w *writing) begin() {
	w.count, w.frames = 0, nack.Range{}
	w.records[0] = journal.Record{}
}

// lack adds the hole before the frames.
func (w *writing) lack(from, to journal.Mark) {
	w.records[0] = journal.Record{Frames: nack.Range{From: from.Seq, To: to.Seq},
		Offset: from.Offset, EndOffset: to.Offset, Hole: &unwritten}
}

// unwritten is the hole of frames that left the ring before the disk could take them.
var unwritten = journal.Hole{Cause: reliable.CauseUnwritten}

// free returns the memory for the sizes of the next record of frames.
func (w *writing) free() []int32 { return w.records[1+w.count].Sizes }

// add adds a record of frames behind the others.
func (w *writing) add(r journal.Record) {
	if w.count == 0 {
		w.frames.From = r.Frames.From
	}
	w.frames.To = r.Frames.To
	w.count++
	w.records[w.count] = r
}

// end adds the end of the session behind the frames.
func (w *writing) end(r journal.Record) {
	w.records[1+w.count] = r
	w.job.Records = w.records[w.first() : w.count+2]
}

// first returns the index of the first record.
func (w *writing) first() int {
	if w.records[0].Hole != nil {
		return 0
	}
	return 1
}

// make makes the job.
func (w *writing) make(key journal.Key) *journal.Job {
	w.copied = false
	w.job.Key, w.job.Records = key, w.records[w.first():w.count+1]
	w.job.Title, w.job.Reset, w.job.Trim, w.job.Sync = nil, false, 0, false
	return &w.job
}

// done takes the frames below next into the account, and lets go of the ring's memory. It
// returns their number.
func (w *writing) done(x *index, next uint64) (n uint64) {
	for i := range w.count {
		r := &w.records[1+i]
		written := r.Frames.Clip(r.Frames.From, max(r.Frames.From, next)).Len()
		if written > 0 {
			bytes := 0
			for _, size := range r.Sizes[:written] {
				bytes += int(size)
			}
			x.add(journal.Mark{Seq: r.Frames.From, Offset: r.Offset}, r.Frames.From+written,
				journal.BlockSize(int(written), bytes))
		}
		n += written
		r.Data = nil
	}
	return n
}
