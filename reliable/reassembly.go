package reliable

// reassembly collects the parts of one message that spans frames.
type reassembly struct {
	active bool
	buf    []byte
	total  int
	part   arrival // of all its frames together
}

// arrival is how a frame, or a message, came.
type arrival struct {
	received Time
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

// add appends a part, and reports false where there is no memory for it. The
// total, a sender's word, only bounds what is appended.
func (w *reassembly) add(m *memory, part []byte) bool {
	buf, ok := m.grow(w.buf, len(part))
	if ok {
		w.buf = append(buf, part...)
	}
	return ok
}

// stop gives up the message, or its buffer once it is delivered.
func (w *reassembly) stop(m *memory) {
	if w.buf != nil {
		m.put(w.buf)
	}
	*w = reassembly{}
}
