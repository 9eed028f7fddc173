package journal

import (
	"errors"
	"slices"
	"time"

	"crier/reliable"
)

// begin begins a segment at the end of a tape. Its file is empty until a plan is flushed.
func (l *Log) begin(t *tape, wall int64) (*segment, error) {
	from := t.next
	for l.segments >= maxSegments {
		if err := l.dropOldest(nil); err != nil {
			return nil, err
		}
	}
	for again := 0; ; {
		name := segmentName(t.key, from.Seq, again)
		f, err := l.dir.Create(name)
		switch {
		case err == nil:
			s := &segment{tape: t, name: name, first: from, next: from, title: t.title,
				begun: wall, recorded: wall}
			if n := len(t.segs); n > 0 {
				s.recorded = max(wall, t.segs[n-1].recorded)
			}
			s.safe = s.here()
			t.segs = append(t.segs, s)
			l.segments++
			l.opened(s, f)
			return s, nil
		case errors.Is(err, ErrExist) && again < maxSegments:
			again++
		case isFull(err):
			if dropped := l.dropOldest(nil); dropped != nil {
				return nil, errors.Join(err, dropped)
			}
			l.room.squeezed = true
		default:
			return nil, err
		}
	}
}

// seal syncs a segment, unless nothing is ever synced, and ends it with its footer. So a
// footer that is there says that the frames before it are. It may go without one.
func (l *Log) seal(t *tape, s *segment, wall int64) error {
	switch {
	case len(s.index) == 0 && s.ended == nil:
		l.remove(t, s)
		return nil
	case l.cfg.ByNeed:
		s.sealed = true
		return nil
	case l.cfg.Fsync.Mode != FsyncNone:
		if err := l.sync(t); t.back {
			return err
		}
	}
	l.addFooter(t, s, wall)
	return nil
}

// addFooter adds the footer to a segment. If that fails, the segment goes without.
func (l *Log) addFooter(t *tape, s *segment, wall int64) {
	s.sealed = true
	footer := s.appendFooter(nil, t.seed, t.synced)
	f, err := l.open(s)
	if err != nil {
		return
	}
	if err := f.Append(s.size, footer); err != nil {
		_ = f.Truncate(s.size)
		return
	}
	s.size += int64(len(footer))
	t.bytes += int64(len(footer))
	l.bytes += int64(len(footer))
	l.dirtied(t, s, wall)
}

// abandon gives up writing to a segment. One without frames goes.
func (l *Log) abandon(t *tape, s *segment) {
	s.dead = true
	if len(s.index) == 0 && s.ended == nil {
		l.remove(t, s)
	}
}

// remove takes a segment out, without regard to whether its file goes.
func (l *Log) remove(t *tape, s *segment) {
	l.close(s)
	_ = l.dir.Remove(s.name)
	l.unlist(t, s)
}

// unlist takes a segment out of the account.
func (l *Log) unlist(t *tape, s *segment) {
	if i := slices.Index(t.segs, s); i >= 0 {
		t.segs = slices.Delete(t.segs, i, i+1)
	}
	t.bytes -= s.size
	l.bytes -= s.size
	l.segments--
	t.forget()
	l.touch(t)
	if len(t.segs) == 0 {
		t.ended = nil
		l.setBare(t)
	}
}

// drop removes a segment, the first of its tape.
func (l *Log) drop(s *segment) error {
	l.close(s)
	if err := l.dir.Remove(s.name); err != nil {
		return err
	}
	l.room.segments++
	l.room.bytes += s.size
	l.unlist(s.tape, s)
	return nil
}

// errOnly is the error where a log has nothing that may be dropped.
var errOnly = errors.New("nothing more can be dropped")

// dropOldest removes the segment that was written longest ago, but not a given one.
func (l *Log) dropOldest(but *segment) error {
	if l.cfg.ByNeed {
		return errOnly
	}
	var oldest *segment
	for _, t := range l.order {
		if len(t.segs) > 0 && t.segs[0] != but &&
			(oldest == nil || t.segs[0].recorded < oldest.recorded) {
			oldest = t.segs[0]
		}
	}
	if oldest == nil {
		return errOnly
	}
	return l.drop(oldest)
}

// makeRoom drops segments until so many more bytes are within the bound.
func (l *Log) makeRoom(s *segment, more int64) error {
	for l.cfg.Keep.Bytes > 0 && l.bytes+more+l.footerOf(s) > l.cfg.Keep.Bytes {
		if l.cfg.ByNeed {
			return ErrNoSpace
		}
		switch err := l.dropOldest(s); {
		case err == errOnly:
			return nil // one block more than the bound
		case err != nil:
			return err
		}
	}
	return nil
}

// ageParts is how many segments a log by age has at least, for each tape.
const ageParts = 16

// isOld reports whether a segment holds so long a time that the next shall begin.
func (l *Log) isOld(s *segment, wall int64) bool {
	age := int64(l.cfg.Keep.Age)
	return age > 0 && len(s.index) > 0 && wall-s.begun > max(age/ageParts, int64(time.Second))
}

// age drops the segments that are too old. It looks once a second. Those that were recorded
// before the clock was set back count from then on, so that they aren't kept for ever.
func (l *Log) age(wall int64) {
	age := int64(l.cfg.Keep.Age)
	if age == 0 || wall-l.aged < int64(min(l.cfg.Keep.Age/ageParts, time.Second)) && wall >= l.aged {
		return
	}
	l.aged = wall
	for _, t := range l.order {
		for _, s := range t.segs {
			s.begun, s.recorded = min(s.begun, wall), min(s.recorded, wall)
		}
		for len(t.segs) > 0 && t.segs[0].recorded < wall-age {
			if l.drop(t.segs[0]) != nil {
				return
			}
		}
	}
}

// trim removes the segments of a tape whose frames are all below a number.
func (l *Log) trim(t *tape, low uint64) error {
	for len(t.segs) > 0 && t.segs[0].next.Seq <= low && len(t.segs[0].index) > 0 {
		if err := l.drop(t.segs[0]); err != nil {
			return err
		}
	}
	return nil
}

// reset removes all of a tape, which may then begin anywhere.
func (l *Log) reset(t *tape) error {
	for len(t.segs) > 0 {
		if err := l.drop(t.segs[0]); err != nil {
			return err
		}
	}
	t.next, t.synced, t.lastTime, t.ended = Mark{}, 0, 0, nil
	t.holes, t.more = nil, 0
	return nil
}

// entitle keeps a title, and writes it to the segment that is open. If that fails, the next
// records bring it.
func (l *Log) entitle(t *tape, title *reliable.Title, wall int64) {
	if t.title != nil && *t.title == *title {
		return
	}
	copied := *title
	t.title = &copied
	l.touch(t)
	s := t.last()
	if s == nil || s.size == 0 {
		return
	}
	l.plan.clear(t, s)
	l.addSession(t, s, wall)
	if err := l.flush(t, s, wall); err != nil && !isFull(err) {
		l.abandon(t, s)
	}
}
