package journal

// A Segment is a file of a log, in short.
type Segment struct {
	Name string
	Key  Key
	// Oldest is where the segment begins, and Next where it ends.
	Oldest, Next Mark
	// First and Last are the times of its first and its last frame, by the publisher's wall
	// clock, and Recorded when it was written last, by the recorder's: in nanoseconds since
	// the Unix epoch.
	First, Last, Recorded int64
	// Frames counts them.
	Frames uint64
	// Bytes is its size.
	Bytes int64
	// Sealed says that it is finished.
	Sealed bool
}

// Segments returns the segments of a tape, from the oldest.
func (l *Log) Segments(key Key) []Segment {
	t := l.tapes[key]
	if t == nil {
		return nil
	}
	list := make([]Segment, 0, len(t.segs))
	for _, s := range t.segs {
		list = append(list, s.short())
	}
	return list
}

func (s *segment) short() Segment {
	return Segment{Name: s.name, Key: s.tape.key, Oldest: s.first, Next: s.next,
		First: s.firstTime, Last: s.lastTime, Recorded: s.recorded, Frames: s.frames,
		Bytes: s.size, Sealed: s.sealed}
}

// Verify reads all segments of a tape, or of all tapes if the key is zero, and reports
// what doesn't verify. each, if not nil, is called before each segment.
func (l *Log) Verify(key Key, each func(Segment)) (*Report, error) {
	report := &Report{}
	for _, t := range l.order {
		if key != (Key{}) && t.key != key {
			continue
		}
		for _, s := range t.segs {
			if each != nil {
				each(s.short())
			}
			f, err := l.open(s)
			if err != nil && l.cfg.ReadOnly {
				continue // the process that writes the log has dropped it
			}
			if err != nil {
				report.add(Finding{Kind: Unreadable, Name: s.name, Key: t.key, Err: err})
				continue
			}
			n := len(report.Findings)
			again := &segment{tape: t, name: s.name, first: s.first, next: s.first}
			l.walk.begin(f, t.seed, 0, s.size)
			l.scan(again, &l.walk, s.size, report)
			for i := range report.Findings[n:] {
				if f := &report.Findings[n+i]; f.Kind == Torn { // the end was whole before
					f.Kind = Damaged
					f.Acknowledged = f.Frames.Len() > 0 && f.Frames.From < t.synced
				}
			}
		}
	}
	return report, nil
}

// Cut removes the segments of a tape, or of all tapes if the key is zero, whose frames all
// lie below a number and were published before a time, in nanoseconds since the Unix
// epoch. It returns how many they were, and their bytes. The last segment of a tape goes
// too, if all of its frames are meant.
func (l *Log) Cut(key Key, below uint64, before int64) (segments int, bytes int64, err error) {
	for _, t := range l.order {
		if key != (Key{}) && t.key != key {
			continue
		}
		for len(t.segs) > 0 {
			s := t.segs[0]
			if s.next.Seq > below || s.lastTime >= before {
				break
			}
			size := s.size
			if err := l.drop(s); err != nil {
				return segments, bytes, err
			}
			segments++
			bytes += size
		}
	}
	return segments, bytes, nil
}
