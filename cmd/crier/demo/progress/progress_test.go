package progress

import (
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Others read how far a producer is while it runs, and when it is gone.
func TestProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress")
	p, err := Create(path, 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(filepath.Join(path, "below"), 3); err == nil {
		t.Error("a file below a file")
	}
	p.Accept(0, time.Unix(0, 50))
	p.Accept(1, time.Unix(0, 70))
	p.SetAcked(1)
	accepted, acked, err := Counts(path)
	if accepted != 2 || acked != 1 || err != nil {
		t.Errorf("%d accepted, %d acknowledged, %v", accepted, acked, err)
	}
	times, acked, err := Read(path)
	if !slices.Equal(times, []int64{50, 70}) || acked != 1 || err != nil {
		t.Errorf("accepted at %v, %d acknowledged, %v", times, acked, err)
	}
	if _, _, err := Counts(path + ".no"); err == nil {
		t.Error("a file that isn't there")
	}
}
