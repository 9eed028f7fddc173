package send

import (
	"crier/reliable"
	"crier/reliable/journal"
)

// title says whose stream a channel of the session is.
func (c *Config) title(channel uint32) *reliable.Title {
	t := &reliable.Title{Topic: c.Topic, Publisher: c.Name, Wall: c.Wall, FirstSeq: c.FirstSeq,
		FirstOffset: c.first(channel), Prev: c.prev(channel), Replay: c.Replay}
	if c.partitions() > 1 {
		t.Layout = c.Layout
	}
	return t
}

// Memory returns the memory of the resend buffer, for advice to the system about it. The
// caller must neither read nor write it.
func (st *Stream) Memory() []byte { return st.store.Memory() }

// Used returns how much of Memory, from its start, may have been written to, in bytes.
func (st *Stream) Used() int { return st.store.Used() }

// NextJob is NextDisk for the streams in turn: it returns the stream that the job is for, which
// takes it back.
func (s *Sender) NextJob() (*Stream, *journal.Job, bool) { return s.schedule.job() }

// NextDisk returns the next job for the disk, and false if there is none now. The job
// must be handed back with DiskDone before the next call.
func (st *Stream) NextDisk() (*journal.Job, bool) {
	if st.closed() && !st.Pending() {
		st.store.Finish()
	}
	return st.store.NextJob(st.session.clock.now, st.repairer)
}

// DiskCopied says that the driver has copied the frames that the job writes.
func (st *Stream) DiskCopied(now reliable.Time) {
	st.store.JobCopied()
	st.window.noteRoom(now)
	st.session.schedule.touch(st)
}

// DiskDone hands a job back with its result. The frames that were read must not change
// until the job after the next one that reads is handed back. After a failed write of a
// spill, nothing more is written; a log tries again. Frames that can't be read are no
// longer held.
func (st *Stream) DiskDone(now reliable.Time, res *journal.Result) {
	for _, lost := range st.store.JobDone(now, res) {
		st.repairer.Unreadable(lost)
	}
	st.window.noteRoom(now)
	st.session.schedule.touch(st)
}

// Logged returns the frames below which the publisher's own log survives the end of the
// process, and the loss of power; false if it keeps none.
func (st *Stream) Logged() (written, synced uint64, ok bool) { return st.store.Logged() }

// LogEnds reports whether the publisher's own log has all frames and the end of the
// session, or can't have them. It is true without a log.
func (st *Stream) LogEnds() bool { return st.store.Finished() }
