package receive

import "crier/reliable"

// room is a stream's account of the room for missing frames.
type room struct {
	stream *stream
	// Frames from here on found no room; 0 if none.
	cut uint64
	// Frames from here on are not asked for yet.
	limited uint64
	// The largest frame so far, in bytes.
	largest int
}

// leastRoom is how many frames are asked for at first where delivery ends before the stream.
const leastRoom = 64

// span returns how many frames the window may have: so many that all of them fit
// the buffer, as large as they come. What is asked for then finds room.
func (m *room) span() uint64 {
	return uint64(max(1, m.bytes()/max(frameBuffer, m.largest)))
}

// bytes returns how many bytes the stream may have.
func (m *room) bytes() int { return m.stream.session.held.of(m.stream.win.bytes) }

// limit tells the requester up to where there is room.
func (m *room) limit(now reliable.Time) {
	st, span := m.stream, m.span()
	limit := st.win.next + min(span, endless-st.win.next)
	if m.cut != 0 {
		if st.win.bytes > m.bytes()*3/4 || st.r.mem.used > st.r.mem.limit*3/4 {
			limit = min(limit, max(m.cut, st.win.next+1))
		} else {
			m.cut = 0
		}
	}
	if c := &st.cursor; c.stop != endless || c.stopsAt {
		// Little may be wanted: what is asked for grows with what was taken.
		limit = min(limit, st.win.next+leastRoom+(st.win.next-min(st.base, st.win.next)))
	}
	limit = st.edge(limit)
	// An application that takes one message after the other makes room bit by bit:
	// the frames that fit then are asked for in few requests.
	if limit > m.limited && limit-m.limited < span/4 && st.win.count > 0 &&
		st.win.next < m.limited {
		return
	}
	m.limited = limit
	st.session.touch(st)
	st.asked.setLimit(now, limit)
}

// edge returns one past the numbers that there is room for, known to exist or not.
func (m *room) edge() uint64 {
	if m.limited != 0 {
		return m.limited
	}
	next := m.stream.win.next
	return next + min(m.span(), endless-next)
}
