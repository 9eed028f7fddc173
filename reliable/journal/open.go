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
