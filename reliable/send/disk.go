package send

import (
	"crier/reliable"
	"crier/reliable/store"
)

// Memory returns the memory of the resend buffer, for advice to the system about it. The
// caller must neither read nor write it.
func (st *Stream) Memory() []byte { return st.store.Memory() }

// Used returns how much of Memory, from its start, may have been written to, in bytes.
func (st *Stream) Used() int { return st.store.Used() }

// NextDisk returns the next job for the disk, and false if there is none now. The job
// must be handed back with DiskDone before the next call.
func (st *Stream) NextDisk() (store.Job, bool) { return st.store.NextJob(st.repairer) }

// DiskDone hands a job back. frames are those that were read, with a datagram each; they
// must not change until the next read is handed back. After a failed write, nothing more
// is written. Frames of a failed read are no longer held.
func (st *Stream) DiskDone(now reliable.Time, frames [][]byte, err error) {
	if lost := st.store.JobDone(frames, err); lost.Len() > 0 {
		st.repairer.Unreadable(lost)
	}
	st.window.noteRoom(now)
}
