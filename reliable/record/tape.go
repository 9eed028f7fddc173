package record

import (
	"net/netip"
	"slices"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/store"
)

// A tape is what was recorded of one session and channel: what is on its way to the log, what is
// in memory, and what the log has.
type tape struct {
	r   *Recorder
	key journal.Key
	// group is the one that its frames come by, if they come, and home that of its session.
	group, home netip.AddrPort

	// title is whose stream it is, or nil. untold says that the log hasn't got it.
	title  *reliable.Title
	untold bool

	// live says that the stream is heard. ended is how it ended, or nil.
	live  bool
	ended *journal.End
	// next is where the tape ends. It has no meaning before begun.
	begun bool
	next  journal.Mark

	// state is the log's, after the last job. holes are the latest of those in the log and on
	// their way there, at most journal.MaxHoles.
	state journal.State
	holes []nack.Range
	// Holes below forgot aren't remembered.
	forgot uint64

	tail store.Tail
	// Frames below handed are in the log, or with the disk. items are what else isn't in the log.
	handed uint64
	items  []item
	// sent is how many of the items are with the disk.
	sent int
	// out says that a job that writes is out.
	out bool
	// since is when the oldest came of what isn't handed yet; Never if all is.
	since reliable.Time
	dirty bool

	shelf shelf
	// tellAt is when the group is to be told of the tape. In an inquest the receiver tells it.
	tellAt  reliable.Time
	inquest bool
	// certificate is the last one of its survivors, or nil.
	certificate *reliable.Certificate

	frames, bytes, holeFrames uint64
}

// An item is a hole or an end on its way to the log.
type item struct {
	// at is the frame that it comes before: the end of a hole's frames.
	at   uint64
	hole journal.Hole
	end  *journal.End
}

// from returns the frame at which an item begins.
func (i *item) from() uint64 {
	if i.end != nil {
		return i.at
	}
	return i.hole.Frames.From
}

// maxItems bounds the items of a tape that wait. Of more, the oldest go: the log names what it
// lacks by itself, and only the cause is lost.
const maxItems = 1024

// oldest returns where the tape begins.
func (t *tape) oldest() journal.Mark {
	if s := &t.state; s.Next.Seq > s.Oldest.Seq {
		return s.Oldest
	}
	if b := t.tail.Blocks; len(b) > 0 {
		return journal.Mark{Seq: b[0].Entries[0].Seq, Offset: b[0].Entries[0].Start}
	}
	return t.next
}

// begin takes what the log has of the session from before.
func (t *tape) begin(s *journal.State) {
	t.state, t.title, t.ended = *s, s.Title, s.Ended
	t.holes = slices.Clone(s.Holes)
	t.begun, t.next, t.handed = true, s.Next, s.Next.Seq
}

// frame takes the next frame.
func (t *tape) frame(now reliable.Time, f *frame.Frame) {
	switch {
	case t.begun && f.Seq < t.next.Seq:
		return // the log has it from before
	case !t.begun:
		t.begun, t.handed = true, f.Seq
	case f.Seq > t.next.Seq: // the stream was joined behind the log's end
		t.hole(now, nack.Range{From: t.next.Seq, To: f.Seq}, reliable.CauseGone)
	}
	b := t.tail.Room(&t.r.pool, len(f.Raw))
	if b == nil { // the driver didn't look whether there is room
		t.hole(now, nack.Range{From: f.Seq, To: f.Seq + 1}, reliable.CauseUnwritten)
		return
	}
	e := store.Entry{Seq: f.Seq, Start: f.StartOffset(), After: f.EndOffset()}
	if t.title != nil {
		e.Wall = t.title.Wall + int64(f.Time)
	}
	b.Add(e, f.Raw)
	t.r.settle(b, false)
	t.next = journal.Mark{Seq: f.Seq + 1, Offset: e.After}
	t.live, t.ended = true, nil
	t.frames++
	t.bytes += uint64(len(f.Raw))
	t.soil(now)
}

// hole takes the place of frames that won't come.
func (t *tape) hole(now reliable.Time, frames nack.Range, cause reliable.Cause) {
	if frames = frames.Clip(t.next.Seq, frames.To); frames.Len() == 0 {
		return
	}
	t.lack(frames, cause)
	t.next.Seq = frames.To
	t.soil(now)
}

