package store

import "crier/reliable"

// Stats counts what a Buffer did on disk.
type Stats struct {
	// Frames are on disk now.
	Frames uint64
	// Written and Read count frames.
	Written, Read uint64
	// Errors counts the jobs that failed.
	Errors uint64
	// Missed counts the frames that a log lacks: the disk was too slow, full or broken.
	Missed uint64
}

// Counters are the counters of a Stats.
var Counters = reliable.Table[Stats]{
	reliable.Level("disk_frames", reliable.Frames, "frames on disk",
		func(s *Stats) uint64 { return s.Frames }),
	reliable.Count("disk_frames_written", reliable.Frames, "frames written to disk",
		func(s *Stats) uint64 { return s.Written }).Told(),
	reliable.Count("disk_frames_read", reliable.Frames, "frames read from disk",
		func(s *Stats) uint64 { return s.Read }).Told(),
	reliable.Count("disk_errors", reliable.Jobs, "jobs of the disk that failed",
		func(s *Stats) uint64 { return s.Errors }).Told(),
	reliable.Count("log_frames_missed", reliable.Frames,
		"frames that the publisher's own log lacks: the disk was too slow, full or broken",
		func(s *Stats) uint64 { return s.Missed }).Told(),
}

// Add adds another's counters.
func (s *Stats) Add(o *Stats) {
	s.Frames += o.Frames
	s.Written += o.Written
	s.Read += o.Read
	s.Errors += o.Errors
	s.Missed += o.Missed
}

// Stats returns the counters so far.
func (b *Buffer) Stats() Stats {
	st := Stats{
		Frames: b.disk.index.held(), Written: b.written, Read: b.read, Errors: b.errors,
	}
	if r := b.disk.record; r != nil {
		st.Missed = r.missed
		if r.ending && !r.ended && b.disk.failed != nil {
			st.Missed += b.next - min(r.mark.Seq, b.next) // nothing is written any more
		}
	}
	return st
}
