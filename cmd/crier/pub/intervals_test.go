package pub

import (
	"strings"
	"testing"
	"time"
)

// The columns of --interval have the growth since the line before, and rates a second.
func TestIntervalFigures(t *testing.T) {
	var before figures
	before.Accepted, before.Dropped = 1000, 1
	now := before
	now.Accepted, now.AcceptedBytes, now.Dropped = 3000, 1_000_000, 4
	now.Repairs, now.Nacks, now.Members, now.lag = 5, 6, 7, 8
	now.Socket.KernelDrops, now.Socket.SendErrors = 9, 10
	got := strings.Join(now.text(&before, 2*time.Second), " ")
	if want := "1 k 4 M 3 5 6 8 19 7"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
