package record

import (
	"crier/nack"
	"crier/reliable/journal"
)

// nextRead returns a job that reads what an asker waits for, or nil.
func (r *Recorder) nextRead() *work {
	for r.disk.out[reads] < maxReads && len(r.readers) > 0 {
		s := r.readers[0]
		if len(s.wants) == 0 {
			r.readers = append(r.readers[:0], r.readers[1:]...)
			continue
		}
		want := s.wants[0].Clip(s.t.state.Oldest.Seq, s.t.state.Written)
		s.wants = append(s.wants[:0], s.wants[1:]...)
		if len(r.readers) > 1 { // the others' turn
			r.readers = append(append(r.readers[:0], r.readers[1:]...), s)
		}
		if want.Len() == 0 || !r.service.Serves(s.t.key) {
			continue
		}
		w := r.disk.take(reads, s.t)
		w.job.Key, w.job.Read, w.run = s.t.key, want, r.freeRun()
		w.job.Buffer, w.run.out = w.run.buf, true
		s.reads++
		return w
	}
	return nil
}

// freeRun returns a run to read into: a new one, or that which was of no use for longest.
func (r *Recorder) freeRun() *run {
	if len(r.runs) < r.maxRuns {
		n := new(run)
		r.runs = append(r.runs, n)
		return n
	}
	oldest := r.runs[0]
	for _, n := range r.runs {
		if !n.out && (oldest.out || n.used < oldest.used) {
			oldest = n
		}
	}
	if oldest.shelf != nil {
		oldest.shelf.drop(oldest)
		oldest.shelf = nil
	}
	return oldest
}

// read takes the result of a job that reads.
func (r *Recorder) read(w *work, res *journal.Result) {
	s, n := &w.tape.shelf, w.run
	n.out = false
	s.reads--
	n.buf, n.span, n.used = res.Buffer, res.Read, r.turn
	n.frames = append(n.frames[:0], res.Frames...)
	if len(n.frames) < int(n.span.Len()) {
		n.span.To = n.span.From + uint64(len(n.frames))
	}
	r.stats.Reads++
	absent := w.job.Read
	if n.span.Len() > 0 {
		s.keep(n)
		absent = nack.Range{}
		for i, f := range n.frames {
			seq := n.span.From + uint64(i)
			switch {
			case f != nil:
				r.stats.ReadFrames++
			case absent.To == seq && absent.Len() > 0:
				absent.To++
			default:
				w.tape.unreadable(absent)
				absent = nack.Range{From: seq, To: seq + 1}
			}
		}
	}
	w.tape.unreadable(absent)
	if res.Err != nil {
		r.stats.Failures++
		r.tell(Event{Kind: ReadFailed, Key: w.tape.key, Frames: w.job.Read, Err: res.Err})
	}
	for _, lost := range res.Damaged {
		r.tell(Event{Kind: Damaged, Key: w.tape.key, Frames: lost})
	}
}

// unreadable denies frames to those who wait for them: the log has not got them, after all.
func (t *tape) unreadable(frames nack.Range) {
	if frames.Len() == 0 {
		return
	}
	t.note(frames)
	t.r.service.Unreadable(t.key, frames)
}
