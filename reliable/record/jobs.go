package record

import (
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
)

const (
	// gatherFor is how long frames may wait for others before they go to the disk, and
	// gatherBytes how many of them don't wait.
	gatherFor   = time.Millisecond
	gatherBytes = 256 << 10
	// maxJob bounds the bytes of one job, and maxRecords its records.
	maxJob     = 1 << 20
	maxRecords = 64
	// maxFinds bounds the questions that are out.
	maxFinds = 2
	// retryAfter is how long nothing is written after the disk was full, or failed.
	retryAfter = time.Second
)

// A work is a job with what it was made of. Its job comes first.
type work struct {
	job  journal.Job
	tape *tape
	kind workKind
	run  *run
	find *question
	end  uint64 // one past the last frame of a job that writes
	out  bool
	recs []journal.Record
	// holes are those of the records, which view them.
	holes [maxRecords]journal.Hole
}

type workKind uint8

const (
	writes workKind = iota
	reads
	finds
	syncs
	workKinds
)

// jobs is the account of the jobs that are out.
type jobs struct {
	works []*work
	out   [workKinds]int
	// failing says that the last job that writes failed: none goes out before retryAt.
	failing bool
	retryAt reliable.Time
	// wrote says that the last job wrote, and again that its sync failed.
	wrote, again bool
	// syncAt is when to sync what was written, and ageAt when to have the log look for what is
	// too old; or Never.
	syncAt, ageAt reliable.Time
}

// take returns a work that isn't out.
func (d *jobs) take(kind workKind, t *tape) *work {
	d.out[kind]++
	for _, w := range d.works {
		if !w.out {
			recs := w.recs[:0]
			*w = work{tape: t, kind: kind, out: true, recs: recs}
			return w
		}
	}
	w := &work{tape: t, kind: kind, out: true}
	d.works = append(d.works, w)
	return w
}

// NextDisk returns the next job for the log, and false if there is none now. Several may be out;
// a driver does them in the order in which it got them, and hands each back with DiskDone. What a
// job views doesn't change meanwhile.
func (r *Recorder) NextDisk() (*journal.Job, bool) {
	var w *work
	if !r.disk.wrote {
		w = r.nextWrite()
	}
	if w == nil {
		w = r.nextFind()
	}
	if w == nil {
		w = r.nextRead()
	}
	if w == nil {
		w = r.nextWrite()
	}
	if w == nil {
		w = r.nextSync()
	}
	if w == nil {
		r.leave()
		return nil, false
	}
	r.disk.wrote = w.kind == writes
	return &w.job, true
}

// changes reports whether a job is out that changes the log. There is one at a time: where it
// fails, the next one begins elsewhere.
func (d *jobs) changes() bool { return d.out[writes]+d.out[syncs] > 0 }

// nextWrite returns a job for the tape that has waited longest, or nil.
func (r *Recorder) nextWrite() *work {
	d := &r.disk
	if d.changes() || d.failing && r.now < d.retryAt {
		return nil
	}
	kept := 0
	var found *tape
	for i, t := range r.dirty {
		if !t.out && t.idle() {
			t.dirty, t.since = false, reliable.Never
			continue
		}
		r.dirty[kept] = r.dirty[i]
		kept++
		if found == nil && !t.out && t.begun &&
			(r.closing || r.now >= t.since.Add(gatherFor) || t.wait(gatherBytes) >= gatherBytes) {
			found = t
		}
	}
	clear(r.dirty[kept:])
	r.dirty = r.dirty[:kept]
	if found == nil {
		return nil
	}
	return found.write()
}

// write returns a job with what waits.
func (t *tape) write() *work {
	w := t.r.disk.take(writes, t)
	w.job.Key = t.key
	if t.untold {
		w.job.Title, t.untold = t.title, false
	}
	seq, bytes := t.handed, 0
	offset := t.state.Next.Offset
	for len(w.recs) < maxRecords && bytes < maxJob {
		if t.sent < len(t.items) && t.items[t.sent].from() <= seq {
			it := &t.items[t.sent]
			t.sent++
			rec := journal.Record{
				Frames: nack.Range{From: seq, To: seq}, Offset: offset, EndOffset: offset,
				End: it.end,
			}
			if it.end == nil {
				hole := &w.holes[len(w.recs)]
				*hole = it.hole
				if hole.Frames = hole.Frames.Clip(seq, it.at); hole.Frames.Len() == 0 {
					continue
				}
				if b, i := t.tail.After(it.at); b != nil {
					rec.EndOffset = max(offset, b.Entries[i].Start)
				}
				hole.Offsets = nack.Range{From: offset, To: rec.EndOffset}
				rec.Frames, rec.Hole = hole.Frames, hole
			}
			seq, offset = rec.Frames.To, rec.EndOffset
			w.recs = append(w.recs, rec)
			continue
		}
		stop := ^uint64(0)
		if t.sent < len(t.items) {
			stop = t.items[t.sent].from()
		}
		b, i := t.tail.After(seq)
		if b == nil {
			if stop != ^uint64(0) {
				seq = stop // the log names what lies between
				continue
			}
			break
		}
		if first := b.Entries[i].Seq; first > seq {
			seq = min(first, stop)
			continue
		}
		j := i + 1
		for j < len(b.Entries) && j-i < journal.MaxFrames && b.Entries[j].Seq < stop &&
			b.Entries[j].Seq == seq+uint64(j-i) {
			j++
		}
		rec := journal.Record{
			Frames: nack.Range{From: seq, To: seq + uint64(j-i)},
			Offset: b.Entries[i].Start, EndOffset: b.Entries[j-1].After,
			First: b.Entries[i].Wall, Last: b.Entries[j-1].Wall,
			Data: b.Bytes(i, j), Sizes: b.Sizes[i:j:j],
		}
		w.recs = append(w.recs, rec)
		seq, offset = rec.Frames.To, rec.EndOffset
		bytes += len(rec.Data)
	}
	w.job.Records, w.end = w.recs, seq
	t.handed, t.out = seq, true
	if len(w.recs) < maxRecords && bytes < maxJob { // else there is more, which doesn't wait
		t.since = t.r.now
	}
	return w
}

