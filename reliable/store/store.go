package store

import "crier/nack"

// A Store holds frames of one session and channel. A repairer can serve NACKs out of any
// Store.
type Store interface {
	// Held returns the frames from the lowest to the highest that is held. A Store may
	// lack some of them.
	Held() nack.Range
	// InMemory returns a frame from which on all that are held are in memory.
	InMemory() uint64
	// Look returns where a frame is.
	Look(seq uint64) State
	// Frame returns a frame that is in memory, as it was sealed: a view, valid until the
	// Store changes. It returns nil for any other.
	Frame(seq uint64) []byte
	// Start returns the offset of the first message that starts in a frame or after it,
	// for frames that are held, and the one after them.
	Start(seq uint64) uint64
	// Read asks for frames that must be read first. Later they are in memory, or absent.
	Read(frames nack.Range)
	// Reading reports whether frames that Read asked for are outstanding. Read must not
	// be called again meanwhile.
	Reading() bool
	// Trim says that frames below seq are no longer needed.
	Trim(seq uint64)
}

// A State says where a frame is.
type State uint8

const (
	// Absent means that the frame is not held.
	Absent State = iota
	// InMemory means that Frame returns it.
	InMemory
	// Stored means that the frame must be read first.
	Stored
)
