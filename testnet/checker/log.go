package checker

import (
	"bytes"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/testnet/world"
)

// recorder is what the Checker knows of a recorder's log: what it wrote, and what it said of
// that. The promise is that each frame between a tape's ends is the publisher's, byte for byte,
// or a hole that the log names; and that a frame that was said to be written is there after a
// kill, one that was said to be synced after a loss of power.
type recorder struct {
	c     *Checker
	r     *world.Recorder
	tapes []*tape
}

// tape is one session and channel of a recorder's log.
type tape struct {
	key  journal.Key
	s    *world.Session
	from uint64   // the first frame that was recorded
	has  []record // from there on
	// written and synced are what the log did, and said what the recorder told of it.
	written, synced uint64
	said            struct{ written, synced uint64 }
}

// record is what was written of a frame.
type record uint8

const (
	recordHole record = iota
	recordFrame
)

// next returns the frame after the last one that was recorded.
func (t *tape) next() uint64 { return t.from + uint64(len(t.has)) }

// note takes a run of frames as written, or as holes; what lies between is a hole.
func (t *tape) note(frames nack.Range, what record) {
	if len(t.has) == 0 {
		t.from = frames.From
	}
	for t.next() < frames.From {
		t.has = append(t.has, recordHole)
	}
	for q := t.next(); q < frames.To; q++ {
		t.has = append(t.has, what)
	}
}

// cut forgets what was written from a frame on.
func (t *tape) cut(next uint64) {
	if next < t.next() {
		t.has = t.has[:next-min(next, t.from)]
	}
	t.written, t.synced = min(t.written, next), min(t.synced, next)
	t.said.written, t.said.synced = min(t.said.written, next), min(t.said.synced, next)
}

// recorder returns what is known of a recorder.
func (c *Checker) recorder(r *world.Recorder) *recorder {
	for i := len(c.recorders); i < len(c.w.Recorders()); i++ {
		c.recorders = append(c.recorders, &recorder{c: c, r: c.w.Recorders()[i]})
	}
	for _, one := range c.recorders {
		if one.r == r {
			return one
		}
	}
	return nil
}

func (r *recorder) fail(format string, args ...any) {
	r.c.fail("%v: "+format, append([]any{r.r}, args...)...)
}

// tape returns what is known of a tape; nil if no publisher ever had its session.
func (r *recorder) tape(key journal.Key) *tape {
	for _, t := range r.tapes {
		if t.key == key {
			return t
		}
	}
	s := r.c.w.Session(reliable.SessionID(key.Session), key.Channel)
	if s == nil {
		r.fail("it records session %016x, which no publisher ever had", key.Session)
		return nil
	}
	t := &tape{key: key, s: s}
	r.tapes = append(r.tapes, t)
	return t
}

// disk takes a job that the log has done.
func (r *recorder) disk(job *journal.Job, res *journal.Result) {
	for i := range res.Others {
		r.account(&res.Others[i])
	}
	defer r.account(&res.State)
	if len(job.Records) == 0 {
		return
	}
	t := r.tape(job.Key)
	if t == nil {
		return
	}
	for i := range job.Records {
		rec := &job.Records[i]
		frames := rec.Frames.Clip(t.next(), res.State.Next.Seq)
		if rec.End != nil || frames.Len() == 0 {
			continue
		}
		if rec.Hole != nil {
			t.note(frames, recordHole)
			continue
		}
		data := rec.Data
		for k, size := range rec.Sizes {
			seq := rec.Frames.From + uint64(k)
			if frames.Contains(seq) {
				r.judgeFrame("writes", t, seq, data[:size])
			}
			data = data[size:]
		}
		t.note(frames, recordFrame)
	}
}

// account takes what the log says of a tape after a job.
func (r *recorder) account(st *journal.State) {
	if st.Key.Session == 0 {
		return
	}
	if t := r.tape(st.Key); t != nil {
		t.cut(st.Next.Seq) // where a sync failed, the log goes back, and says so
		t.written, t.synced = max(t.written, st.Written), max(t.synced, st.Synced)
	}
}

// sent judges what the recorder says of its log.
func (r *recorder) sent(f *frame.Frame) {
	var written, synced uint64
	switch {
	case f.Digest != nil:
		written, synced = f.Digest.Written, f.Digest.Synced
	case f.Kind == frame.Status && f.Recorder:
		written, synced = f.Written, f.Synced
	case f.Kind == frame.Repair && f.Data != nil:
		if t := r.tape(journal.Key{Session: f.Session, Channel: f.Channel}); t != nil {
			r.judgeFrame("repeats", t, f.Data.Seq, f.Inner)
		}
		return
	default:
		return
	}
	if written == 0 && synced == 0 {
		return
	}
	t := r.tape(journal.Key{Session: f.Session, Channel: f.Channel})
	if t == nil {
		return
	}
	if written > t.written || synced > t.synced {
		r.fail("session %v: it says that it has written up to frame %d and synced up to %d, and "+
			"did up to %d and %d", t.s.ID, written, synced, t.written, t.synced)
	}
	t.said.written, t.said.synced = max(t.said.written, written), max(t.said.synced, synced)
}

