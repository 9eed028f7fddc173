package record

import (
	"slices"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/reliable"
	"crier/subscriber/recorder"
)

// Summary is the JSON of crier record --summary.
type Summary struct {
	// Sessions are those of the log, in the order in which they became known.
	Sessions []SessionSummary `json:"sessions"`
	// Askers are the subscribers that asked lately.
	Askers []AskerSummary `json:"askers"`
	// Frames were recorded since the start, of all sessions.
	Frames uint64 `json:"frames"`
	// Bytes are those of the frames.
	Bytes uint64 `json:"bytes"`
	// HoleFrames were named missing since the start.
	HoleFrames uint64 `json:"hole_frames"`
	// Disk is the size of the log.
	Disk int64 `json:"disk_bytes"`
	// Repairs were sent.
	Repairs uint64 `json:"repairs_sent"`
	// RepairBytes are those of the repairs.
	RepairBytes uint64 `json:"repair_bytes"`
	// Digests told the group what the log has.
	Digests uint64 `json:"digests_sent"`
	// Answers were given to those who looked for a place in the log.
	Answers uint64 `json:"answers_sent"`
	// Failures are writes and reads of the disk that failed.
	Failures uint64 `json:"disk_failures"`
	// Dropped are segments that made room for others.
	Dropped uint64 `json:"dropped_segments"`
	// DroppedBytes are those of the segments.
	DroppedBytes uint64 `json:"dropped_bytes"`
	// KernelDrops are datagrams that found no room in the groups' sockets.
	KernelDrops uint64 `json:"kernel_drops"`
}

// SessionSummary is a session's part of a Summary. Offsets are [oldest_offset, next_offset).
type SessionSummary struct {
	// Session is the session's id.
	Session string `json:"session"`
	// Partition is that of the session's topic, 0 in a session without partitions.
	Partition uint32 `json:"partition"`
	// Topic is the session's.
	Topic string `json:"topic,omitempty"`
	// Name is the publisher's.
	Name string `json:"name,omitempty"`
	// OldestSeq is the first frame in the log.
	OldestSeq uint64 `json:"oldest_seq"`
	// NextSeq is one past the last frame that was recorded.
	NextSeq uint64 `json:"next_seq"`
	// OldestOffset is the first message that starts in the log.
	OldestOffset uint64 `json:"oldest_offset"`
	// NextOffset is one past the last message.
	NextOffset uint64 `json:"next_offset"`
	// WrittenSeq is one past the last frame that survives the end of the process.
	WrittenSeq uint64 `json:"written_seq"`
	// WrittenOffset is one past the last message that does.
	WrittenOffset uint64 `json:"written_offset"`
	// SyncedSeq is one past the last frame that survives a loss of power, or 0.
	SyncedSeq uint64 `json:"synced_seq"`
	// Frames were recorded since the start.
	Frames uint64 `json:"frames"`
	// Bytes are those of the frames.
	Bytes uint64 `json:"bytes"`
	// HoleFrames were named missing since the start.
	HoleFrames uint64 `json:"hole_frames"`
	// Disk is the size of the session's files.
	Disk int64 `json:"disk_bytes"`
	// End is bye, silent or open.
	End string `json:"end"`
	// Certificate is the last certificate of the publisher's survivors.
	Certificate *events.Certificate `json:"certificate,omitempty"`
}

// AskerSummary is a subscriber that asked.
type AskerSummary struct {
	// Session is the id of the session.
	Session string `json:"session"`
	// Subscriber is the subscriber's id.
	Subscriber string `json:"subscriber"`
	// Addr is the subscriber's address and port.
	Addr string `json:"addr"`
	// Asked are the frames that it asked for and that the log has.
	Asked uint64 `json:"asked_frames"`
	// Repaired are those that were repeated for it.
	Repaired uint64 `json:"repaired_frames"`
	// Gone are frames that it asked for and that the log lacks.
	Gone uint64 `json:"gone_frames"`
	// Waiting are frames that wait to be repeated.
	Waiting uint64 `json:"waiting_frames"`
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
			Session: reliable.SessionID(s.Key.Session).String(), Partition: s.Key.Channel,
			OldestSeq: s.Oldest.Seq, NextSeq: s.Next.Seq, OldestOffset: s.Oldest.Offset,
			NextOffset: s.Next.Offset, WrittenSeq: s.Written.Seq,
			WrittenOffset: s.Written.Offset, SyncedSeq: s.Synced,
			Frames: s.Frames, Bytes: s.Bytes, HoleFrames: s.HoleFrames, Disk: s.Disk,
			End: reliable.EndOpen.String(), Certificate: events.CertificateOf(s.Certificate),
		}
		if s.Title != nil {
			one.Name, one.Topic = s.Title.Publisher, s.Title.Topic
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

// unwritten returns how many frames at the end were heard, or are known of, and could not be
// written.
func (s *SessionSummary) unwritten() uint64 {
	return s.NextSeq - min(s.NextSeq, max(s.WrittenSeq, s.OldestSeq))
}

// lacks reports whether the log lacks frames that were sent since the start.
func (s *Summary) lacks() bool {
	return s.HoleFrames > 0 || slices.ContainsFunc(s.Sessions, func(one SessionSummary) bool {
		return one.Frames > 0 && one.unwritten() > 0
	})
}

// inLog returns the offsets in the log.
func (s *SessionSummary) inLog() (from, to uint64) {
	if s.unwritten() > 0 {
		return s.OldestOffset, max(s.WrittenOffset, s.OldestOffset)
	}
	return s.OldestOffset, s.NextOffset
}

// held counts the messages in the log.
func (s *SessionSummary) held() uint64 {
	from, to := s.inLog()
	return to - from
}

// written tells the offsets in the log.
func (s *SessionSummary) written() string {
	if s.unwritten() > 0 && s.held() == 0 {
		return "nothing"
	}
	return cli.Offsets(s.inLog())
}
