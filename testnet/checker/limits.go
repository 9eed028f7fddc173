package checker

import (
	"crier/reliable/frame"
	"crier/reliable/receive"
)

// limits are what a subscriber may hold at the most, in bytes.
type limits struct {
	buffer int // of one session, and one frame
	memory int // in all, and one frame a session
	frame  int // what one frame may take
}

func limitsOf(cfg *receive.Config) limits {
	l := limits{buffer: cfg.Buffer, memory: cfg.MaxMemory, frame: frame.MaxDatagram}
	if l.buffer == 0 {
		l.buffer = receive.DefaultBuffer
	}
	if l.memory == 0 {
		l.memory = 4 * l.buffer
	}
	return l
}
