package journal

import (
	"slices"

	"crier/nack"
	"crier/reliable"
)

// A segment without a footer that may be trusted is read as a whole. What a crash left of it is
// told, and put in order.

// scan reads all blocks of a segment. It reports whether the file is one.
func (l *Log) scan(s *segment, w *walker, size int64, report *Report) bool {
	w.begin(w.file, s.tape.seed, 0, size)
	var b block
	var open []span // what doesn't verify, before the block that comes next
	blocks := 0
	for {
		skipped, ok, err := w.next(&b)
		if skipped.to > skipped.from {
			open = append(open, skipped)
		}
		if err != nil {
			report.add(Finding{Kind: Unreadable, Name: s.name, Key: s.tape.key,
				At: skipped.from, Bytes: skipped.to - skipped.from, Err: err})
			s.dead = s.dead || !ok // its end isn't known
		}
		if !ok {
			break
		}
		if b.seq < s.next.Seq {
			continue // what a failed write left
		}
		if blocks++; blocks == 1 && b.seq == s.first.Seq {
			s.first.Offset, s.next.Offset = b.offset, b.offset
		}
		l.scanned(s, &b, open, report)
		if open = open[:0]; b.kind == kindFooter {
			s.size, s.crc = b.at, b.prev // it is written anew
		}
	}
	report.Scanned += w.read
	if blocks == 0 {
		return l.judge(s, w, size, report)
	}
	for _, o := range open {
		if !s.dead {
			report.add(s.torn(o))
		}
	}
	return true
}

// scanned takes a block into the account, and what lies before it.
func (l *Log) scanned(s *segment, b *block, open []span, report *Report) {
	missing := nack.Range{From: s.next.Seq, To: b.seq}
	if missing.Len() > 0 {
		if s.size == 0 { // not even where its first message is
			s.first, s.damaged = Mark{b.seq, b.offset}, true
		} else {
			s.holes = append(s.holes, missing)
		}
		s.next = Mark{b.seq, b.offset}
	}
	for i, o := range open {
		f := Finding{Kind: Damaged, Name: s.name, Key: s.tape.key, At: o.from, Bytes: o.to - o.from}
		if i == len(open)-1 {
			f.Frames = missing
			f.Acknowledged = missing.Len() > 0 && b.synced() > missing.From
		}
		report.add(f)
	}
	if len(open) == 0 && missing.Len() > 0 {
		report.add(Finding{Kind: Missing, Name: s.name, Key: s.tape.key, At: b.at, Frames: missing})
	}
	s.claimed = max(s.claimed, b.synced())
	if b.kind == kindSession {
		c := cutter{b: b.payload}
		_, wall, title := c.session()
		if s.title = title; s.size == 0 {
			s.begun = wall
		}
	}
	s.add(&b.head, b.at, b.next())
	if b.kind == kindEnd {
		if s.ended = b.ended(); s.ended.How == reliable.EndOpen {
			s.ended = nil
		}
	}
}

// torn returns the finding of what lies behind the last block that verifies.
func (s *segment) torn(o span) Finding {
	f := Finding{Kind: Torn, Name: s.name, Key: s.tape.key, At: o.from, Bytes: o.to - o.from}
	if h := &o.claim; h.kind == kindData && h.seq == s.next.Seq {
		f.Frames = nack.Range{From: h.seq, To: h.seq + uint64(h.count)}
	}
	return f
}

// judge tells a segment that was never written whole from a file that isn't one, or is one
// of another version. It reports whether the first is true.
func (l *Log) judge(s *segment, w *walker, size int64, report *Report) bool {
	if s.dead { // it can't be read, as was told
		return false
	}
	front, begun, err := w.isBegun(s.tape.key, size)
	f := Finding{Kind: NotSegment, Name: s.name, Key: s.tape.key, Bytes: size, Err: err}
	switch {
	case err != nil:
		f.Kind = Unreadable
	case begun:
		if f.Kind = Torn; size > 0 {
			report.add(f)
		}
		return true
	case len(front) > 8 && string(front[:4]) == magic && front[8] != version:
		f.Kind, f.Version = OtherVersion, front[8]
	}
	report.add(f)
	return false
}

// isBegun reports whether a file without a block that verifies is a segment whose first
// write was torn: it ends within its first block, has its size and no data, or names its
// tape.
func (w *walker) isBegun(key Key, size int64) (front []byte, begun bool, err error) {
	w.begin(w.file, w.seed, 0, size)
	if front, err = w.view(0, headSize+12); err != nil {
		return nil, false, err
	}
	if n := min(len(front), len(magic)); string(front[:n]) != magic[:n] {
		head := front[:min(len(front), headSize)]
		return front, !slices.ContainsFunc(head, func(c byte) bool { return c != 0 }), nil
	}
	var h head
	if len(front) < headSize+12 {
		return front, true, nil
	}
	c := cutter{b: front[headSize:]}
	named := Key{Session: c.u64(), Channel: c.u32()}
	return front, h.parse(front) && (named == key || named == Key{}), nil
}

// dropEmpty removes the segments of a tape that never had anything, or nothing whole.
func (l *Log) dropEmpty(t *tape) {
	t.segs = slices.DeleteFunc(t.segs, func(s *segment) bool {
		empty := !s.sealed && !s.dead && len(s.index) == 0 && s.ended == nil
		if empty && !l.cfg.ReadOnly {
			_ = l.dir.Remove(s.name)
		}
		return empty
	})
}

// cutTorn cuts what is torn off the segments of a tape that have no footer, and names the
// hole before the next segment.
func (l *Log) cutTorn(t *tape) {
	for i, s := range t.segs {
		if s.sealed || s.dead {
			continue
		}
		f, err := l.open(s)
		if err == nil {
			err = f.Truncate(s.size)
		}
		if s.dead = err != nil; s.dead || i == len(t.segs)-1 {
			continue
		}
		if next := t.segs[i+1].first; s.next.Seq < next.Seq {
			h := Hole{nack.Range{From: s.next.Seq, To: next.Seq},
				nack.Range{From: s.next.Offset, To: max(s.next.Offset, next.Offset)},
				reliable.CauseGone}
			l.plan.clear(t, s)
			l.plan.end = s.next
			l.putHole(t, s, &h, s.lastTime, s.lastTime, s.lastTime)
			if f.Append(s.size, l.plan.pieces...) == nil {
				b := &l.plan.blocks[0]
				s.holes = append(s.holes, h.Frames)
				s.add(&b.head, b.at, b.next)
			}
		}
	}
}

// curtail takes out of a segment what lies behind a place, at which another one begins.
func (s *segment) curtail(to Mark) {
	s.next, s.ended = to, nil
	for n := len(s.index); n > 0 && s.index[n-1].Seq >= to.Seq; n-- {
		s.index = s.index[:n-1]
	}
	for n := len(s.holes); n > 0 && s.holes[n-1].To > to.Seq; n-- {
		s.holes[n-1].To = to.Seq
		if s.holes[n-1].Len() > 0 {
			break
		}
		s.holes = s.holes[:n-1]
	}
}

// placeOf returns the place behind the last block of frames below a number.
func (l *Log) placeOf(s *segment, below uint64) (p place) {
	p.Mark = s.first
	f, err := l.open(s)
	if err != nil || below <= s.first.Seq {
		return p
	}
	l.walk.begin(f, s.tape.seed, 0, s.size)
	var b block
	for {
		if _, ok, _ := l.walk.next(&b); !ok || b.next() > below {
			return p
		}
		p = place{Mark{b.next(), b.end}, b.at + b.size(), b.crc}
	}
}
