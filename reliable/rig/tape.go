package rig

import (
	"crier/nack"
	"crier/reliable/journal"
)

// A Tape does the jobs of a publisher's disk in memory, as a journal.Log does those of one
// tape. Its zero value is empty.
type Tape struct {
	Frames [][]byte
	// Low is the number of the first of Frames, and Offset its message.
	Low, Offset uint64
	// Fail, if not nil, is the error of jobs that write, and Unreadable of those that read.
	Fail, Unreadable error
	// ByNeed says that Trim counts.
	ByNeed bool
	// Syncs counts the jobs that sync.
	Syncs int

	state journal.State
	begun bool
}

// Do does a job.
func (t *Tape) Do(job *journal.Job) *journal.Result {
	res := &journal.Result{Job: job}
	if job.Reset {
		t.Frames, t.begun = nil, false
	}
	if n := min(uint64(len(t.Frames)), job.Trim-min(job.Trim, t.Low)); n > 0 && t.ByNeed {
		t.Frames, t.Low = t.Frames[n:], t.Low+n
	}
	if job.Title != nil {
		t.state.Title = job.Title
	}
	for i := range job.Records {
		if t.Fail != nil {
			res.Failed, res.Err = true, t.Fail
			break
		}
		t.append(&job.Records[i])
	}
	if job.Read.Len() > 0 {
		if res.Err = t.Unreadable; res.Err == nil {
			res.Read = job.Read
			for seq := job.Read.From; seq < job.Read.To; seq++ {
				res.Frames = append(res.Frames, t.frame(seq))
			}
		}
	}
	s := &t.state
	s.Key, s.Oldest = job.Key, journal.Mark{Seq: t.Low, Offset: t.Offset}
	if s.Written = s.Next.Seq; job.Sync {
		s.Synced = s.Next.Seq
		t.Syncs++
	}
	res.State = *s
	return res
}

func (t *Tape) append(r *journal.Record) {
	s := &t.state
	switch {
	case r.End != nil:
		s.Ended = r.End
		return
	case r.Hole != nil && !t.begun:
		t.begun, t.Low, t.Offset = true, r.Frames.From, r.Offset
		s.Holes = append(s.Holes[:len(s.Holes):len(s.Holes)], r.Frames)
		t.Frames = append(t.Frames, make([][]byte, r.Frames.Len())...)
	case r.Hole != nil:
		s.Holes = append(s.Holes[:len(s.Holes):len(s.Holes)], r.Frames)
		t.Frames = append(t.Frames, make([][]byte, r.Frames.Len())...)
	case !t.begun:
		t.begun, t.Low, t.Offset = true, r.Frames.From, r.Offset
	case r.Frames.From > s.Next.Seq:
		s.Holes = append(s.Holes[:len(s.Holes):len(s.Holes)],
			nack.Range{From: s.Next.Seq, To: r.Frames.From})
		t.Frames = append(t.Frames, make([][]byte, r.Frames.From-s.Next.Seq)...)
	}
	data := r.Data
	for _, size := range r.Sizes {
		t.Frames = append(t.Frames, append([]byte(nil), data[:size]...))
		data = data[size:]
	}
	s.Next = journal.Mark{Seq: r.Frames.To, Offset: r.EndOffset}
}

func (t *Tape) frame(seq uint64) []byte {
	if seq < t.Low || seq-t.Low >= uint64(len(t.Frames)) {
		return nil
	}
	return t.Frames[seq-t.Low]
}
