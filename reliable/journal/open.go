package journal

import (
	"slices"

	"crier/nack"
	"crier/reliable"
)

// lockName is the name of the file that a Dir may keep in a log for its lock.
const lockName = "LOCK"

// Open opens the log in a directory, or begins one. wall is the wall clock, in nanoseconds
// since the Unix epoch. What a crash left is put in order, and the Report tells what that
// was; nothing else in the directory is touched.
func Open(dir Dir, cfg Config, wall int64) (*Log, *Report, error) {
	if err := cfg.settle(); err != nil {
		return nil, nil, err
	}
	l := &Log{dir: dir, cfg: cfg, tapes: map[Key]*tape{}, aged: wall}
	report := &Report{}
	files, err := dir.List()
	if err != nil {
		return nil, nil, err
	}
	found := []named{}
	for _, file := range files {
		n := named{Entry: file}
		var ok bool
		if n.key, n.first, n.again, ok = parseName(file.Name); ok && !cfg.ByNeed {
			found = append(found, n)
		} else if file.Name != lockName && !cfg.ByNeed {
			report.add(Finding{Kind: Foreign, Name: file.Name, Bytes: file.Size})
		}
	}
	slices.SortFunc(found, compareNamed)
	for len(found) > 0 {
		n := 1
		for n < len(found) && found[n].key == found[0].key {
			n++
		}
		l.openTape(found[:n], wall, report)
		found = found[n:]
	}
	if !cfg.ReadOnly {
		for l.segments > maxSegments || cfg.Keep.Bytes > 0 && l.bytes > cfg.Keep.Bytes {
			if l.dropOldest(nil) != nil {
				break
			}
		}
		report.Dropped, report.DroppedBytes = l.room.segments, l.room.bytes
	}
	l.touched, l.bare = l.touched[:0], l.bare[:0]
	l.order = slices.DeleteFunc(l.order, func(t *tape) bool {
		t.touched, t.back = false, false
		if len(t.segs) == 0 {
			delete(l.tapes, t.key)
		}
		return len(t.segs) == 0
	})
	return l, report, nil
}

// A named is a file that a segment's name was read from.
type named struct {
	Entry
	key   Key
	first uint64
	again int
}

func compareNamed(a, b named) int {
	if c := compareKeys(a.key, b.key); c != 0 {
		return c
	}
	switch {
	case a.first != b.first:
		if a.first < b.first {
			return -1
		}
		return 1
	default:
		return a.again - b.again
	}
}

// openTape opens the segments of a tape.
func (l *Log) openTape(files []named, wall int64, report *Report) {
	t := &tape{key: files[0].key, seed: seedOf(files[0].key)}
	for _, file := range files {
		if s := l.openSegment(t, file, wall, report); s != nil {
			t.segs = append(t.segs, s)
		}
	}
	l.dropEmpty(t)
	if len(t.segs) == 0 {
		return
	}
	twins := t.choose()
	if !l.cfg.ReadOnly {
		l.cutTorn(t)
	}
	l.join(t, report)
	for _, s := range t.segs {
		l.segments++
		t.bytes += s.size
		l.bytes += s.size
	}
	l.tapes[t.key] = t
	i, _ := l.find(t.key)
	l.order = slices.Insert(l.order, i, t)
	for _, s := range t.segs {
		t.synced = max(t.synced, s.claimed)
	}
	if !l.cfg.ReadOnly && l.settle(t, wall, report) {
		for _, s := range twins {
			_ = l.dir.Remove(s.name)
		}
	}
}

// choose keeps one of segments that begin with the same frame: the one that reaches
// furthest. There are two where a process died while it copied one, or began one again. It
// returns the others.
func (t *tape) choose() (twins []*segment) {
	kept := t.segs[:0]
	for _, s := range t.segs {
		n := len(kept)
		switch {
		case n == 0 || kept[n-1].first.Seq != s.first.Seq:
			kept = append(kept, s)
		case kept[n-1].next.Seq > s.next.Seq:
			twins = append(twins, s)
		default:
			twins = append(twins, kept[n-1])
			kept[n-1] = s
		}
	}
	t.segs = kept
	return twins
}

