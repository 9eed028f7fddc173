package coordinator

import (
	"testing"

	"crier/cmd/crier/bench/job"
)

// The window stays below what the receivers' sockets hold.
func TestWindowSize(t *testing.T) {
	for _, c := range []struct {
		size, inFlight, buffer, writers int
		want                            uint64
	}{
		{64, 2 << 20, 8 << 20, 1, 31300},
		{64, 2 << 20, 208 << 10, 1, 794},   // a quarter of a small buffer
		{64, 2 << 20, 8 << 20, 4, 7825},    // shared by publishers
		{0, 32 << 20, 1 << 30, 1, 1 << 16}, // never more messages than that
		{16 << 20, 2 << 20, 8 << 20, 1, 1}, // nor fewer than a few
		{64, 64 << 10, 8 << 20, 1, 978},
		{1024, 0, 8 << 20, 1, 0}, // no window
	} {
		r := round{task: job.Task{Size: c.size}, writers: c.writers, inFlight: c.inFlight}
		if got := r.window([]*job.Ready{{ReadBuffer: 1 << 30},
			{ReadBuffer: c.buffer}}); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
