package receive

import (
	"sort"
	"time"

	"crier/reliable"
)

// extent is what is known to exist of a stream, and where messages begin in it.
type extent struct {
	// Where the frame after the last one that is known starts, and when that was last
	// more than before.
	told   position
	grewAt reliable.Time
	// Ascending.
	landmarks []position
}

const (
	// leastFrame and leastMessage are how long a publisher takes for a frame, and for a
	// message, at the least: 31 million frames and a thousand million messages a second.
	leastFrame   = 32
	leastMessage = 1
	// growSlack is a time that clocks and queues may have hidden.
	growSlack = time.Second
	// maxLandmarks bounds the positions that a stream remembers. Beyond them, and where
	// the publisher told none, what was lost next to each other for several causes is told
	// with that of the most frames.
	maxLandmarks = 64
)

// note takes the word that offset is the first to start in frame seq or after it.
func (e *extent) note(now reliable.Time, seq, offset uint64) {
	if !e.told.known || seq > e.told.seq {
		e.grewAt = now
		e.told = position{true, seq, offset}
	}
}

// allows reports whether so many frames and messages can exist by now: as many as are
// known otherwise, and what a publisher can have sent, or dropped, since then.
func (e *extent) allows(now reliable.Time, seq, offset, knownSeq, knownOffset uint64) bool {
	if !e.told.known {
		return true // nothing is known to go on from
	}
	since := uint64(max(0, now.Sub(e.grewAt)) + growSlack)
	high, next := max(knownSeq, e.told.seq), max(knownOffset, e.told.offset)
	return (seq <= high || seq-high <= since/leastFrame) &&
		(offset <= next || offset-next <= since/leastMessage)
}

// landmark remembers the publisher's word of where messages begin: before a frame that
// is missing, which can't tell. What lies below next is forgotten.
func (e *extent) landmark(next, seq, offset uint64) {
	if seq <= next {
		return
	}
	list := e.landmarks
	for len(list) > 0 && list[0].seq <= next {
		list = list[1:]
	}
	if len(list) == maxLandmarks {
		list = list[1:]
	}
	list = e.landmarks[:copy(e.landmarks, list)]
	i := sort.Search(len(list), func(i int) bool { return list[i].seq >= seq })
	if i == len(list) || list[i].seq != seq {
		list = append(list, position{})
		copy(list[i+1:], list[i:])
		list[i] = position{true, seq, offset}
	}
	e.landmarks = list
}

// offsetAt returns the offset of the first message that starts in a frame or after it,
// if the publisher told it.
func (e *extent) offsetAt(seq uint64) (uint64, bool) {
	if e.told.known && e.told.seq == seq {
		return e.told.offset, true
	}
	i := sort.Search(len(e.landmarks), func(i int) bool { return e.landmarks[i].seq >= seq })
	if i == len(e.landmarks) || e.landmarks[i].seq != seq {
		return 0, false
	}
	return e.landmarks[i].offset, true
}
