package record

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
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

// The last words have the certificate of a publisher's survivors, as the JSON has.
func TestLastWordsCertify(t *testing.T) {
	c := &reliable.Certificate{Number: 1, Agreed: true, Took: 200 * time.Millisecond,
		Members: []reliable.Survivor{{ID: 7, Name: "rec-1", Role: frame.Recorder, Confirmed: true},
			{ID: 9, Name: "desk-4", Role: frame.Peer, Confirmed: true,
				Addr: netip.MustParseAddrPort("10.0.0.9:40000")}},
		Nobody: []nack.Range{{From: 33, To: 35}}, Lost: []nack.Range{{From: 330, To: 350}},
		LostMessages: 20}
	s := &Summary{Sessions: []SessionSummary{{Session: "8f2a01c44be07d15", NextSeq: 40,
		NextOffset: 400, WrittenSeq: 40, WrittenOffset: 400, Frames: 38, Bytes: 3800,
		HoleFrames: 2, End: "silent", Certificate: events.CertificateOf(c)}}}
	const want = "lacks 2 frames\n  certificate 1, agreed by all 2 members\n"
	if got := s.text(cli.Sheet{}); !strings.Contains(got, want) {
		t.Errorf("says\n%s\nwant\n%s", got, want)
	}
	text, err := json.Marshal(s)
	if err != nil || !strings.Contains(string(text), `"certificate":{"number":1,"agreed":true`) {
		t.Errorf("%v: %s", err, text)
	}
}
