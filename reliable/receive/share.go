package receive

// share is the memory that the streams of a session have together for frames that wait. Half of
// limit is kept for each of them in equal parts, so that a partition which is far behind leaves
// room for the others. The other half is for the first that need it.
type share struct {
	limit int // in bytes
	part  int // of a stream in any case
	parts int
	bytes int // of the frames of all streams that are here
	over  int // of them, what is beyond the parts
}

// divide makes parts for streams that have so many bytes now.
func (h *share) divide(streams []*stream) {
	h.parts = len(streams)
	h.part, h.over = h.limit/(2*h.parts), 0
	for _, st := range streams {
		h.over += h.beyond(st.win.bytes)
	}
}

// beyond returns how much of a stream's bytes is beyond its part.
func (h *share) beyond(bytes int) int { return max(0, bytes-h.part) }

// moves counts bytes that come to a stream that has so many, or go.
func (h *share) moves(has, n int) {
	h.bytes += n
	h.over += h.beyond(has+n) - h.beyond(has)
}

// of returns how many bytes a stream may have that has so many now. All streams together have no
// more than limit.
func (h *share) of(has int) int {
	free := h.limit - h.parts*h.part - (h.over - h.beyond(has))
	return max(0, min(h.part+max(0, free), h.limit-(h.bytes-has)))
}
