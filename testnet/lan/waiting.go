package lan

// waiting is what a socket has not read yet: a ring of arrival times, sizes and
// groups, in the order of arrival. The datagrams themselves wait in vnet.
type waiting struct {
	ring  [maxQueued]waiter
	first int
	count int
	bytes int
}

// waiter is a datagram that waits.
type waiter struct {
	// at is when it arrived, in nanoseconds since the Unix epoch, and size its bytes.
	at, size int64
	// group is the index of the group that it came by.
	group int
}

// push adds a datagram of size bytes; there must be room.
func (w *waiting) push(at int64, size, group int) {
	w.ring[(w.first+w.count)%maxQueued] = waiter{at, int64(size), group}
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

// pop removes and returns the oldest, or the zero waiter if there is none.
func (w *waiting) pop() waiter {
	if w.count == 0 {
		return waiter{}
	}
	oldest := w.ring[w.first]
	w.first = (w.first + 1) % maxQueued
	w.count--
	w.bytes -= int(oldest.size)
	return oldest
}
