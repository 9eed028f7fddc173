package journal

import (
	"errors"
	"fmt"
)

// errOther is the error of a segment that reads otherwise than when it was opened.
var errOther = errors.New("it doesn't read as before")

// rescue copies a segment of an earlier process, whose sync failed, to a new file. The
// system may still have all of it in memory, and nobody else could hand it again.
func (l *Log) rescue(t *tape, s *segment) error {
	f, err := l.open(s)
	if err != nil {
		return err
	}
	_, first, again, _ := parseName(s.name)
	var to File
	var name string
	for {
		again++
		name = segmentName(t.key, first, again)
		if to, err = l.dir.Create(name); err == nil {
			break
		} else if !errors.Is(err, ErrExist) || again >= maxSegments {
			return err
		}
	}
	defer to.Close()
	if err = l.copyBlocks(t, s, f, to); err == nil {
		err = to.Sync()
	}
	copied := *s
	copied.name = name
	if err == nil {
		err = l.syncName(&copied)
	}
	if err != nil {
		_ = l.dir.Remove(name)
		return err
	}
	l.close(s)
	_ = l.dir.Remove(s.name)
	s.name, s.named = name, true
	return nil
}

// copyBlocks copies a segment to another file, with all that lies between its blocks.
func (l *Log) copyBlocks(t *tape, s *segment, from, to File) error {
	l.walk.begin(from, t.seed, 0, s.size)
	var b block
	frames, at := uint64(0), int64(0)
	for {
		skipped, ok, err := l.walk.next(&b)
		if err != nil {
			return err
		}
		if gap := skipped.to - skipped.from; gap > 0 {
			if err := to.Append(at, make([]byte, gap)); err != nil {
				return err
			}
			at += gap
		}
		if !ok {
			break
		}
		frames += uint64(b.count)
		whole, err := l.walk.view(b.at, int(b.size()))
		if err != nil {
			return err
		}
		if err := to.Append(at, whole); err != nil {
			return err
		}
		at += b.size()
	}
	if frames != s.frames {
		return fmt.Errorf("%s: %w: %d frames of %d", s.name, errOther, frames, s.frames)
	}
	return nil
}
