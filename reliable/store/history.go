package store

import (
	"crier/nack"
	"crier/reliable/frame"
)

// A History is a Store in memory of frames that came over the network, in any order and
// with holes: those with the highest numbers.
type History struct {
	// slots holds the frames by sequence number modulo their count.
	slots []slot
	held  nack.Range
	// begun says that a frame came.
	begun bool
	// end is the offset after the last message of the highest frame.
	end uint64
}

// slot is a frame of a History.
type slot struct {
	seq uint64
	// start is the offset of the first message that starts in the frame or after it.
	start uint64
	// data is the frame; if it is empty, none is held, and its memory is used again.
	data []byte
}

// NewHistory returns a History for so many frames.
func NewHistory(frames int) *History { return &History{slots: make([]slot, max(1, frames))} }

// Put keeps a copy of a sealed frame. start is the offset of the first message that
// starts in it or after it, and end the one after its last message. Put ignores a frame
// that is too old to be kept beside those that are held.
func (h *History) Put(seq, start, end uint64, sealed []byte) {
	size := uint64(len(h.slots))
	switch {
	case !h.begun:
		h.begun = true
		h.held = nack.Range{From: seq, To: seq + 1}
	case seq >= h.held.To:
		h.drop(seq + 1 - min(seq+1, size))
		h.held.From, h.held.To = min(h.held.From, seq), seq+1
	case seq < h.held.From && h.held.To-seq > size:
		return
	}
	s := h.at(seq)
	h.held.From = min(h.held.From, seq)
	if seq+1 == h.held.To {
		h.end = end
	}
	s.seq, s.start, s.data = seq, start, append(s.data[:0], sealed...)
}

// Keep is Put for a decoded frame.
func (h *History) Keep(f *frame.Frame) {
	h.Put(f.Seq, f.StartOffset(), f.EndOffset(), f.Raw)
}

// drop forgets frames below low, in at most as many steps as there are slots.
func (h *History) drop(low uint64) {
	if low >= h.held.To {
		for i := range h.slots {
			h.slots[i].data = h.slots[i].data[:0]
		}
		h.held = nack.Range{From: low, To: low}
		return
	}
	for ; h.held.From < low; h.held.From++ {
		if s := h.at(h.held.From); s.seq == h.held.From && len(s.data) > 0 {
			s.data = s.data[:0]
		}
	}
}

func (h *History) at(seq uint64) *slot { return &h.slots[seq%uint64(len(h.slots))] }

// Held returns the frames from the lowest to the highest that is held.
func (h *History) Held() nack.Range { return h.held }

// InMemory returns the lowest frame: all that are held are in memory.
func (h *History) InMemory() uint64 { return h.held.From }

// Look returns InMemory for a frame that is held.
func (h *History) Look(seq uint64) State {
	if h.Frame(seq) == nil {
		return Absent
	}
	return InMemory
}

// Frame returns a frame that is held, or nil.
func (h *History) Frame(seq uint64) []byte {
	if s := h.at(seq); h.held.Contains(seq) && s.seq == seq && len(s.data) > 0 {
		return s.data
	}
	return nil
}

// Start returns the offset of the first message that starts in a frame that is held, or
// after it.
func (h *History) Start(seq uint64) uint64 {
	for ; seq < h.held.To; seq++ {
		if h.Frame(seq) != nil {
			return h.at(seq).start
		}
	}
	return h.end
}

// Read does nothing: all frames that are held are in memory.
func (h *History) Read(nack.Range) {}

// Reading returns false.
func (h *History) Reading() bool { return false }

// Trim forgets frames below one.
func (h *History) Trim(seq uint64) { h.drop(seq) }
