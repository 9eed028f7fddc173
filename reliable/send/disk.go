package send

import (
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/store"
)

// RingSize returns the lengths that c.Memory must have, for a valid configuration.
func (c Config) RingSize() (frames, index int) {
	c.setDefaults()
	return store.Size(c.ResendBuffer, frame.DataSize(c.Datagram))
}

// Memory returns what the resend buffer lies in, for advice to the system about it.
// Its content is the Sender's: it must be neither read nor written.
func (s *Sender) Memory() []byte { return s.store.Memory() }

// Used returns how much of Memory, from its start, may have been written to, in bytes.
func (s *Sender) Used() int { return s.store.Used() }

// NextDisk returns the next thing to do on disk, and false if there is none now.
// It must be handed back with DiskDone before the next call.
func (s *Sender) NextDisk() (store.Job, bool) { return s.store.NextJob(s.repairer) }

// DiskDone hands the job back. Frames are what was read, with a datagram each;
// they must stay as they are until the next read is handed back. After a failed
// write nothing more is written; what a failed read was for is no longer held.
func (s *Sender) DiskDone(now reliable.Time, frames [][]byte, err error) {
	if lost := s.store.JobDone(frames, err); lost.Len() > 0 {
		s.repairer.Unreadable(lost)
	}
	s.window.noteRoom(now)
}

// DiskFailed returns why nothing is written to disk any more, or nil.
func (s *Sender) DiskFailed() error { return s.store.Failed() }
