package journal

import (
	"crier/nack"
	"crier/reliable"
)

// A Key names a tape: one channel of one session.
type Key struct {
	Session uint64
	Channel uint32
}

// A Job is something to do with one tape of a Log. What a job has of the following is done
// in this order: Trim or Reset, Title, Records, Sync, Read, Find. A job may be used again
// once its result was taken; it then brings no garbage.
type Job struct {
	Key Key

	// Trim is the number below which frames are no longer needed. It counts in a log
	// ByNeed only, which then removes the segments that have no other frames.
	Trim uint64
	// Reset removes all that the tape has, so that Records may begin anywhere.
	Reset bool

	// Title, if not nil, says whose stream the session is. It was not known before, or
	// has changed. The Log keeps a copy.
	Title *reliable.Title

	// Records are appended in order. The first continues where the State's Next is; if
	// it begins later, the Log names the hole between.
	Records []Record
	// Sync asks that all that was written survives a loss of power. With a zero Key, all
	// tapes are meant.
	Sync bool

	// Read, if not empty, are the frames to be read.
	Read nack.Range
	// Buffer is memory for the frames of Read, or nil. The Log uses it, and makes a larger
	// one if need be, which Result.Buffer returns. It is the caller's.
	Buffer []byte

	// Find, if its What isn't zero, asks where something is.
	Find Query

	result Result
}

// A Record is a piece of a tape: frames, or a hole, or an end.
type Record struct {
	// Frames are the numbers that the record is about. An end has none: From is its Seq, or
	// 0 where that isn't known.
	Frames nack.Range
	// Offset is that of the first message that starts in the first frame or after it, and
	// EndOffset that of the first message that starts after the last frame.
	Offset, EndOffset uint64
	// First and Last are when the frames' first and last messages were published, by the
	// publisher's wall clock, in nanoseconds since the Unix epoch. If they are zero, the
	// Log takes the time of the job.
	First, Last int64

	// Data are the frames one after the other, each sealed, and Sizes their lengths. Both
	// are views, which the Log needs until Do returns.
	Data  []byte
	Sizes []int32

	// Hole, if not nil, says that the frames are missing, and why.
	Hole *Hole
	// End, if not nil, says that the session ended after the frames before.
	End *End
}

// A Hole is a run of frames that a tape lacks.
type Hole struct {
	Frames nack.Range
	// Offsets are the messages that start in them.
	Offsets nack.Range
	Cause   reliable.Cause
}

// An End is the end of a session, as far as it was heard.
type End struct {
	// Seq and Offset are one past the last frame and message.
	Seq, Offset uint64
	// How is EndBye or EndSilent.
	How   reliable.End
	Cause reliable.Cause
}

// What is asked for by a Query.
type What uint8

const (
	// FindOffset asks for the message with the offset Value.
	FindOffset What = iota + 1
	// FindTime asks for the first message at or after the time Value, in nanoseconds
	// since the Unix epoch.
	FindTime
	// FindOldest asks for the oldest message.
	FindOldest
	// FindEnd asks for the end.
	FindEnd
)

// A Query asks where something is on a tape.
type Query struct {
	What  What
	Value uint64
}

// An Answer is the answer to a Query: a place at or before what was asked for, as near as
// blocks are, or the oldest or the end where it lies beyond them.
type Answer struct {
	// Found reports whether the tape has something at all.
	Found bool
	Mark
	// Wall is the time of the place, by the publisher's wall clock.
	Wall int64
}

// A Mark is a place on a tape: before the frame Seq, in which or after which the message
// Offset is the first to start.
type Mark struct {
	Seq, Offset uint64
}

// A Result is what became of a Job. It is valid until the job is done again.
type Result struct {
	Job *Job
	// State is the tape's, after the job.
	State State
	// Others are the States of other tapes that the job changed: trimmed to make room, or
	// synced. The Next of one may have gone back, as with Again.
	Others []State

	// Read are the frames that Frames has: those asked for, or the first of them if they
	// were many. Frames are views of Buffer, nil for a frame that the tape lacks.
	Read   nack.Range
	Frames [][]byte
	Buffer []byte
	// Holes are those within Read: those that were named when they were recorded, and, with
	// CauseDamaged, what the log had and doesn't verify any more.
	Holes []Hole
	// Damaged are the frames of the latter.
	Damaged []nack.Range

	// At is the answer to Find.
	At Answer

	// Full says that the disk has no room for the job's records and nothing more can be
	// dropped for it. Failed says that writing or syncing failed. In both cases State's Next
	// tells what is written: the caller may hand the rest again, or go on later, and the Log
	// names the hole.
	Full, Failed bool
	// Again says that State's Next went back: what was written since the last sync is
	// doubtful. The caller hands again what it still has from Next on. (The Log names the
	// hole before it.)
	Again bool
	// Dropped counts the segments, and DroppedBytes their bytes, that made room.
	// Squeezed says that some made room since the disk was full, and not the log.
	Dropped      int
	DroppedBytes int64
	Squeezed     bool
	// LogBytes is the size of all segments together after the job.
	LogBytes int64
	// Err is the error behind Full, Failed or Again, or of a read.
	Err error
}

// A State is a tape in short.
type State struct {
	Key Key
	// Title says whose stream it is. It is nil while that is unknown, and is not changed
	// afterwards: a change makes a new one.
	Title *reliable.Title
	// Oldest is where the tape begins, and Next where it ends. They are equal if it has
	// nothing.
	Oldest, Next Mark
	// Frames below Written survive the end of the process. Those below Synced survive a
	// loss of power; it is 0 where nothing is ever synced.
	Written, Synced uint64
	// Holes are frames between that the tape lacks, ascending: the latest, at most
	// MaxHoles. They are not changed afterwards. MoreHoles counts the holes that were left
	// out.
	Holes     []nack.Range
	MoreHoles int
	// Ended is how the session ended, or nil.
	Ended *End
	// Bytes is the size of the tape's files, and Segments their number.
	Bytes    int64
	Segments int
	// First and Last are the times of the oldest and the newest frame, by the publisher's
	// wall clock, in nanoseconds since the Unix epoch.
	First, Last int64
}

// MaxHoles is the largest number of holes in a State.
const MaxHoles = 256
