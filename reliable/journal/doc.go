// Package journal is the log that recorders and publishers keep beside a stream: its
// format, and the files that hold it. docs/LOG.md lists the format field by field.
//
// A log holds tapes. A tape is what was recorded of one session and channel: sealed frames
// in order, and holes and ends by name. It lies in segments, files that describe
// themselves; there is no catalogue beside them that could disagree. A segment is a row of
// blocks with a checksum each, so that damage costs the block it lies in, by name, and
// nothing that follows.
//
// A Log does jobs, one after the other, on files of a Dir. The machine that names the jobs
// (a recorder, a publisher's buffer) keeps no more than the State that comes with each
// Result; a driver takes jobs to the Log's goroutine, and results back.
//
// The package is pure: it reads no clock, starts no goroutine and opens no file by itself.
// Package crier/multicast/files has the Dir of this machine.
package journal
