package receive

import "crier/reliable"

// pool hands out and takes back the buffers in which a Receiver keeps frames
// and messages, and bounds them all.
type pool struct {
	limit int
	used  int
	spare [][]byte // frame buffers for reuse
	dirty [][]byte // given back, but a view of them may still be in use
}

const (
	// frameBuffer is the size of the buffers that most datagrams fit.
	frameBuffer = reliable.MinHeld
	// maxSpare bounds the buffers that are kept for reuse.
	maxSpare = 4096
)

// get returns a buffer of n bytes, and false where the bound is reached. Forced
// requests are always met: they are for the one frame that everything waits for.
func (m *pool) get(n int, forced bool) ([]byte, bool) {
	size := max(n, frameBuffer)
	if m.used+size > m.limit && !forced {
		return nil, false
	}
	m.used += size
	if last := len(m.spare) - 1; n <= frameBuffer && last >= 0 {
		b := m.spare[last]
		m.spare = m.spare[:last]
		return b[:n], true
	}
	return make([]byte, n, size), true
}

// put gives a buffer back; views of it stay valid until reuse.
func (m *pool) put(b []byte) {
	m.used -= cap(b)
	if cap(b) == frameBuffer && len(m.dirty)+len(m.spare) < maxSpare {
		m.dirty = append(m.dirty, b)
	}
}

// reuse says that no view of a buffer that was given back is in use any more.
func (m *pool) reuse() {
	m.spare = append(m.spare, m.dirty...)
	clear(m.dirty)
	m.dirty = m.dirty[:0]
}
