package store

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
)

const (
	// recordWait is how long a frame may wait for others, with which it makes a block.
	recordWait = time.Millisecond
	// recordAgain is the time from a failed write to the next.
	recordAgain = time.Second
)

// A record is the account of a publisher's own log: every frame is written, and the log
// outlives the process. The live stream doesn't wait for it, unless it is asked to.
type record struct {
	// title is for the next job that writes; nil once the log has it.
	title *reliable.Title
	// waits says that frames that aren't written stay in the ring.
	waits bool
	// mark is the first frame that isn't written.
	mark journal.Mark
	// due is when to write next at the latest; Never if nothing waits.
	due reliable.Time
	// every is the time from a write to the sync after it, or 0. syncDue is when the next
	// sync is due; Never if all is synced.
	every   time.Duration
	syncDue reliable.Time
	sync    journal.Job
	// The log's frames below written and synced are safe.
	written, synced uint64
	holes           []nack.Range
	// missed counts the frames that left the ring unwritten.
	missed uint64
	// ending says that no frame follows, and ended that the log says so.
	ending, ended bool
	// hurry says that frames don't wait for others.
	hurry bool
	end   journal.End
}

func newRecord(cfg *Config) *record {
	return &record{title: cfg.Title, waits: cfg.Wait, due: reliable.Never,
		mark:  journal.Mark{Seq: cfg.First, Offset: cfg.Offset},
		every: cfg.Sync, syncDue: reliable.Never}
}

// pin returns the first frame that must stay in the ring, if that is pin but for the log.
func (r *record) pin(pin uint64, failed error) uint64 {
	if r.waits && failed == nil {
		return min(pin, r.mark.Seq)
	}
	return pin
}

// retries reports whether it is time to write again after a failure.
func (r *record) retries(now reliable.Time) bool { return now >= r.due }

// from returns the first frame to be written. Where more than three quarters of the ring
// would be, those of the older half are left out: the disk is too slow, and the live stream
// doesn't wait for it.
func (r *record) from(b *Buffer) uint64 {
	from := max(r.mark.Seq, b.ring.oldest)
	if r.waits || b.needed <= from {
		return from
	}
	if b.ring.span(from, b.next) > len(b.ring.buf)/4*3 ||
		b.next-from > uint64(len(b.ring.index))/4*3 {
		return b.half(from)
	}
	return from
}

// ripe reports whether it is time to write the frames of the ring from one on, or the end:
// they make a block, or fill a quarter of the ring, or have waited.
func (r *record) ripe(now reliable.Time, b *Buffer, from uint64) bool {
	end := r.ending && !r.ended
	if from == b.next && !end {
		return false
	}
	ring := &b.ring
	if end || r.hurry || now >= r.due ||
		b.next-from >= min(journal.MaxFrames, uint64(len(ring.index))/4) ||
		ring.span(from, b.next) >= min(journal.MaxBlock, len(ring.buf)/4) {
		return true
	}
	r.due = min(r.due, now.Add(recordWait))
	return false
}

// complete adds the title and the end to a job that writes, and has it sync if that is due.
// The last frame is next-1, and end the offset after it.
func (r *record) complete(now reliable.Time, w *writing, next, end uint64) {
	w.job.Title, w.job.Sync = r.title, now >= r.syncDue
	if !r.ending || w.frames.To != next {
		return
	}
	r.end = journal.End{Seq: next, Offset: end, How: reliable.EndBye}
	w.end(journal.Record{Frames: nack.Range{From: next, To: next}, Offset: end, EndOffset: end,
		End: &r.end})
}

// lacks reports whether the log has a hole for a frame.
func (r *record) lacks(seq uint64) bool {
	for i := len(r.holes) - 1; i >= 0 && r.holes[i].To > seq; i-- {
		if r.holes[i].Contains(seq) {
			return true
		}
	}
	return false
}

// whole returns a frame from which on all frames below the ring's oldest are written.
func (r *record) whole(oldest uint64) uint64 {
	if r.mark.Seq < oldest {
		return oldest
	}
	for i := len(r.holes) - 1; i >= 0; i-- {
		if h := r.holes[i]; h.From < oldest {
			return min(h.To, oldest)
		}
	}
	return 0
}

// done takes the result of a job that wrote the frames, or synced those that were.
func (r *record) done(now reliable.Time, d *disk, res *journal.Result, frames nack.Range) {
	s := &res.State
	if frames.Len() > 0 && s.Next.Seq > frames.From && frames.From > r.mark.Seq {
		r.missed += frames.From - r.mark.Seq
	}
	if s.Title != nil {
		r.title = nil
	}
	if r.due = reliable.Never; d.failed != nil {
		r.due = now.Add(recordAgain)
	}
	r.note(d, s)
	switch {
	case r.every == 0 || r.synced >= r.written:
		r.syncDue = reliable.Never
	case r.syncDue == reliable.Never || now >= r.syncDue:
		r.syncDue = now.Add(r.every)
	}
}

// note takes the state of the log. It may have gone back, where a sync failed.
func (r *record) note(d *disk, s *journal.State) {
	r.written, r.synced, r.holes = s.Written, s.Synced, s.Holes
	r.mark, r.ended = s.Next, s.Ended != nil
	d.index.truncate(r.mark.Seq)
	d.index.cut(s.Oldest)
}

// makeSync makes the job that syncs, if it is due.
func (r *record) makeSync(now reliable.Time, key journal.Key) (*journal.Job, bool) {
	if now < r.syncDue {
		return nil, false
	}
	r.sync.Key, r.sync.Sync = key, true
	return &r.sync, true
}