// judgeFrame asks whether a frame is the publisher's.
func (r *recorder) judgeFrame(how string, t *tape, seq uint64, data []byte) {
	truth := r.c.truth(t.s)
	if seq < t.s.FirstSeq || seq >= truth.next() {
		r.fail("session %v: it %s frame %d, and the publisher sent [%d, %d)", t.s.ID, how, seq,
			t.s.FirstSeq, truth.next())
		return
	}
	if want := truth.frames[seq-t.s.FirstSeq].raw; want != nil && !bytes.Equal(data, want) {
		r.fail("session %v: it %s frame %d with other bytes: %d of them, want %d; they differ "+
			"from byte %d on", t.s.ID, how, seq, len(data), len(want), common(data, want))
	}
}

// opened judges the log as a process finds it that starts again.
func (r *recorder) opened() {
	r.know()
	for _, t := range r.tapes {
		said := t.said.written
		if r.r.LostPower() || r.r.FailedSyncs() {
			said = t.said.synced
		}
		r.judgeLog(t, said)
	}
}

// finish judges the log at the end of a run.
func (r *recorder) finish() {
	if r.r.Log() == nil {
		return
	}
	r.know()
	for _, t := range r.tapes {
		r.judgeLog(t, t.written)
	}
}

// know takes in the tapes that the log has: the first job of one may have been under way when
// its process ended.
func (r *recorder) know() {
	for _, st := range r.r.Log().States() {
		r.tape(st.Key)
	}
}

// judgeLog reads all that a log has of a tape: what was said to be safe must be there.
func (r *recorder) judgeLog(t *tape, said uint64) {
	st, ok := stateOf(r.r.Log(), t.key)
	oldest, next := st.Oldest.Seq, st.Next.Seq
	if len(t.has) == 0 {
		said = 0 // there was nothing of it to be safe
	}
	trims := r.r.LogConfig().Keep != (journal.Keep{}) || r.r.Disk().Capacity > 0 || r.r.Filled()
	switch {
	case !ok && said > t.from && !trims, ok && next < said:
		r.fail("session %v: its log ends at frame %d after a %s, and it had said that it is safe "+
			"up to %d",
			t.s.ID, next, r.ending(), said)
		return
	case !ok:
		if !trims {
			t.cut(0)
		}
		return
	case oldest > t.from && !trims && said > t.from:
		r.fail("session %v: its log begins at frame %d, and was begun at %d", t.s.ID, oldest,
			t.from)
	}
	left := tape{key: t.key, s: t.s, written: st.Written, synced: st.Synced}
	left.said.written, left.said.synced = min(t.said.written, next), min(t.said.synced, next)
	damaged := uint64(0)
	for at := oldest; at < next; {
		res := r.r.Log().Do(&journal.Job{Key: t.key, Read: nack.Range{From: at, To: next}},
			world.WallStart+int64(r.c.w.Now()))
		if res.Read.From != at || res.Read.Len() == 0 || res.Err != nil && !r.r.FailedSyncs() {
			r.fail("session %v: its log reads frames %v of [%d, %d): %v", t.s.ID, res.Read, at,
				next, res.Err)
			return
		}
		for i, data := range res.Frames {
			seq := at + uint64(i)
			was := seq >= t.from && seq < t.next() && t.has[seq-t.from] == recordFrame
			switch {
			case data != nil:
				r.judgeFrame("holds", t, seq, data)
				left.note(nack.Range{From: seq, To: seq + 1}, recordFrame)
				continue
			case !named(res, seq) && !within(st.Holes, seq, seq+1):
				r.fail("session %v: its log lacks frame %d of [%d, %d), and names no hole there",
					t.s.ID, seq, oldest, next)
			case was && seq < said && r.r.Flips() == 0:
				r.fail("session %v: its log lacks frame %d after a %s, and it had said that all "+
					"below %d is "+
					"safe", t.s.ID, seq, r.ending(), said)
			case was:
				damaged += uint64(r.c.truth(t.s).frames[seq-t.s.FirstSeq].size)
			}
			left.note(nack.Range{From: seq, To: seq + 1}, recordHole)
		}
		at = res.Read.To
	}
	if most := uint64(r.r.Flips()) * (journal.MaxBlock + frame.MaxDatagram); damaged > most &&
		r.r.Flips() > 0 {
		r.fail("session %v: its log has lost %d bytes, and %d bits of it were flipped", t.s.ID,
			damaged, r.r.Flips())
	}
	*t = left
}

// named reports whether a log says that it lacks a frame.
func named(res *journal.Result, seq uint64) bool {
	for i := range res.Holes {
		if res.Holes[i].Frames.Contains(seq) {
			return true
		}
	}
	for _, r := range res.Damaged {
		if r.Contains(seq) {
			return true
		}
	}
	return false
}

// stateOf returns the State of a tape, and false if the log has none.
func stateOf(log *journal.Log, key journal.Key) (journal.State, bool) {
	for _, st := range log.States() {
		if st.Key == key {
			return st, true
		}
	}
	return journal.State{}, false
}

// ending names how the process ended last.
func (r *recorder) ending() string {
	if r.r.LostPower() {
		return "loss of power"
	}
	return "kill"
}
