package record

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/reliable/repair"
)

// Stats counts the work of a Recorder.
type Stats struct {
	// Receive counts that of its receiving half.
	Receive receive.Stats
	// Served counts the repairs of all sessions.
	Served repair.Stats
	// Digests counts the words to the group, Finds the questions, Answers those answered, and
	// Unanswered those for which there was no room.
	Digests, Finds, Answers, Unanswered uint64
	// Unknown counts NACKs for sessions that the log hasn't got, and Unserved those for which
	// there was no room.
	Unknown, Unserved uint64
	// HoleFrames counts frames that the log lacks.
	HoleFrames uint64
	// Reads counts the reads of the log, and ReadFrames the frames that they brought.
	Reads, ReadFrames uint64
	// Failures counts writes and reads that failed.
	Failures uint64
	// Dropped counts the segments that made room for others, and DroppedBytes their bytes.
	Dropped, DroppedBytes uint64
	// Missed counts events that found no room.
	Missed uint64
	// Memory is in use for frames on their way to the disk and behind it, in bytes.
	Memory int
}

// Session is what a Recorder has of a session and channel.
type Session struct {
	Key   journal.Key
	Title *reliable.Title
	Group netip.AddrPort
	// Live says that the stream is heard, and Ended how it ended, if it did.
	Live  bool
	Ended *journal.End
	// Oldest is where the tape begins, Next where it ends, and Written where the log ends.
	Oldest, Next, Written journal.Mark
	// Synced is the first frame that a loss of power may take.
	Synced uint64
	// Known is how far the stream goes, as far as it is known.
	Known journal.Mark
	// Frames counts those recorded since the start, Bytes theirs, and HoleFrames those named
	// missing.
	Frames, Bytes, HoleFrames uint64
	// Disk is the size of the session's files in bytes.
	Disk int64
	// Gaps is the number of gaps that are open now.
	Gaps int
	// Inquest says that the survivors of its publisher help each other now, and Certificate what
	// they found, if they did. Don't change it.
	Inquest     bool
	Certificate *reliable.Certificate
}

// Stats returns the counters so far.
func (r *Recorder) Stats() Stats {
	st := r.stats
	if r.receiver != nil {
		st.Receive = r.receiver.Stats()
	}
	st.Served = r.service.Stats()
	st.Missed = r.events.missed
	st.Memory = r.pool.Used() + r.late.Memory()
	for _, n := range r.runs {
		st.Memory += cap(n.buf)
	}
	return st
}

// Sessions returns what there is of each session, in the order in which they became known.
func (r *Recorder) Sessions() []Session {
	list := make([]Session, 0, len(r.list))
	for _, t := range r.list {
		if !t.begun {
			continue
		}
		s := Session{
			Key: t.key, Title: t.title, Group: t.group, Live: t.live, Ended: t.ended,
			Oldest: t.oldest(), Next: t.next, Written: t.state.Next, Synced: t.state.Synced,
			Known: t.next, Frames: t.frames, Bytes: t.bytes, HoleFrames: t.holeFrames,
			Disk: t.state.Bytes, Inquest: t.inquest, Certificate: t.certificate,
		}
		if r.receiver != nil && t.live {
			if e, ok := r.receiver.Extent(t.key.Session, t.key.Channel); ok {
				s.Known.Seq = max(s.Known.Seq, e.Seq)
				s.Known.Offset = max(s.Known.Offset, e.Offset)
				s.Gaps = e.Gaps
			}
		}
		list = append(list, s)
	}
	return list
}

// An Asker is a subscriber that asked the recorder for frames.
type Asker struct {
	Key  journal.Key
	ID   uint64
	Addr netip.AddrPort
	// Asked counts the frames that it asked for, Gone those that the recorder lacks, and
	// Repaired those repeated to it. Waiting is how many wait now.
	Asked, Gone, Repaired, Waiting uint64
}

// Askers returns the subscribers that asked lately, session by session.
func (r *Recorder) Askers() (list []Asker) {
	for _, t := range r.list {
		for _, a := range r.service.Askers(t.key) {
			list = append(list, Asker{Key: t.key, ID: a.ID, Addr: a.Addr, Asked: a.Asked,
				Gone: a.Gone, Repaired: a.Repaired, Waiting: a.Waiting()})
		}
	}
	return list
}
