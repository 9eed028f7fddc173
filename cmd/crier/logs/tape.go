package logs

import (
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/logdir"
	"crier/reliable"
	"crier/reliable/journal"
)

// Tape is what a log has of a session, or of a partition of it: the offsets [first_offset,
// next_offset), and sequence numbers likewise. Times are by the publisher's clock.
type Tape struct {
	Session       string `json:"session"`
	Partition     uint32 `json:"partition"`            // 0 in a session without partitions
	Partitions    int    `json:"partitions,omitempty"` // how many its topic has, absent if 1
	Name          string `json:"name,omitempty"`       // the publisher's, absent while it is unknown
	Topic         string `json:"topic,omitempty"`      // the stream's, absent without one
	State         string `json:"state"`                // open, ended or silent
	FirstOffset   uint64 `json:"first_offset"`
	NextOffset    uint64 `json:"next_offset"`
	FirstSequence uint64 `json:"first_sequence"`      // of the oldest frame
	NextSequence  uint64 `json:"next_sequence"`       // one past the newest frame
	From          int64  `json:"from_ns"`             // when the oldest frame was published
	To            int64  `json:"to_ns"`               // when the newest frame was published
	Bytes         int64  `json:"disk_bytes"`          // of its files
	Segments      int    `json:"segments"`            // its files
	Holes         int    `json:"holes"`               // runs of frames between that the log lacks
	Missing       uint64 `json:"missing"`             // frames in holes, of those that are listed
	Replays       string `json:"replays,omitempty"`   // the session that this one published again
	Continues     string `json:"continues,omitempty"` // the session that this one continues
}

// tapeOf returns a tape's JSON.
func tapeOf(s *journal.State) Tape {
	t := Tape{Session: logdir.ID(s.Key.Session), Partition: s.Key.Channel, State: "open",
		FirstOffset: s.Oldest.Offset, NextOffset: s.Next.Offset,
		FirstSequence: s.Oldest.Seq, NextSequence: s.Next.Seq, From: s.First, To: s.Last,
		Bytes: s.Bytes, Segments: s.Segments, Holes: len(s.Holes) + s.MoreHoles}
	for _, h := range s.Holes {
		t.Missing += h.Len()
	}
	if s.Ended != nil {
		t.State = "ended"
		if s.Ended.How == reliable.EndSilent {
			t.State = "silent"
		}
	}
	if title := s.Title; title != nil {
		t.Name, t.Topic = title.Publisher, title.Topic
		if n := title.Layout.Partitions; n > 1 {
			t.Partitions = n
		}
		if title.Replay != 0 {
			t.Replays = title.Replay.String()
		}
		if title.Prev.Session != 0 {
			t.Continues = title.Prev.Session.String()
		}
	}
	return t
}

// tones are the colours of states.
var tones = map[string]cli.Tone{"ended": cli.Good, "silent": cli.Noted}

// when formats a time of the log, in UTC.
func when(ns int64) string {
	if ns == 0 {
		return "-"
	}
	return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05")
}

// span formats a stretch of time, the end without its date where that is the same.
func span(from, to int64) string {
	a, b := when(from), when(to)
	if len(a) > 11 && strings.HasPrefix(b, a[:11]) {
		b = b[11:]
	}
	return fmt.Sprintf("%s to %s", a, b)
}
