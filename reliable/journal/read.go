package journal

import (
	"io"

	"crier/nack"
	"crier/reliable"
)

const (
	// maxRead bounds the frames of one read, and readBytes the bytes that it reads, but
	// for the last stretch.
	maxRead   = 4096
	readBytes = 1 << 20
)

// read reads frames of a tape.
func (l *Log) read(t *tape, want nack.Range, r *Result) {
	want.To = want.From + min(want.Len(), maxRead)
	r.Read = nack.Range{From: want.From, To: want.From}
	for range want.Len() {
		r.Frames = append(r.Frames, nil)
	}
	buf := r.Buffer[:0]
	at := t.oldest() // what lies before is not held, or was read
	for i := t.at(want.From); i < len(t.segs) && at.Seq < want.To; i++ {
		s := t.segs[i]
		if _, err := l.open(s); err != nil && l.cfg.ReadOnly {
			l.unlist(t, s) // the process that writes the log has dropped it
			at = t.oldest()
			i--
			continue
		}
		if at.Seq < s.first.Seq && i > 0 {
			r.lack(t, t.segs[i-1].next, s.first, want)
		}
		at = s.first
		for k := s.interval(want.From); k < len(s.index) && at.Seq < min(want.To, s.next.Seq); k++ {
			from, to := s.stretch(k)
			if len(buf) > 0 && len(buf)+int(to-from) > readBytes {
				want.To = max(want.From, s.index[k].Seq) // the rest is asked for again
				break
			}
			if k > 0 {
				at = s.index[k].Mark
			}
			end := s.next
			if k+1 < len(s.index) {
				end = s.index[k+1].Mark
			}
			buf = l.readStretch(t, s, at, end, from, to, buf, want, r)
			at = end
		}
	}
	r.Buffer = buf
	r.Read.To = max(want.From, want.To)
	r.Frames = r.Frames[:r.Read.Len()]
}

// lack names frames that the log should have, as far as they are wanted.
func (r *Result) lack(t *tape, from, to Mark, want nack.Range) {
	frames := nack.Range{From: from.Seq, To: to.Seq}
	bad := frames.Clip(want.From, want.To)
	if bad.Len() == 0 {
		return
	}
	t.lackAmid(bad)
	r.Damaged = append(r.Damaged, bad)
	r.Holes = append(r.Holes, Hole{Frames: frames, Cause: reliable.CauseDamaged,
		Offsets: nack.Range{From: from.Offset, To: max(from.Offset, to.Offset)}})
}

// readStretch reads the blocks in a stretch of a segment, which begins and ends at two marks,
// behind what buf has, and those of their frames that are wanted.
func (l *Log) readStretch(t *tape, s *segment, at, end Mark, from, to int64, buf []byte,
	want nack.Range, r *Result) []byte {
	n := len(buf)
	buf = grow(buf, int(to-from))
	f, err := l.open(s)
	if err == nil {
		err = readAround(f, buf[n:], from)
	} else {
		clear(buf[n:])
	}
	if err != nil && r.Err == nil {
		r.Err = err
	}
	w := walker{seed: t.seed, at: from, end: to, buf: buf[n:], base: from, window: scanWindow}
	var b block
	for {
		_, ok, _ := w.next(&b)
		if !ok {
			break
		}
		if b.kind != kindData && b.kind != kindHole || b.seq < at.Seq || b.seq >= end.Seq {
			continue
		}
		r.lack(t, at, Mark{b.seq, b.offset}, want)
		at = Mark{b.next(), b.end}
		if b.kind == kindHole {
			h := b.hole()
			if h.Frames.From < want.To && h.Frames.To > want.From {
				r.Holes = append(r.Holes, h)
			}
			continue
		}
		b.frames(func(seq uint64, frame []byte) bool {
			if want.Contains(seq) {
				r.Frames[seq-want.From] = frame
			}
			return seq < want.To
		})
	}
	r.lack(t, at, end, want)
	return buf
}

// readAround fills b from a file. Pages that can't be read are zero.
func readAround(f File, b []byte, at int64) error {
	got, err := f.ReadAt(b, at)
	if got == len(b) {
		return nil
	}
	for end := at + int64(len(b)); at < end; {
		n := min(end, (at/pageSize+1)*pageSize) - at
		if got, err := f.ReadAt(b[:n], at); int64(got) < n {
			if clear(b[got:n]); err == io.EOF {
				clear(b[got:])
				break
			}
		}
		b = b[n:]
		at += n
	}
	return err
}

// grow returns b with n more bytes of room, and their content not determined.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) < n {
		b = append(make([]byte, 0, max(2*cap(b), len(b)+n)), b...)
	}
	return b[:len(b)+n]
}

// seek answers a query.
func (l *Log) seek(t *tape, q Query, r *Result) {
	if len(t.segs) == 0 {
		return
	}
	r.At = Answer{Found: true, Mark: t.next, Wall: t.lastTime}
	oldest := Answer{Found: true, Mark: t.oldest(), Wall: t.segs[0].firstTime}
	switch q.What {
	case FindOldest:
		r.At = oldest
	case FindOffset:
		if q.Value >= t.next.Offset {
			return
		}
		// The last block with a start at or below the offset.
		r.At = oldest
		i := len(t.segs) - 1
		for i > 0 && t.segs[i].first.Offset > q.Value {
			i--
		}
		s := t.segs[i]
		k := len(s.index) - 1
		for k > 0 && s.index[k].Offset > q.Value {
			k--
		}
		l.blocks(t, s, k, r, func(b *block) bool {
			if b.offset <= q.Value || !r.At.Found {
				r.At = Answer{Found: true, Mark: Mark{b.seq, b.offset}, Wall: b.first}
			}
			return b.offset <= q.Value
		})
	case FindTime:
		// The first block that ends at or after the time.
		at := int64(min(q.Value, 1<<63-1))
		for _, s := range t.segs {
			if s.lastTime < at {
				continue
			}
			k := len(s.index) - 1
			for k > 0 && s.index[k].time >= at {
				k--
			}
			found := false
			for ; k < len(s.index) && !found; k++ {
				l.blocks(t, s, k, r, func(b *block) bool {
					if b.last() >= at && !found {
						found = true
						r.At = Answer{Found: true, Mark: Mark{b.seq, b.offset}, Wall: b.first}
					}
					return !found
				})
			}
			if found {
				return
			}
		}
	}
}

// blocks calls f for the blocks of frames and holes in a stretch of a segment, until it
// returns false.
func (l *Log) blocks(t *tape, s *segment, k int, r *Result, f func(b *block) bool) {
	if k < 0 || k >= len(s.index) {
		return
	}
	file, err := l.open(s)
	if err != nil {
		r.Err = err
		return
	}
	from, to := s.stretch(k)
	w := &l.walk
	w.begin(file, t.seed, from, to)
	var b block
	for seq := s.index[k].Seq; ; {
		_, ok, err := w.next(&b)
		if err != nil && r.Err == nil {
			r.Err = err
		}
		if !ok {
			return
		}
		if b.kind != kindData && b.kind != kindHole || b.seq < seq || b.seq >= s.next.Seq {
			continue
		}
		if seq = b.next(); !f(&b) {
			return
		}
	}
}
