package receive

import "crier/reliable"

// reassembly collects the parts of one message that spans frames. They lie in pieces
// of one size until the last has come: however near the memory's limit is, a part is
// copied twice, into its piece and into the whole message.
type reassembly struct {
	active bool
	pieces [][]byte // full, but for the last
	size   int      // of the parts that have come
	total  int      // by the sender's word: no memory is taken on that
	part   arrival  // of all its frames together
	// properties are its key and headers, as its first part had them.
	properties []byte
}

// maxPiecesKept is how many pieces a session keeps a list for between messages.
const maxPiecesKept = 512

// arrival is how a frame, or a message, came.
type arrival struct {
	received reliable.Time
	arrived  int64 // at this machine, as the frame says
	waited   int64 // nanoseconds from finding it missing to its repair
	repaired bool
}

// with returns the arrival of a message of which another frame came.
func (a arrival) with(b arrival) arrival {
	return arrival{
		received: max(a.received, b.received),
		arrived:  max(a.arrived, b.arrived),
		waited:   max(a.waited, b.waited),
		repaired: a.repaired || b.repaired,
	}
}

// add appends a part, and reports false where there is no memory for it.
func (w *reassembly) add(m *pool, part []byte) bool {
	for len(part) > 0 {
		used := w.size % frameBuffer
		if used == 0 {
			piece, ok := m.get(frameBuffer, false)
			if !ok {
				return false
			}
			w.pieces = append(w.pieces, piece)
		}
		n := copy(w.pieces[len(w.pieces)-1][used:], part)
		w.size += n
		part = part[n:]
	}
	return true
}

// describe keeps the key and the headers, and reports false where there is no memory for them.
func (w *reassembly) describe(m *pool, properties []byte) (ok bool) {
	if w.properties, ok = m.get(len(properties), false); ok {
		copy(w.properties, properties)
	}
	return ok
}

// join returns the whole message, which is valid until the memory's next reuse. It is the
// application's from now on, as its pieces are the memory's again: see stop.
func (w *reassembly) join() []byte {
	if len(w.pieces) == 1 {
		return w.pieces[0][:w.size]
	}
	whole := make([]byte, 0, w.size)
	for len(whole) < w.size {
		piece := w.pieces[len(whole)/frameBuffer]
		whole = append(whole, piece[:min(frameBuffer, w.size-len(whole))]...)
	}
	return whole
}

// stop gives up the message, or its pieces once it is delivered.
func (w *reassembly) stop(m *pool) {
	for _, piece := range w.pieces {
		m.put(piece)
	}
	if w.properties != nil {
		m.put(w.properties)
	}
	clear(w.pieces)
	pieces := w.pieces[:0]
	if cap(pieces) > maxPiecesKept {
		pieces = nil
	}
	*w = reassembly{pieces: pieces}
}
