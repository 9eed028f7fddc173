//go:build !unix

package worker

import "time"

// processorTime returns 0: the system doesn't tell.
func processorTime() time.Duration { return 0 }
