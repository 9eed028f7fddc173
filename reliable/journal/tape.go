package journal

import (
	"cmp"
	"slices"

	"crier/nack"
	"crier/reliable"
)

// A tape is what the log has of one session and channel.
type tape struct {
	key   Key
	seed  uint32
	title *reliable.Title
	// segs are its segments, in order. The last one is written, unless it is sealed or
	// dead.
	segs []*segment
	// next is where the tape ends, and synced the number below which it is synced.
	next   Mark
	synced uint64
	// lastTime is the latest time of a frame, so that times never fall.
	lastTime int64
	holes    []nack.Range
	more     int
	ended    *End
	bytes    int64
	// touched says that the job changes the tape, and back that its end went back.
	touched, back bool
}

// last returns the segment that is written, or nil.
func (t *tape) last() *segment {
	if len(t.segs) == 0 {
		return nil
	}
	if s := t.segs[len(t.segs)-1]; !s.sealed && !s.dead {
		return s
	}
	return nil
}

func (t *tape) oldest() Mark {
	if len(t.segs) == 0 {
		return t.next
	}
	return t.segs[0].first
}

func (t *tape) state() State {
	s := State{
		Key: t.key, Title: t.title, Oldest: t.oldest(), Next: t.next,
		Written: t.next.Seq, Synced: t.synced, Holes: t.holes, MoreHoles: t.more,
		Ended: t.ended, Bytes: t.bytes, Segments: len(t.segs), Last: t.lastTime,
	}
	if len(t.segs) > 0 {
		s.First = t.segs[0].firstTime
	}
	return s
}

// at returns the index of the segment that has a frame, or would have it.
func (t *tape) at(seq uint64) int {
	i, _ := slices.BinarySearchFunc(t.segs, seq, func(s *segment, seq uint64) int {
		if s.first.Seq <= seq {
			return -1
		}
		return 1
	})
	return max(0, i-1)
}

// lack takes a hole at the tape's end into its account. Holes that States were given stay
// as they are.
func (t *tape) lack(r nack.Range) {
	if len(t.holes) >= MaxHoles {
		t.holes = t.holes[1:]
		t.more++
	}
	t.holes = append(t.holes, r)
}

// lackAmid is like lack, for a hole anywhere. It reports whether it was not known.
func (t *tape) lackAmid(r nack.Range) bool {
	var left []nack.Range
	if left = nack.Subtract(nil, []nack.Range{r}, t.holes); len(left) == 0 {
		return false
	}
	all := nack.Normalize(append(slices.Clone(t.holes), left...))
	if over := len(all) - MaxHoles; over > 0 {
		all, t.more = all[over:], t.more+over
	}
	t.holes = all
	return true
}

// forget takes holes out of the account that lie before the oldest frame or behind the
// last.
func (t *tape) forget() {
	oldest := t.oldest().Seq
	for len(t.holes) > 0 && t.holes[0].To <= oldest {
		t.holes = t.holes[1:]
	}
	if n := len(t.holes); n > 0 && t.holes[n-1].To > t.next.Seq {
		kept := []nack.Range{}
		for _, r := range t.holes {
			if r = r.Clip(r.From, t.next.Seq); r.Len() > 0 {
				kept = append(kept, r)
			}
		}
		t.holes = kept
	}
	if len(t.holes) == 0 {
		t.more = 0
	}
}

func compareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Channel, b.Channel))
}

// maxBare bounds the tapes that are remembered though they have no segments.
const maxBare = 4096

// tape returns a tape, and makes it if need be.
func (l *Log) tape(key Key) *tape {
	if t := l.tapes[key]; t != nil {
		return t
	}
	t := &tape{key: key, seed: seedOf(key)}
	l.tapes[key] = t
	i, _ := l.find(key)
	l.order = slices.Insert(l.order, i, t)
	l.setBare(t)
	return t
}

func (l *Log) find(key Key) (int, bool) {
	return slices.BinarySearchFunc(l.order, key, func(t *tape, key Key) int {
		return compareKeys(t.key, key)
	})
}

// setBare remembers a tape without segments, and forgets the one that has been without for
// longest if there are many.
func (l *Log) setBare(t *tape) {
	l.bare = slices.DeleteFunc(l.bare, func(o *tape) bool { return len(o.segs) > 0 || o == t })
	l.bare = append(l.bare, t)
	if len(l.bare) > maxBare {
		gone := l.bare[0]
		l.bare = l.bare[1:]
		delete(l.tapes, gone.key)
		if i, ok := l.find(gone.key); ok {
			l.order = slices.Delete(l.order, i, i+1)
		}
	}
}
