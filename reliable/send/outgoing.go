package send

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// outgoing is the batch that is out, and what is in it.
type outgoing struct {
	reliable.Batch
	frames uint64     // DATA frames
	kind   frame.Kind // of other frames
}
