package receive

import (
	"sort"

	"crier/reliable"
)

// How delivery passes frames that don't come: those that are lost, and those that
// nobody needs.

// pass notes that some frames before the next one are lost.
func (s *session) pass(cause reliable.Cause, frames uint64) {
	c := &s.cursor
	switch {
	case !c.known:
	case !c.lossPending:
		c.lossPending, c.lossCause, c.lossFrames = true, cause, frames
	case cause == c.lossCause:
		c.lossFrames += frames
	case frames > c.lossFrames:
		c.lossCause, c.lossFrames = cause, frames
	}
	c.sure, c.tail = max(c.sure, c.offset, c.lostTo), true
	if c.whole.active { // its next part is lost
		c.sure = max(c.sure, c.offset+1)
	}
	c.whole.stop(&s.r.mem)
	s.limit(s.r.now)
	if s.every != 0 {
		s.progress()
	}
}

// look is what passTail found: from the next frame on all are missing up to one that is
// held, and that one has nothing of the messages which were sure then. That stays so until
// one of the missing ones comes.
type look struct {
	known           bool
	next, seq, sure uint64
}

// passTail passes missing frames that have a part only of messages which were told
// already, don't count, or are lost for sure: what comes after them needn't wait. It
// reports false if there are none.
func (s *session) passTail() bool {
	c, w := &s.cursor, &s.win
	if !c.tail || !c.known {
		return false
	}
	sure := max(c.sure, c.offset)
	switch {
	case w.count > 0:
		if c.looked == (look{true, w.next, c.looked.seq, sure}) {
			return false
		}
	case !s.told.known || s.told.seq <= w.next || s.told.offset > sure:
		return false
	}
	next := w.next
	for to := next; ; next = to {
		if to = w.passedLost(s.req.Gaps().Missing(next)); to == next {
			break
		}
	}
	switch {
	case next == w.next:
		return false
	case w.isHeld(next):
		f := s.r.copies.take()
		starts := s.frameOf(w.at(next), f).StartOffset()
		s.r.copies.put(f, false)
		if starts > sure {
			c.looked = look{true, w.next, next, sure}
			return false
		}
	case !s.told.known || s.told.seq != next || s.told.offset > sure:
		return false
	}
	s.r.removed = s.req.Forget(w.next, next, s.r.removed[:0])
	w.moveTo(next)
	s.limit(s.r.now)
	if s.every != 0 {
		s.progress()
	}
	return true
}

// maxLandmarks bounds the positions that a session remembers. Beyond them, and where
// the publisher told none, what was lost next to each other for several causes is told
// with that of the most frames.
const maxLandmarks = 64

// landmark remembers the publisher's word of where messages begin: before a frame that
// is missing, which can't tell.
func (s *session) landmark(seq, offset uint64) {
	if seq <= s.win.next {
		return
	}
	list := s.landmarks
	for len(list) > 0 && list[0].seq <= s.win.next {
		list = list[1:]
	}
	if len(list) == maxLandmarks {
		list = list[1:]
	}
	list = s.landmarks[:copy(s.landmarks, list)]
	i := sort.Search(len(list), func(i int) bool { return list[i].seq >= seq })
	if i == len(list) || list[i].seq != seq {
		list = append(list, position{})
		copy(list[i+1:], list[i:])
		list[i] = position{true, seq, offset}
	}
	s.landmarks = list
}

// knowsLoss says which messages were lost before the next frame, if the publisher told,
// and reports whether it did.
func (s *session) knowsLoss() bool {
	c := &s.cursor
	offset, known := s.offsetAt(s.win.next)
	if known {
		c.lossPending = false
		c.lose(offset, c.lossCause)
	}
	return known
}

// offsetAt returns the offset of the first message that starts in a frame or after it,
// if the publisher told it.
func (s *session) offsetAt(seq uint64) (uint64, bool) {
	if s.told.known && s.told.seq == seq {
		return s.told.offset, true
	}
	i := sort.Search(len(s.landmarks), func(i int) bool { return s.landmarks[i].seq >= seq })
	if i == len(s.landmarks) || s.landmarks[i].seq != seq {
		return 0, false
	}
	return s.landmarks[i].offset, true
}
