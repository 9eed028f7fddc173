package receive

// share is the memory that the streams of a session have together for frames that wait: limit, and
// each of them its part of that in any case.
type share struct {
	limit int // in bytes
	bytes int // of the frames of all streams that are here
	parts int
}

// of returns how many bytes a stream may have that has so many now.
func (h *share) of(has int) int { return max(h.limit/h.parts, h.limit-(h.bytes-has)) }
