package send

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// outgoing is the batch that is being sent.
type outgoing struct {
	reliable.Batch
	// frames counts its DATA frames.
	frames uint64
	// kind is the kind of its other frames.
	kind frame.Kind
}
