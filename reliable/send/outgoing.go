package send

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// outgoing is the batch that is out, and what is in it.
type outgoing struct {
	reliable.Batch
	frames  uint64     // DATA frames
	repairs bool       // REPAIR frames
	catchUp bool       // to a subscriber that is behind
	kind    frame.Kind // of a single frame that is neither
}
