package store

import (
	"slices"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
)

// Histories keep frames of all streams that came over the network, in one bounded memory. Where
// it is full, the oldest frames of the stream that has most of it make room: a busy stream can't
// take the share of one whose publisher is gone.
type Histories struct {
	pool Pool
	of   map[journal.Key]*kept
	// list has them in the order in which they were begun, and last took the last frame, or is
	// nil.
	list []*kept
	last *kept
}

const (
	// MinHistories is the smallest memory of Histories, in bytes.
	MinHistories = 128 << 10
	// maxHistories bounds the streams that are remembered.
	maxHistories = 4096
	// leastBlocks is how many blocks each stream may have at least, if they are few.
	leastBlocks = 4
)

// NewHistories returns Histories that may have so many bytes, at least MinHistories.
func NewHistories(bytes int) *Histories {
	h := &Histories{of: make(map[journal.Key]*kept)}
	h.pool = NewPool(max(bytes, MinHistories), h)
	return h
}

// Furnish gives memory outside Go's heap that is used before it, for as long as the Histories are
// used. It need not be zero. What is more than NewHistories allows is left alone.
func (h *Histories) Furnish(memory []byte) { h.pool.furnish(memory) }

// Keep takes a copy of a frame of a stream. It is made for frames in order: others cost more. One
// that is held already is left out.
func (h *Histories) Keep(session uint64, channel uint32, f *frame.Frame) {
	s := h.last
	if key := (journal.Key{Session: session, Channel: channel}); s == nil || s.key() != key {
		if s = h.of[key]; s == nil {
			s = h.begin(key)
		}
		h.last = s
	}
	s.keep(f)
}

// begin begins to keep a stream. One of which nothing is left, or else the one that was begun
// first, makes room for it.
func (h *Histories) begin(key journal.Key) *kept {
	if len(h.list) >= maxHistories {
		i := slices.IndexFunc(h.list, func(o *kept) bool { return o.blocks.First() == nil })
		h.remove(h.list[max(i, 0)])
	}
	s := &kept{all: h, tail: Tail{Key: key}, late: Tail{Key: key}}
	h.of[key] = s
	h.list = append(h.list, s)
	h.divide()
	return s
}

// divide makes the blocks so small that each stream may have several.
func (h *Histories) divide() { h.pool.share = h.pool.limit / max(1, len(h.list)) / leastBlocks }

// remove forgets a stream.
func (h *Histories) remove(s *kept) {
	for s.blocks.First() != nil {
		h.pool.Put(s.drop())
	}
	if h.last == s {
		h.last = nil
	}
	delete(h.of, s.key())
	h.list = slices.DeleteFunc(h.list, func(o *kept) bool { return o == s })
	h.divide()
}

// Lends and Lend make the Histories the lender of all their blocks.
func (h *Histories) Lends() int { return h.pool.Used() - h.pool.Spare() }

// Lend takes the oldest block of the stream with the most memory out of it.
func (h *Histories) Lend() *Block {
	var most *kept
	for _, s := range h.list {
		if s.blocks.First() != nil && (most == nil || s.blocks.Memory() > most.blocks.Memory()) {
			most = s
		}
	}
	if most == nil {
		return nil
	}
	return most.drop()
}

// look returns what is kept of a stream; it is empty if nothing is.
func (h *Histories) look(session uint64, channel uint32) *kept {
	if s := h.of[journal.Key{Session: session, Channel: channel}]; s != nil {
		return s
	}
	return &nothing
}

var nothing kept

// Oldest returns the lowest frame that is kept of a stream, and the offset of the first message
// that starts in it or after it; or false if there is none.
func (h *Histories) Oldest(session uint64, channel uint32) (seq, offset uint64, ok bool) {
	return h.look(session, channel).oldest()
}

// Absent appends the numbers of a range that aren't kept of a stream.
func (h *Histories) Absent(
	session uint64, channel uint32, of nack.Range, to []nack.Range,
) []nack.Range {
	return h.look(session, channel).absent(of, to)
}

// Forget lets go of what is kept of a stream.
func (h *Histories) Forget(session uint64, channel uint32) {
	if s := h.of[journal.Key{Session: session, Channel: channel}]; s != nil {
		h.remove(s)
	}
}

// Clear forgets all streams, and gives their memory back.
func (h *Histories) Clear() {
	for len(h.list) > 0 {
		h.remove(h.list[0])
	}
	h.pool = NewPool(h.pool.limit, h)
}

// Memory returns how many bytes are in use, with those of the index.
func (h *Histories) Memory() int { return h.pool.Used() }
