package journal

import (
	"slices"

	"crier/nack"
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
	}
	l.touched = l.touched[:0]
	for _, t := range l.order {
		t.touched = false
	}
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
		s := l.openSegment(t, file, wall, report)
		if s == nil {
			continue
		}
		if n := len(t.segs); n > 0 {
			last := t.segs[n-1]
			s.recorded = max(s.recorded, last.recorded)
			switch {
			case last.next.Seq > s.first.Seq: // given up, and begun again
				last.curtail(s.first)
			case last.next.Seq < s.first.Seq:
				r := nack.Range{From: last.next.Seq, To: s.first.Seq}
				t.lackAmid(r)
				report.add(Finding{Kind: Missing, Name: s.name, Key: t.key, Frames: r})
			}
		}
		t.segs = append(t.segs, s)
		l.segments++
		t.bytes += s.size
		l.bytes += s.size
		for _, r := range s.holes {
			t.lackAmid(r)
		}
		if s.title != nil {
			t.title = s.title
		}
		t.lastTime = max(t.lastTime, s.lastTime)
		t.next, t.ended = s.next, s.ended
	}
	if len(t.segs) == 0 {
		return
	}
	t.forget()
	l.tapes[t.key] = t
	i, _ := l.find(t.key)
	l.order = slices.Insert(l.order, i, t)
	if l.cfg.ReadOnly || l.cfg.Fsync.Mode == FsyncNone {
		return
	}
	t.synced = t.segs[len(t.segs)-1].safe.Seq
	if slices.ContainsFunc(t.segs, func(s *segment) bool { return s.unsynced }) {
		l.dirty = append(l.dirty, t)
		if err := l.sync(t); err != nil {
			report.add(Finding{Kind: Unreadable, Key: t.key, Name: t.name(), Err: err})
		}
	}
}

func (t *tape) name() string {
	if len(t.segs) == 0 {
		return ""
	}
	return t.segs[len(t.segs)-1].name
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
	s := &segment{tape: t, name: file.Name, named: true, begun: wall, recorded: wall}
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
	if ok, _ := w.footer(&b); ok && s.fromFooter(&b) {
		report.Scanned += w.read
		s.safe = s.here()
		return s
	}
	report.Scanned += w.read
	*s = segment{tape: t, name: file.Name, named: true, begun: wall, recorded: wall,
		file: s.file, used: s.used}
	s.first = Mark{Seq: file.first}
	s.next = s.first
	if !l.scan(s, w, size, report) {
		return nil
	}
	return l.settleEnd(s, f, size, wall, report)
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
		}
		if !ok {
			break
		}
		if len(s.index) > 0 && b.seq < s.next.Seq {
			continue // what a failed write left
		}
		blocks++
		l.scanned(s, &b, open, report)
		open = open[:0]
	}
	report.Scanned += w.read
	if blocks == 0 {
		return l.judge(s, w, size, report)
	}
	for _, o := range open {
		report.add(s.torn(o))
	}
	return true
}

// scanned takes a block into the account, and what lies before it.
func (l *Log) scanned(s *segment, b *block, open []span, report *Report) {
	missing := nack.Range{From: s.next.Seq, To: b.seq}
	if len(s.index) > 0 && missing.Len() > 0 {
		s.holes = append(s.holes, missing)
	} else if len(s.index) == 0 && len(open) == 0 {
		missing = nack.Range{}
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
	if s.next.Seq < b.seq || len(s.index) == 0 {
		s.next = Mark{b.seq, b.offset}
	}
	switch b.kind {
	case kindSession:
		c := cutter{b: b.payload}
		_, wall, title := c.session()
		s.title = title
		if s.size == 0 {
			s.begun = wall
		}
	case kindEnd:
		if s.ended = b.ended(); s.ended.How == 0 {
			s.ended = nil
		}
	}
	ended := s.ended
	s.add(&b.head, b.at, b.next())
	if b.kind == kindEnd {
		s.ended = ended
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

// judge tells a segment that was never written from a file that isn't one, or is one of
// another version. It reports whether the first is true.
func (l *Log) judge(s *segment, w *walker, size int64, report *Report) bool {
	front, err := w.view0(size)
	f := Finding{Kind: NotSegment, Name: s.name, Key: s.tape.key, Bytes: size, Err: err}
	switch {
	case err != nil:
		f.Kind = Unreadable
	case len(front) > 8 && string(front[:4]) == magic && front[8] != version:
		f.Kind, f.Version = OtherVersion, front[8]
	case isBegun(front):
		report.add(Finding{Kind: Torn, Name: s.name, Key: s.tape.key, Bytes: size})
		return true
	}
	report.add(f)
	return false
}

// view0 returns the front of a file.
func (w *walker) view0(size int64) ([]byte, error) {
	w.begin(w.file, w.seed, 0, size)
	return w.view(0, headSize)
}

// isBegun reports whether a file's front may be that of a segment whose first write was
// torn: it is empty or zeroed, or begins like a block.
func isBegun(front []byte) bool {
	n := min(len(front), len(magic))
	if string(front[:n]) == magic[:n] {
		return true
	}
	return !slices.ContainsFunc(front, func(c byte) bool { return c != 0 })
}

// settleEnd cuts what is torn off a segment without a footer, and seals it. It returns nil
// if nothing is left of it.
func (l *Log) settleEnd(s *segment, f File, size, wall int64, report *Report) *segment {
	empty := len(s.index) == 0 && s.ended == nil
	if l.cfg.ReadOnly {
		if empty {
			return nil
		}
		return s
	}
	if empty {
		if s.size == 0 || size == 0 || s.title == nil || true {
			l.close(s)
			_ = l.dir.Remove(s.name)
		}
		return nil
	}
	s.sealed = true
	if size > s.size {
		if err := f.Truncate(s.size); err != nil {
			return s
		}
	}
	s.unsynced = true
	s.safe = place{s.first, 0, 0}
	footer := s.appendFooter(nil, s.tape.seed, 0)
	if err := f.Append(s.size, footer); err != nil {
		_ = f.Truncate(s.size)
		return s
	}
	s.size += int64(len(footer))
	return s
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
				l.seal(t, s, s.recorded)
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
