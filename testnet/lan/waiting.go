package lan

// waiting is what a socket has not read yet: a ring of arrival times and sizes,
// in the order of arrival. The datagrams themselves wait in vnet.
type waiting struct {
	ring  [maxQueued]struct{ at, size int64 }
	first int
	count int
	bytes int
}

// push adds a datagram of size bytes; there must be room.
func (w *waiting) push(at int64, size int) {
	w.ring[(w.first+w.count)%maxQueued] = struct{ at, size int64 }{at, int64(size)}
	w.count++
	w.bytes += size
}

// drop removes the newest, if there is one.
func (w *waiting) drop() {
	if w.count > 0 {
		w.count--
		w.bytes -= int(w.ring[(w.first+w.count)%maxQueued].size)
	}
}

// pop removes the oldest and returns when it arrived; 0 if there is none.
func (w *waiting) pop() int64 {
	if w.count == 0 {
		return 0
	}
	oldest := w.ring[w.first]
	w.first = (w.first + 1) % maxQueued
	w.count--
	w.bytes -= int(oldest.size)
	return oldest.at
}
