package store

import (
	"crier/nack"
	"crier/reliable/journal"
)

// maxBlocks bounds the blocks of one job that writes: where frames wait for the disk, it gets
// more of them at once.
const maxBlocks = 4

// A writing is a job that writes, which is used again and again.
type writing struct {
	job journal.Job
	// records are those of frames, and one for an end behind them; count are those of frames.
	records [maxBlocks + 1]journal.Record
	count   int
	// frames are those of all records.
	frames nack.Range
	// copied says that the driver needs the ring's memory no longer.
	copied bool
}

// begin begins a job.
func (w *writing) begin() { w.count, w.frames = 0, nack.Range{} }

// add adds a record of frames behind the others.
func (w *writing) add(r journal.Record) {
	if w.records[w.count] = r; w.count == 0 {
		w.frames.From = r.Frames.From
	}
	w.frames.To = r.Frames.To
	w.count++
}

// make makes the job.
func (w *writing) make(key journal.Key) *journal.Job {
	w.copied = false
	w.job.Key, w.job.Records = key, w.records[:w.count]
	w.job.Title, w.job.Reset, w.job.Trim, w.job.Sync = nil, false, 0, false
	return &w.job
}

// done takes the frames below next into the account, and lets go of the ring's memory. It
// returns their number.
func (w *writing) done(x *index, next uint64) (n uint64) {
	for i := range w.records[:w.count] {
		r := &w.records[i]
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
