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

// The partitions of a session are told together, but for those of which the log lacks something,
// and a subscriber that asked for several, once.
func TestLastWordsOfPartitions(t *testing.T) {
	s := &Summary{Disk: 48 << 10, Repairs: 7, RepairBytes: 700}
	for p := range uint32(16) {
		s.Sessions = append(s.Sessions, SessionSummary{Session: "8f2a01c44be07d15",
			Partition: (p + 5) % 16, Topic: "md", Name: "iex", NextSeq: 30, NextOffset: 400,
			WrittenSeq: 30, WrittenOffset: 400, Frames: 30, Bytes: 3000, End: "bye"})
		s.Askers = append(s.Askers, AskerSummary{Subscriber: "ab", Addr: "10.0.0.1:7", Asked: 10,
			Repaired: 7, Gone: 1})
	}
	const want = "iex (8f2a01c44be07d15), topic md, 16 partitions: 6,400 messages in the log, " +
		"end bye\n  recorded 480 frames, 46.9 KiB\n" +
		"the log has 48 KiB; 7 repairs of 700 B sent\n" +
		"  subscriber ab at 10.0.0.1:7 asked for 176 frames: 112 repaired, 16 not in the log\n"
	if got := s.text(cli.Sheet{}); got != want {
		t.Errorf("says\n%s\nwant\n%s", got, want)
	}
	s.Sessions[2].End = "silent"
	s.Sessions[3].HoleFrames = 5
	s.Sessions[4].WrittenSeq, s.Sessions[4].WrittenOffset = 20, 300
	got := s.text(cli.Sheet{})
	for _, want := range []string{" 6,300 messages in the log, end bye of 15\n",
		"  partition 7: offsets 0 to 399 in the log, end silent\n",
		"  partition 8: offsets 0 to 399 in the log, end bye; lacks 5 frames\n",
		"  partition 9: offsets 0 to 299 in the log, end bye; the log lacks the last 10 frames\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it doesn't say %q:\n%s", want, got)
		}
	}
	for i := range s.Sessions {
		s.Sessions[i].HoleFrames = 1
	}
	if got := s.text(cli.Sheet{}); strings.Count(got, "  partition ") != mostPartitions ||
		!strings.Contains(got, "  and 8 more partitions: --summary has all\n") {
		t.Error(got)
	}
}
