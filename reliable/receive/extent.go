package receive

import (
	"sort"
	"time"

	"crier/reliable"
)

// extent is the known extent of a stream, and the places where messages begin in it.
type extent struct {
	stream *stream
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
	// the publisher told none, losses next to each other for several causes are told
	// with that of the most frames.
	maxLandmarks = 64
)

// tell takes the word of how far the stream is.
func (e *extent) tell(now reliable.Time, seq, offset uint64) {
	st := e.stream
	if st.phase == left {
		return
	}
	if !e.believes(now, seq, offset) {
		st.stats.Beyond++
		return
	}
	if seq > st.win.high {
		e.landmark(seq, offset)
	}
	if st.taken.off {
		e.begins(seq, offset)
	}
	e.exists(now, seq)
	e.begins(seq, offset)
	if st.cursor.lossPending {
		st.wake()
	}
}

// forgotten takes the word that the publisher has no frame below seq any more.
func (e *extent) forgotten(now reliable.Time, seq, offset uint64) {
	st := e.stream
	if st.req.Gaps().Contains(seq) {
		e.landmark(seq, offset)
	}
	st.asked.oldest = max(st.asked.oldest, seq)
	st.asked.passOn(now, st.asked.publisher(), st.win.next, min(seq, st.win.high),
		reliable.CauseGone)
}

// exists takes the word that all frames below seq exist.
func (e *extent) exists(now reliable.Time, seq uint64) {
	if st := e.stream; st.taken.off {
		st.follow(seq, st.stats.NextOffset)
	} else if seq > st.win.high && st.phase != left {
		st.room.limit(now) // it isn't kept up to date while nothing is missing
		st.req.Missing(now, st.win.high, seq)
		st.win.high = seq
	}
}

// begins takes the word that all messages below offset exist, and that it is the first to
// start in frame seq or after it.
func (e *extent) begins(seq, offset uint64) {
	st := e.stream
	if st.phase == left {
		return
	}
	st.stats.NextOffset = max(st.stats.NextOffset, offset)
	if !e.told.known || seq > e.told.seq {
		e.grewAt = st.r.now
		e.told = position{true, seq, offset}
	}
}

// believes reports whether so much can exist by now: the known extent, and as much as a publisher
// can have sent, or dropped, since then.
func (e *extent) believes(now reliable.Time, seq, offset uint64) bool {
	if !e.told.known {
		return true // nothing is known to go on from
	}
	since := uint64(max(0, now.Sub(e.grewAt)) + growSlack)
	high := max(e.stream.win.high, e.told.seq)
	next := max(e.stream.stats.NextOffset, e.told.offset)
	return (seq <= high || seq-high <= since/leastFrame) &&
		(offset <= next || offset-next <= since/leastMessage)
}

// landmark remembers the publisher's word of where messages begin: before a frame that
// is missing, which can't tell.
func (e *extent) landmark(seq, offset uint64) {
	next := e.stream.win.next
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
