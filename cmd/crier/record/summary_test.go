package record

import (
	"strings"
	"testing"

	"crier/cmd/crier/cli"
)

// The last words call in the log what the disk has, and nothing else.
func TestLastWords(t *testing.T) {
	one := SessionSummary{Session: "8f2a01c44be07d15", OldestSeq: 10, NextSeq: 40, OldestOffset: 100,
		NextOffset: 400, WrittenSeq: 40, WrittenOffset: 400, Frames: 30, Bytes: 3000, End: "bye"}
	holes, full, nothing := one, one, one
	holes.Frames, holes.HoleFrames = 25, 5
	full.HoleFrames, full.WrittenSeq, full.WrittenOffset = 12, 20, 200
	nothing.WrittenSeq, nothing.WrittenOffset = 0, 0
	for _, c := range []struct {
		of    SessionSummary
		words string
	}{
		{one, "offsets 100 to 399 in the log, end bye\n  recorded 30 frames, 3,000 B\n"},
		{holes, "offsets 100 to 399 in the log, end bye\n  recorded 25 frames, 3,000 B; " +
			"lacks 5 frames\n"},
		{full, "offsets 100 to 199 in the log, end bye\n  heard 30 frames, 3,000 B; " +
			"the log lacks the last 20 frames\n"},
		{nothing, "nothing in the log, end bye\n  heard 30 frames, 3,000 B; " +
			"the log lacks the last 30 frames\n"},
	} {
		s := &Summary{Sessions: []SessionSummary{c.of}}
		if got := s.text(cli.Sheet{}); !strings.HasPrefix(got, "8f2a01c44be07d15: "+c.words) {
			t.Errorf("says\n%s\nwant\n%s", got, c.words)
		}
		s.HoleFrames = c.of.HoleFrames
		if lacks := strings.Contains(c.words, "lacks"); s.lacks() != lacks {
			t.Errorf("it lacks frames: %v, want %v:\n%s", !lacks, lacks, c.words)
		}
	}
}