// lack notes that the tape lacks frames.
func (t *tape) lack(frames nack.Range, cause reliable.Cause) {
	t.holeFrames += frames.Len()
	t.r.stats.HoleFrames += frames.Len()
	t.note(frames)
	i := t.place(frames.From)
	if i > 0 && t.items[i-1].end == nil && t.items[i-1].at == frames.From &&
		t.items[i-1].hole.Cause == cause && t.items[i-1].from() >= t.handed {
		t.items[i-1].at, t.items[i-1].hole.Frames.To = frames.To, frames.To
		return
	}
	t.insert(i, item{at: frames.To, hole: journal.Hole{Frames: frames, Cause: cause}})
}

// note remembers a hole.
func (t *tape) note(hole nack.Range) {
	t.holes = nack.Normalize(append(t.holes, hole))
	if more := len(t.holes) - journal.MaxHoles; more > 0 {
		t.forgot = t.holes[more-1].To
		t.holes = slices.Delete(t.holes, 0, more)
	}
}

// place returns which item one would be that begins at a frame, of those that aren't with the
// disk.
func (t *tape) place(seq uint64) int {
	i := len(t.items)
	for i > t.sent && t.items[i-1].at > seq {
		i--
	}
	return i
}

// insert puts an item before the i-th.
func (t *tape) insert(i int, it item) {
	t.items = slices.Insert(t.items, i, it)
	if len(t.items)-t.sent > maxItems {
		t.items = slices.Delete(t.items, t.sent, t.sent+1)
	}
}

// end takes an end, or the word that the stream goes on. It reports false if that is nothing new:
// a certificate may be amended without more of the stream.
func (t *tape) end(now reliable.Time, how reliable.End, offset uint64, cause reliable.Cause) bool {
	was := t.live
	t.live = how == reliable.EndOpen && cause == 0
	if how == reliable.EndOpen || !t.begun {
		return true // it goes on, or this recorder leaves
	}
	t.next.Offset = max(t.next.Offset, offset)
	if e := t.ended; !was && e != nil && e.How == how && e.Seq == t.next.Seq &&
		e.Offset == t.next.Offset {
		return false
	}
	t.ended = &journal.End{Seq: t.next.Seq, Offset: t.next.Offset, How: how, Cause: cause}
	t.insert(len(t.items), item{at: t.next.Seq, end: t.ended})
	t.soil(now)
	return true
}

// soil notes that there is something to write.
func (t *tape) soil(now reliable.Time) {
	if t.since == reliable.Never {
		t.since = now
	}
	if !t.dirty {
		t.dirty = true
		t.r.dirty = append(t.r.dirty, t)
	}
}

// wait returns the number of bytes and items that wait to be handed to the disk, up to so many.
func (t *tape) wait(most int) (n int) {
	b, i := t.tail.After(t.handed)
	if b == nil {
		return 0
	}
	n = len(b.Bytes(i, len(b.Entries)))
	for k := len(t.tail.Blocks) - 1; k >= 0 && t.tail.Blocks[k] != b && n < most; k-- {
		n += len(t.tail.Blocks[k].Data)
	}
	return n
}

// idle reports whether nothing waits to be handed to the disk.
func (t *tape) idle() bool {
	return len(t.items) == 0 && !t.untold && t.tail.Span().To <= t.handed
}

// reduce lets go of what the tape holds of frames that are written.
func (t *tape) reduce() {
	next := t.state.Next.Seq
	for _, b := range t.tail.Blocks {
		if b.Span().To > next {
			break
		}
		t.r.settle(b, true)
	}
	done := 0
	for done < len(t.items) && t.items[done].at <= next && t.items[done].end == nil {
		done++
	}
	t.items = slices.Delete(t.items, 0, done)
	t.sent = max(t.sent-done, 0)
	low := t.oldest().Seq
	gone := 0
	for gone < len(t.holes) && t.holes[gone].To <= low {
		gone++
	}
	t.holes = slices.Delete(t.holes, 0, gone)
}
