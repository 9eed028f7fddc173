package store

import "crier/nack"

// Store holds frames of one session and channel. A repairer serves NACKs out of any.
type Store interface {
	// Held returns the frames from the lowest to the highest that is held. A Store may
	// lack some of them.
	Held() nack.Range
	// InMemory returns a frame from which on all that are held are in memory.
	InMemory() uint64
	// Look says where a frame is.
	Look(seq uint64) State
	// Frame returns a frame that is in memory, as it was sealed: a view, valid until the
	// Store changes. It returns nil for any other.
	Frame(seq uint64) []byte
	// Start returns the offset of the first message that starts in a frame or after it,
	// for frames that are held, and the one after them.
	Start(seq uint64) uint64
	// Read asks for frames that must be read first. They are in memory later, or absent.
	Read(frames nack.Range)
	// Reading says that Read was called, and frames are not there yet: it must not be
	// called again.
	Reading() bool
	// Trim says that frames below one are no longer needed.
	Trim(seq uint64)
}

// State says where a frame is.
type State uint8

const (
	// Absent: it is not held.
	Absent State = iota
	// InMemory: Frame returns it.
	InMemory
	// Stored: it must be read first.
	Stored
)
