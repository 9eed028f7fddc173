package cli

import "testing"

// Offsets are printed from the first to the last, which is in it.
func TestOffsetsText(t *testing.T) {
	for _, c := range []struct {
		first, next uint64
		want        string
	}{
		{0, 40000, "offsets 0 to 39,999"},
		{7, 8, "offset 7"},
		{1000, 1000, "no messages"},
		{1 << 63, 1<<63 + 2, "offsets 9,223,372,036,854,775,808 to 9,223,372,036,854,775,809"},
	} {
		if got := Offsets(c.first, c.next); got != c.want {
			t.Errorf("%d to %d: %q, want %q", c.first, c.next, got, c.want)
		}
	}
}

// Names that strangers send can't clear the screen, or break a table.
func TestPrintable(t *testing.T) {
	if got := Printable("evil\x1b[2J\nfake\tü 中"); got != "evil\ufffd[2J\ufffdfake\ufffdü 中" {
		t.Errorf("%q", got)
	}
}
