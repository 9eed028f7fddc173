package checker

import (
	"crier/reliable/frame"
	"crier/reliable/receive"
)

// limits bounds the bytes that a subscriber may hold.
type limits struct {
	buffer int // of one session, and one frame
	memory int // in all, and one frame a session
	frame  int // what one frame may take
}

func limitsOf(cfg *receive.Config) limits {
	bound, _ := cfg.Memory.Complete() // New has checked it
	return limits{buffer: bound.Buffer, memory: bound.Total, frame: frame.MaxDatagram}
}
