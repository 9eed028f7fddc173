package store

import "crier/nack"

// A History is the Store of one stream out of [Histories], as it is at each call. All frames that
// are held are in memory.
type History struct {
	all     *Histories
	session uint64
	channel uint32
}

// History returns the Store of a stream, of which nothing need be kept yet.
func (h *Histories) History(session uint64, channel uint32) *History {
	return &History{all: h, session: session, channel: channel}
}

func (h *History) kept() *kept { return h.all.look(h.session, h.channel) }

// Held returns the frames from the lowest that is held to the highest that came.
func (h *History) Held() nack.Range { return h.kept().held() }

// InMemory returns the lowest frame.
func (h *History) InMemory() uint64 { return h.kept().held().From }

// Look returns InMemory for a frame that is held.
func (h *History) Look(seq uint64) State {
	if h.Frame(seq) == nil {
		return Absent
	}
	return InMemory
}

// Frame returns a frame that is held, or nil.
func (h *History) Frame(seq uint64) []byte { return h.kept().frame(seq) }

// Start returns the offset of the first message that starts in a frame that is held, or after it.
func (h *History) Start(seq uint64) uint64 { return h.kept().start(seq) }

// Read does nothing: all frames that are held are in memory.
func (h *History) Read(nack.Range) {}

// Reading returns false.
func (h *History) Reading() bool { return false }

// Trim does nothing: frames make room for others.
func (h *History) Trim(uint64) {}
