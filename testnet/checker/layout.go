package checker

import "sort"

// layout is which messages the frames that a publisher sent have parts of.
type layout struct {
	firstSeq    uint64      // of the session
	firstOffset uint64      // likewise
	frames      []sentFrame // by sequence number
}

// sentFrame is which messages a frame has a part of.
type sentFrame struct {
	offset, end uint64
	unfinished  bool   // its last message goes on in the next frame
	size        int    // in bytes
	raw         []byte // the datagram, where there are logs to compare it with; else nil
}

// next returns the sequence number after the last one sent.
func (l *layout) next() uint64 { return l.firstSeq + uint64(len(l.frames)) }

// first returns the sequence number of the first frame with a part of the
// message at offset or of a later one.
func (l *layout) first(offset uint64) uint64 {
	i := sort.Search(len(l.frames), func(i int) bool { return l.frames[i].end > offset })
	return l.firstSeq + uint64(i)
}

// last returns the sequence number after the last frame with a part of a message
// below offset.
func (l *layout) last(offset uint64) uint64 {
	i := sort.Search(len(l.frames), func(i int) bool { return l.frames[i].offset >= offset })
	return l.firstSeq + uint64(i)
}

// complete reports whether all of a message lies in frames below one.
func (l *layout) complete(offset, seq uint64) bool {
	last := l.last(offset + 1)
	if last == l.first(offset) || last > seq {
		return false
	}
	f := &l.frames[last-1-l.firstSeq]
	return !f.unfinished || f.end > offset+1
}

// starts returns the first message that starts in a frame or after it.
func (l *layout) starts(seq uint64) uint64 {
	i := seq - l.firstSeq
	switch {
	case i == 0:
		return l.firstOffset
	case i >= uint64(len(l.frames)):
		return l.frames[len(l.frames)-1].end
	}
	return l.frames[i-1].end
}

// spans reports whether a message has parts in several frames.
func (l *layout) spans(offset uint64) bool {
	i := l.first(offset) - l.firstSeq
	return i < uint64(len(l.frames)) && l.frames[i].unfinished && l.frames[i].end == offset+1
}
