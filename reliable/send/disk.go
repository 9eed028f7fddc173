package send

import (
	"crier/reliable"
	"crier/reliable/store"
)

// Memory returns the memory of the resend buffer, for advice to the system about it. The
// caller must neither read nor write it.
func (s *Sender) Memory() []byte { return s.store.Memory() }

// Used returns how much of Memory, from its start, may have been written to, in bytes.
func (s *Sender) Used() int { return s.store.Used() }

// NextDisk returns the next job for the disk, and false if there is none now. The job
// must be handed back with DiskDone before the next call.
func (s *Sender) NextDisk() (store.Job, bool) { return s.store.NextJob(s.repairer) }

// DiskDone hands a job back. frames are those that were read, with a datagram each; they
// must not change until the next read is handed back. After a failed write, nothing more
// is written. Frames of a failed read are no longer held.
func (s *Sender) DiskDone(now reliable.Time, frames [][]byte, err error) {
	if lost := s.store.JobDone(frames, err); lost.Len() > 0 {
		s.repairer.Unreadable(lost)
	}
	s.window.noteRoom(now)
}

// DiskFailed returns the error that stopped writing to disk, or nil.
func (s *Sender) DiskFailed() error { return s.store.Failed() }
