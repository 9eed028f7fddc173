package journal

import (
	"slices"
)

// dirtied says that a segment has something to sync.
func (l *Log) dirtied(t *tape, s *segment, wall int64) {
	if s.unsynced || l.cfg.ByNeed {
		return
	}
	s.unsynced = true
	if !slices.Contains(l.dirty, t) {
		if len(l.dirty) == 0 {
			l.since = wall
		}
		l.dirty = append(l.dirty, t)
	}
}

// syncs does the syncs of a job, and those that are due.
func (l *Log) syncs(t *tape, job *Job, r *Result, wall int64) {
	due, ok := l.Due()
	switch {
	case job.Sync && job.Key == (Key{}) || ok && (wall >= due || wall < l.since):
		for len(l.dirty) > 0 {
			other := l.dirty[0]
			if err := l.sync(other); err != nil {
				r.Err = err
				r.Failed = r.Failed || other == t
			}
		}
	case t != nil && (job.Sync || l.cfg.Fsync.Mode == FsyncEach):
		if err := l.sync(t); err != nil {
			r.Err, r.Failed = err, true
		}
	}
}

// sync makes all of a tape survive a loss of power. If it fails, the tape goes back to
// what is sure to.
func (l *Log) sync(t *tape) error {
	if i := slices.Index(l.dirty, t); i >= 0 {
		l.dirty = slices.Delete(l.dirty, i, i+1)
	} else {
		return nil
	}
	sure := l.cfg.Fsync.Mode != FsyncNone // which claims nothing
	var told error
	for _, s := range t.segs {
		if !s.unsynced {
			continue
		}
		if s.adopted { // nobody else has its frames
			if err := l.syncAdopted(t, s); err != nil {
				told = err
			}
			if sure = sure && !s.doubtful; s.doubtful {
				continue
			}
		} else if err := l.syncSegment(s); err != nil {
			s.unsynced = false
			l.touch(t)
			l.giveUp(t, s)
			return err
		}
		s.unsynced = false
		s.safe = s.here()
		if sure {
			t.synced = max(t.synced, s.next.Seq)
		}
		l.touch(t)
	}
	return told
}

// syncAdopted syncs a segment of an earlier process, or a copy of it. While neither can be,
// its frames stay, but are doubtful: nothing from them on is called synced.
func (l *Log) syncAdopted(t *tape, s *segment) error {
	if !s.doubtful {
		err := l.syncSegment(s)
		if err == nil {
			return nil
		}
		s.dead, s.doubtful = true, true
		if l.rescue(t, s) == nil {
			s.doubtful = false
			return nil
		}
		return err
	}
	if s.waits++; s.waits&(s.waits-1) != 0 { // seldom and more seldom
		return nil
	}
	err := l.rescue(t, s)
	s.doubtful = err != nil
	return err
}

func (l *Log) syncSegment(s *segment) error {
	f, err := l.open(s)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return l.syncName(s)
}

// syncName makes the name of a segment's file survive a loss of power.
func (l *Log) syncName(s *segment) error {
	if s.named {
		return nil
	}
	if err := l.dir.Sync(s.folder()); err != nil {
		return err
	}
	// The folder's own name, once a tape, or more often: it costs nothing if it is there.
	if err := l.dir.Sync(""); err != nil {
		return err
	}
	s.named = true
	return nil
}

// giveUp takes a tape back to the end of what is synced, after a sync of a segment
// failed: the system may have dropped what it could not write, and a second sync would
// tell nothing of that.
func (l *Log) giveUp(t *tape, s *segment) {
	for t.segs[len(t.segs)-1] != s {
		l.remove(t, t.segs[len(t.segs)-1])
	}
	l.cut(t, s, s.safe)
	s.dead = true
	t.next, t.ended, t.back = s.next, s.ended, true
	if len(s.index) == 0 {
		l.remove(t, s)
		if n := len(t.segs); n > 0 {
			t.ended = t.segs[n-1].ended
		}
	}
	t.forget()
}

// cut takes a segment back to a place.
func (l *Log) cut(t *tape, s *segment, to place) {
	if f, err := l.open(s); err == nil {
		_ = f.Truncate(to.size)
	}
	t.bytes -= s.size - to.size
	l.bytes -= s.size - to.size
	if to.size < s.size {
		s.sealed = false
	}
	if s.next != to.Mark || to.size < s.size {
		s.ended = nil
	}
	s.size, s.crc, s.next = to.size, to.crc, to.Mark
	for n := len(s.index); n > 0 && s.index[n-1].at >= to.size; n-- {
		s.index = s.index[:n-1]
	}
	for n := len(s.holes); n > 0 && s.holes[n-1].From >= to.Seq; n-- {
		s.holes = s.holes[:n-1]
	}
}
