package record

import (
	"fmt"
	"strings"

	"crier/cmd/crier/cli"
	"crier/reliable"
	"crier/subscriber/recorder"
)

// Summary is the JSON of crier record --summary.
type Summary struct {
	Sessions []SessionSummary `json:"sessions"`
	Askers   []AskerSummary   `json:"askers"`
	// Frames and Bytes were recorded since the start, and HoleFrames named missing.
	Frames     uint64 `json:"frames"`
	Bytes      uint64 `json:"bytes"`
	HoleFrames uint64 `json:"hole_frames"`
	// Disk is the size of the log.
	Disk         int64  `json:"disk_bytes"`
	Repairs      uint64 `json:"repairs_sent"`
	RepairBytes  uint64 `json:"repair_bytes"`
	Digests      uint64 `json:"digests_sent"`
	Answers      uint64 `json:"answers_sent"`
	Failures     uint64 `json:"disk_failures"`
	Dropped      uint64 `json:"dropped_segments"`
	DroppedBytes uint64 `json:"dropped_bytes"`
	KernelDrops  uint64 `json:"kernel_drops"`
}

// SessionSummary is a session's part of a Summary. Offsets are [oldest_offset, next_offset).
type SessionSummary struct {
	Session      string `json:"session"`
	Channel      uint32 `json:"channel"`
	Name         string `json:"name,omitempty"`
	OldestSeq    uint64 `json:"oldest_seq"`
	NextSeq      uint64 `json:"next_seq"`
	OldestOffset uint64 `json:"oldest_offset"`
	NextOffset   uint64 `json:"next_offset"`
	WrittenSeq   uint64 `json:"written_seq"`
	SyncedSeq    uint64 `json:"synced_seq"`
	Frames       uint64 `json:"frames"`
	Bytes        uint64 `json:"bytes"`
	HoleFrames   uint64 `json:"hole_frames"`
	Disk         int64  `json:"disk_bytes"`
	End          string `json:"end"`
}

// AskerSummary is a subscriber that asked.
type AskerSummary struct {
	Session    string `json:"session"`
	Subscriber string `json:"subscriber"`
	Addr       string `json:"addr"`
	Asked      uint64 `json:"asked_frames"`
	Repaired   uint64 `json:"repaired_frames"`
	Gone       uint64 `json:"gone_frames"`
	Waiting    uint64 `json:"waiting_frames"`
}

func summarize(rec *recorder.Recorder) *Summary {
	list, st := rec.Sessions(), rec.Stats()
	sum := &Summary{
		Sessions: []SessionSummary{}, Askers: []AskerSummary{},
		Repairs: st.Served.Repairs, RepairBytes: st.Served.RepairBytes, Digests: st.Digests,
		Answers: st.Answers, Failures: st.Failures, Dropped: st.Dropped,
		DroppedBytes: st.DroppedBytes,
	}
	for i := range st.Groups {
		sum.KernelDrops += st.Groups[i].KernelDrops
	}
	for i := range list {
		s := &list[i]
		one := SessionSummary{
			Session: reliable.SessionID(s.Key.Session).String(), Channel: s.Key.Channel,
			OldestSeq: s.Oldest.Seq, NextSeq: s.Next.Seq, OldestOffset: s.Oldest.Offset,
			NextOffset: s.Next.Offset, WrittenSeq: s.Written.Seq, SyncedSeq: s.Synced,
			Frames: s.Frames, Bytes: s.Bytes, HoleFrames: s.HoleFrames, Disk: s.Disk,
			End: reliable.EndOpen.String(),
		}
		if s.Title != nil {
			one.Name = s.Title.Publisher
		}
		if s.Ended != nil {
			one.End = s.Ended.How.String()
		}
		sum.Sessions = append(sum.Sessions, one)
		sum.Frames += s.Frames
		sum.Bytes += s.Bytes
		sum.HoleFrames += s.HoleFrames
		sum.Disk += s.Disk
	}
	for _, a := range rec.Askers() {
		sum.Askers = append(sum.Askers, AskerSummary{
			Session:    reliable.SessionID(a.Key.Session).String(),
			Subscriber: reliable.SessionID(a.ID).String(), Addr: a.Addr.String(),
			Asked: a.Asked, Repaired: a.Repaired, Gone: a.Gone, Waiting: a.Waiting,
		})
	}
	return sum
}

// mostLines bounds the sessions and the askers that the last words name.
const mostLines = 10

// text returns the last words.
func (s *Summary) text(sheet cli.Sheet) string {
	var b strings.Builder
	told := 0
	for i := range s.Sessions {
		one := &s.Sessions[i]
		if one.Frames == 0 {
			continue
		}
		if told++; told > mostLines {
			continue
		}
		name := one.Session
		if one.Name != "" {
			name = cli.Printable(one.Name) + " (" + one.Session + ")"
		}
		fmt.Fprintf(&b, "%s: %s in the log, end %s\n", name,
			cli.Offsets(one.OldestOffset, one.NextOffset), one.End)
		fmt.Fprintf(&b, "  recorded %s, %s", cli.Counted(one.Frames, "frame", "frames"),
			cli.Bytes(one.Bytes))
		if one.HoleFrames > 0 {
			fmt.Fprintf(&b, "; %s", sheet.Paint(cli.Bad, "lacks "+
				cli.Counted(one.HoleFrames, "frame", "frames")))
		}
		b.WriteByte('\n')
	}
	if told > mostLines {
		fmt.Fprintf(&b, "and %s more sessions\n", cli.Grouped(uint64(told-mostLines)))
	}
	if told == 0 {
		b.WriteString("nothing was recorded\n")
	}
	fmt.Fprintf(&b, "the log has %s", cli.Bytes(s.Disk))
	if s.Dropped > 0 {
		fmt.Fprintf(&b, "; %s made room", cli.Counted(s.Dropped, "segment", "segments"))
	}
	fmt.Fprintf(&b, "; %s of %s sent\n", cli.Counted(s.Repairs, "repair", "repairs"),
		cli.Bytes(s.RepairBytes))
	for i := range s.Askers {
		a := &s.Askers[i]
		if i == mostLines {
			fmt.Fprintf(&b, "and %s more subscribers asked\n",
				cli.Grouped(uint64(len(s.Askers)-mostLines)))
			break
		}
		fmt.Fprintf(&b, "  subscriber %s at %s asked for %s: %s repaired, %s not in the log\n",
			a.Subscriber, a.Addr, cli.Counted(a.Asked+a.Gone, "frame", "frames"),
			cli.Grouped(a.Repaired), cli.Grouped(a.Gone))
	}
	return b.String()
}
