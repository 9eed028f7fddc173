package journal

import "time"

// Config configures a Log.
type Config struct {
	// Keep bounds the log as a ring: beyond it, the oldest segment goes. Zero fields bound
	// nothing.
	Keep Keep
	// Segment is the largest size of a segment in bytes, from MinSegment to MaxSegment.
	// It is 64 MiB or a 16th of Keep.Bytes if it is zero.
	Segment int64
	// Fsync says when what was written is synced.
	Fsync Fsync
	// ByNeed makes a log that a publisher's buffer spills to. Job.Trim trims it, and never
	// room: a log that is full says so.
	ByNeed bool
	// ReadOnly changes nothing in the directory: another process may write it.
	ReadOnly bool
}

// Keep is how much of a stream a log keeps.
type Keep struct {
	// Bytes bounds the files of all tapes together.
	Bytes int64
	// Age bounds how long ago a segment's last frame was recorded.
	Age time.Duration
}

// Fsync says when what was written is synced.
type Fsync struct {
	Mode FsyncMode
	// Every is the interval of FsyncInterval. It is 50 ms if it is zero.
	Every time.Duration
}

// An FsyncMode says when what was written is synced.
type FsyncMode uint8

const (
	// FsyncInterval syncs at the interval of Fsync.Every.
	FsyncInterval FsyncMode = iota
	// FsyncEach syncs after each job that writes.
	FsyncEach
	// FsyncNone never syncs by itself, and never says that anything is.
	FsyncNone
)

// The bounds of a segment, in bytes.
const (
	MinSegment = 4 << 10
	MaxSegment = 1 << 30
)

// The bounds of a block of frames. A caller's records are divided into blocks.
const (
	// MaxFrames is the largest number of frames of a block.
	MaxFrames = 256
	// MaxBlock is the largest size of a block's frames in bytes.
	MaxBlock = 256 << 10
)
