package record

import (
	"crier/nack"
	"crier/reliable/receive"
	"crier/reliable/store"
)

// A shelf is what can be had of a tape: its tail, what was read of the log and is still in memory,
// the log, and what waits behind a gap. It implements store.Store.
type shelf struct {
	t *tape
	// runs are in memory. wants are to be read, and reads counts the reads that are out.
	runs  []*run
	wants []nack.Range
	reads int
}

// A run is frames that were read of a log. frames has nil for one that the log lacks.
type run struct {
	shelf  *shelf
	span   nack.Range
	frames [][]byte
	buf    []byte
	used   uint64 // when it was last of use, in turns
	out    bool   // it is being read
}

const (
	// readFrames is how many frames are read at once.
	readFrames = 256
	// readsAhead is how many reads one asker's long request makes at once, and maxReads how
	// many are out together.
	readsAhead = 4
	maxReads   = 4
	// aLongRun is how many frames in a row say that their asker wants those behind them, too.
	aLongRun = 64
	// runBytes is the memory of a run, about.
	runBytes = 512 << 10
)

// Held returns the frames from the lowest to the highest that are held.
func (s *shelf) Held() nack.Range {
	return nack.Range{From: s.t.oldest().Seq, To: max(s.t.next.Seq, s.t.extent().Seq)}
}

// extent returns how far the stream of a tape goes, as far as the receiver knows; zero if it
// doesn't follow that.
func (t *tape) extent() (e receive.Extent) {
	if t.r.receiver != nil {
		e, _ = t.r.receiver.Extent(t.key.Session, t.key.Channel)
	}
	return e
}

// waiting returns a frame that waits behind a gap, or nil.
func (t *tape) waiting(seq uint64) []byte {
	if t.r.receiver == nil || seq < t.next.Seq {
		return nil
	}
	return t.r.receiver.Sealed(t.key.Session, t.key.Channel, seq)
}

// maxWaiting bounds the frames of a NACK that are looked for behind a gap.
const maxWaiting = 4096

// askable returns the part of requested ranges that is to be answered. While the publisher is
// heard, what is missing here is nothing to deny: it may come.
func (t *tape) askable(ranges []nack.Range) []nack.Range {
	e := t.extent()
	if n := len(ranges); n == 0 || ranges[n-1].To <= t.next.Seq || !e.Lives {
		return ranges
	}
	list := t.r.askable[:0]
	left := uint64(maxWaiting)
	for _, r := range ranges {
		if known := r.Clip(0, t.next.Seq); known.Len() > 0 {
			list = append(list, known)
		}
		r = r.Clip(t.next.Seq, e.Seq)
		for ; r.From < r.To && left > 0; r.From++ {
			left--
			if t.waiting(r.From) != nil {
				list = append(list, nack.Range{From: r.From, To: r.From + 1})
			}
		}
	}
	t.r.askable = nack.Normalize(list)
	return t.r.askable
}

// InMemory returns a frame from which on all that are held are in memory.
func (s *shelf) InMemory() uint64 {
	if span := s.t.tail.Span(); span.Len() > 0 {
		return span.From
	}
	return s.t.next.Seq
}

// Look returns where a frame is.
func (s *shelf) Look(seq uint64) store.State {
	switch {
	case s.Frame(seq) != nil:
		return store.InMemory
	case seq < s.t.state.Oldest.Seq || seq >= s.t.state.Written || s.t.lacks(seq):
		return store.Absent
	}
	return store.Stored
}

// Frame returns a frame that is in memory, or nil.
func (s *shelf) Frame(seq uint64) []byte {
	if b, i := s.t.tail.At(seq); b != nil {
		return b.Bytes(i, i+1)
	}
	for i := len(s.runs) - 1; i >= 0; i-- {
		if r := s.runs[i]; r.span.Contains(seq) {
			if f := r.frames[seq-r.span.From]; f != nil {
				r.used = s.t.r.turn
				return f
			}
		}
	}
	if s.t.lacks(seq) {
		return s.t.r.late.History(s.t.key.Session, s.t.key.Channel).Frame(seq)
	}
	return s.t.waiting(seq)
}

// Start returns the offset of the first message that starts in a frame or after it. Where only
// the log knows it, the offset is that of an earlier frame.
func (s *shelf) Start(seq uint64) uint64 {
	if b, i := s.t.tail.After(seq); b != nil && seq >= s.InMemory() {
		return b.Entries[i].Start
	}
	if seq >= s.t.next.Seq {
		return s.t.next.Offset
	}
	return s.t.oldest().Offset
}

// Read asks for frames of the log, and where they are many for those behind them.
func (s *shelf) Read(frames nack.Range) {
	if frames.Len() == 0 || s.Reading() {
		return
	}
	ahead := 1
	if frames.Len() >= aLongRun {
		ahead = readsAhead
	}
	for range ahead {
		if s.Look(frames.From) != store.Stored {
			break
		}
		left := s.t.state.Written - frames.From
		want := nack.Range{From: frames.From, To: frames.From + min(left, readFrames)}
		s.wants = append(s.wants, want)
		frames.From = want.To
	}
	if len(s.wants) > 0 {
		s.t.r.readers = append(s.t.r.readers, s)
	}
}

// Reading reports whether reads are outstanding.
func (s *shelf) Reading() bool { return len(s.wants) > 0 || s.reads > 0 }

// Trim does nothing: the log keeps what it was told to keep.
func (s *shelf) Trim(uint64) {}

// keep takes a run that was read.
func (s *shelf) keep(r *run) {
	r.shelf = s
	s.runs = append(s.runs, r)
}

// drop lets a run go.
func (s *shelf) drop(r *run) {
	for i := range s.runs {
		if s.runs[i] == r {
			s.runs = append(s.runs[:i], s.runs[i+1:]...)
			return
		}
	}
}

// lacks reports whether a hole has a frame.
func (t *tape) lacks(seq uint64) bool {
	lo, hi := 0, len(t.holes)
	for lo < hi {
		if m := (lo + hi) / 2; t.holes[m].To <= seq {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo < len(t.holes) && t.holes[lo].From <= seq
}
