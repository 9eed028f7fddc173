//go:build !unix

package worker

import "time"

// processorTime is not known here.
func processorTime() time.Duration { return 0 }