// nextSync returns a job that syncs what was written, or one that only has the log drop what is
// too old; or nil.
func (r *Recorder) nextSync() *work {
	d := &r.disk
	sync, age := r.now >= d.syncAt, r.now >= d.ageAt
	if !sync && !age || d.changes() {
		return nil
	}
	if d.ageAt = reliable.Never; r.cfg.Aging > 0 && !r.closing {
		d.ageAt = r.now.Add(r.cfg.Aging)
	}
	w := d.take(syncs, nil)
	if sync {
		d.syncAt, w.job.Sync = reliable.Never, true
	}
	return w
}

// DiskDone hands a job back with its result.
func (r *Recorder) DiskDone(now reliable.Time, res *journal.Result) {
	r.now = max(r.now, now)
	d := &r.disk
	i := slices.IndexFunc(d.works, func(w *work) bool { return w.out && &w.job == res.Job })
	if i < 0 {
		return
	}
	w := d.works[i]
	w.out = false
	d.out[w.kind]--
	r.turn++
	r.dropped(res)
	for i := range res.Others {
		r.apply(&res.Others[i])
	}
	if w.tape != nil {
		r.apply(&res.State)
	}
	switch w.kind {
	case writes:
		r.wrote(w, res)
	case reads:
		r.read(w, res)
	case finds:
		r.found(w, res)
	}
	r.drain()
}

// apply takes a tape's State.
func (r *Recorder) apply(s *journal.State) {
	t := r.tapes[s.Key]
	if t == nil {
		return
	}
	back := s.Next.Seq < t.state.Next.Seq && s.Next.Seq < t.handed
	moved := t.state.Written != s.Written || t.state.Synced != s.Synced
	t.state = *s
	t.state.Synced = min(s.Synced, s.Written)
	t.reduce()
	if back && !r.cfg.ServeOnly {
		t.again()
	}
	if moved && r.receiver != nil {
		r.receiver.Recorded(s.Key.Session, s.Key.Channel)
	}
	if r.disk.syncAt == reliable.Never && r.syncs() && s.Synced < s.Written {
		r.disk.syncAt = r.now.Add(r.cfg.Fsync.Every)
	}
	if s.Bytes == 0 && !t.live && t.idle() && !t.out {
		r.remove(t)
	}
}

// again hands to the disk once more what is behind the log's end: a sync failed, and what was
// written since the last one is doubtful. The log names what isn't in memory any more, where
// something follows; what nothing follows is a hole.
func (t *tape) again() {
	t.handed = t.state.Next.Seq
	for _, b := range t.tail.Blocks {
		if b.Span().To > t.handed {
			t.r.settle(b, false)
		}
	}
	if e := t.ended; e != nil && e.Seq >= t.handed { // else what follows it is safe, and so it is
		t.insert(t.place(e.Seq), item{at: e.Seq, end: e})
	}
	kept := max(t.handed, t.tail.Span().To)
	if n := len(t.items); n > 0 {
		kept = max(kept, t.items[n-1].at)
	}
	if rest := (nack.Range{From: kept, To: t.next.Seq}); rest.Len() > 0 {
		hole := journal.Hole{Frames: rest, Cause: reliable.CauseGone}
		t.insert(len(t.items), item{at: rest.To, hole: hole})
	}
	t.soil(t.r.now)
	t.r.tell(Event{Kind: WrittenAgain, Key: t.key})
}

// syncs reports whether the recorder syncs at an interval.
func (r *Recorder) syncs() bool { return r.cfg.Fsync.Mode == journal.FsyncInterval }

// wrote takes the result of a job that writes.
func (r *Recorder) wrote(w *work, res *journal.Result) {
	t, d := w.tape, &r.disk
	t.out = false
	failed := res.Full || res.Failed
	if !failed {
		t.items = slices.Delete(t.items, 0, t.sent)
	} else if t.handed = min(t.handed, res.State.Next.Seq); w.job.Title != nil {
		t.untold = true
	}
	t.sent = 0
	t.soil(r.now)
	// One failed sync is no failure of the disk: what is written again may go well.
	if again := res.Again && !d.again; failed && !again {
		r.stats.Failures++
		if !d.failing {
			r.tell(Event{Kind: DiskFailed, Key: t.key, Full: res.Full, Err: res.Err})
		}
		d.failing, d.retryAt = true, r.now.Add(retryAfter)
	} else if !failed && d.failing {
		d.failing = false
		r.tell(Event{Kind: DiskBack, Key: t.key})
	} else if res.Err != nil {
		r.stats.Failures++
		r.tell(Event{Kind: WriteFailed, Key: t.key, Err: res.Err})
	}
	d.again = res.Again
}

// dropped tells of segments that made room.
func (r *Recorder) dropped(res *journal.Result) {
	r.stats.Dropped += uint64(res.Dropped)
	r.stats.DroppedBytes += uint64(res.DroppedBytes)
}
