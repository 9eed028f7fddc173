package checker

import (
	"crier/reliable/frame"
	"crier/testnet/world"
)

// limits bounds the bytes that a subscriber may hold.
type limits struct {
	buffer int // of one session, and one frame
	memory int // in all, and one frame a session
	frame  int // what one frame may take

	history int // besides
}

func limitsOf(cfg *world.SubscriberConfig) limits {
	bound, _ := cfg.Receiver.Memory.Complete() // New has checked it
	return limits{buffer: bound.Buffer, memory: bound.Total, frame: frame.MaxDatagram,
		history: cfg.History}
}