// join makes a tape's account of those of its segments.
func (l *Log) join(t *tape, report *Report) {
	for i, s := range t.segs {
		if i > 0 {
			last := t.segs[i-1]
			s.recorded = max(s.recorded, last.recorded)
			if last.next.Seq > s.first.Seq { // given up, and begun again
				last.curtail(s.first)
				t.next = last.next
				t.forget()
			}
			if r := (nack.Range{From: last.next.Seq, To: s.first.Seq}); r.Len() > 0 {
				t.lackAmid(r)
				if !s.damaged {
					report.add(Finding{Kind: Missing, Name: s.name, Key: t.key, Frames: r})
				}
			}
		}
		for _, r := range s.holes {
			t.lackAmid(r)
		}
		t.more += s.moreHoles
		if s.title != nil {
			t.title = s.title
		}
		t.lastTime = max(t.lastTime, s.lastTime)
		t.next, t.ended = s.next, s.ended
	}
	t.forget()
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

// settle syncs the segments of a tape that was opened of which no later block says that
// they are, and gives those that have none their footers. It reports whether that went
// well.
func (l *Log) settle(t *tape, wall int64, report *Report) bool {
	for _, s := range t.segs {
		if s.next.Seq > t.synced {
			s.unsynced, s.named = true, false
			s.safe = l.placeOf(s, t.synced)
		}
	}
	l.dirty = append(l.dirty, t)
	name := t.segs[len(t.segs)-1].name
	var err error
	if l.cfg.Fsync.Mode == FsyncNone {
		t.synced = 0 // nothing is claimed
	} else if err = l.sync(t); err != nil {
		report.add(Finding{Kind: Unreadable, Key: t.key, Name: name, Err: err})
	}
	for _, s := range t.segs {
		if !s.sealed && !s.dead {
			l.addFooter(t, s, wall)
		}
		l.close(s)
	}
	return err == nil
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

// openSegment reads the account of a segment, from its footer or from all of it, and puts
// its end in order. It returns nil if it isn't one, or has nothing.
func (l *Log) openSegment(t *tape, file named, wall int64, report *Report) *segment {
	s := &segment{tape: t, name: file.Name, named: true, adopted: true, begun: wall, recorded: wall}
	f, err := l.open(s)
	if err != nil {
		report.add(Finding{Kind: Unreadable, Name: file.Name, Key: t.key, Bytes: file.Size, Err: err})
		return nil
	}
	defer l.close(s)
	size := file.Size
	if now, err := f.Size(); err == nil {
		size = now
	}
	w := &l.walk
	w.begin(f, t.seed, 0, size)
	var b block
	ok, _ := w.footer(&b)
	report.Scanned += w.read
	// A footer without the claim that the frames are synced may stand where they are lost.
	trusted := l.cfg.ReadOnly || l.cfg.Fsync.Mode == FsyncNone || b.synced() == b.seq
	if ok && trusted && s.fromFooter(&b) {
		s.safe = s.here()
		return s
	}
	*s = segment{tape: t, name: file.Name, named: true, adopted: true, begun: wall, recorded: wall,
		file: s.file, used: s.used, first: Mark{Seq: file.first}, next: Mark{Seq: file.first}}
	if !l.scan(s, w, size, report) {
		return nil
	}
	return s
}

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

// Close syncs and seals all segments, and closes their files. A log ByNeed is removed.
func (l *Log) Close() error {
	var first error
	for _, t := range l.order {
		switch {
		case l.cfg.ByNeed:
			for len(t.segs) > 0 {
				l.remove(t, t.segs[0])
			}
		case !l.cfg.ReadOnly:
			if s := t.last(); s != nil {
				if err := l.seal(t, s, s.recorded); err != nil && first == nil {
					first = err
				}
			}
		}
	}
	for !l.cfg.ReadOnly && l.cfg.Fsync.Mode != FsyncNone && len(l.dirty) > 0 {
		if err := l.sync(l.dirty[0]); err != nil && first == nil {
			first = err
		}
	}
	for len(l.files) > 0 {
		l.close(l.files[0])
	}
	return first
}
