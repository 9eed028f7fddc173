package record

import (
	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/receive"
)

// Full, Title, Frame, Hole, End and Recorded make the Recorder the receiver's Tape.

// Full reports whether there is no room for frames: until some are written, they wait in the
// receiver's window. Where nothing can be written, the oldest make room.
func (r *Recorder) Full() bool {
	for {
		switch {
		case r.pool.HasRoom():
			return false
		case !r.disk.failing || !r.giveUp():
			return true
		}
	}
}

// giveUp lets the oldest block go that isn't written, as a hole, and reports whether there is
// one.
func (r *Recorder) giveUp() bool {
	for b := r.pending.First(); b != nil; b = b.Next() {
		t := r.tapes[b.Tail.Key]
		if t.out || t.tail.Newest() == b {
			continue
		}
		for first := t.tail.Blocks[0]; first != b; first = t.tail.Blocks[0] { // it is written
			t.tail.Drop()
			r.pool.Put(first)
		}
		t.tail.Drop()
		frames := b.Span().Clip(t.state.Next.Seq, b.Span().To)
		t.lack(frames, reliable.CauseUnwritten)
		t.handed = max(t.handed, t.state.Next.Seq)
		r.pool.Put(b)
		return true
	}
	return false
}

// Title takes the word of whose stream it is.
func (r *Recorder) Title(session uint64, channel uint32, title *reliable.Title) {
	t := r.tape(journal.Key{Session: session, Channel: channel})
	if t.title != nil && *t.title == *title {
		return
	}
	own := *title
	t.title, t.untold = &own, true
	if t.begun {
		t.soil(r.now)
	}
}

// Frame takes the next frame.
func (r *Recorder) Frame(session uint64, channel uint32, f *frame.Frame) {
	t := r.last
	if t == nil || t.key.Session != session || t.key.Channel != channel {
		t = r.tape(journal.Key{Session: session, Channel: channel})
		r.last = t
	}
	if !t.live {
		t.live = true
		t.tell(r.now.Add(announceFirst))
		t.group = r.receiver.DataGroup(session, channel)
		t.home = r.receiver.Group(session)
		if t.hears() { // else it is what survivors had
			r.tell(Event{Kind: Recording, Key: t.key, Title: t.title})
		}
	}
	t.frame(r.now, f)
}

// Hole takes the place of frames that won't come.
func (r *Recorder) Hole(session uint64, channel uint32, frames nack.Range, cause reliable.Cause) {
	if t := r.tapes[journal.Key{Session: session, Channel: channel}]; t != nil {
		if !t.begun {
			return // it begins behind them
		}
		t.hole(r.now, frames, cause)
		r.tell(Event{Kind: HoleNamed, Key: t.key, Frames: frames, Cause: cause})
	}
}

// End takes an end, or the word that the stream goes on.
func (r *Recorder) End(session uint64, channel uint32, e receive.TapeEnd) {
	t := r.tapes[journal.Key{Session: session, Channel: channel}]
	if t == nil {
		return
	}
	if !t.end(r.now, e.End, e.Offset, e.Cause) {
		return // as it was told before
	}
	t.tell(r.now)
	r.tell(Event{Kind: StreamEnded, Key: t.key, End: e.End, Cause: e.Cause})
}

// Recorded returns how far a stream is in the log.
func (r *Recorder) Recorded(session uint64, channel uint32) (receive.Recorded, bool) {
	t := r.tapes[journal.Key{Session: session, Channel: channel}]
	if t == nil || !t.begun {
		return receive.Recorded{}, false
	}
	got := receive.Recorded{Written: t.state.Written, Synced: t.state.Synced}
	got.Position = got.Written
	if r.cfg.Fsync.Mode == journal.FsyncEach {
		got.Position = got.Synced
	}
	return got, true
}
