package journal

import (
	"errors"

	"crier/nack"
)

// A Segment is a file of a log, in short.
type Segment struct {
	Name string
	Key  Key
	// Oldest is where the segment begins, and Next where it ends.
	Oldest, Next Mark
	// First and Last are the times of its first and its last frame.
	First, Last int64
	// Bytes is its size.
	Bytes int64
	// Sealed says that it has its footer.
	Sealed bool
}

// Segments returns the segments of a tape, from the oldest.
func (l *Log) Segments(key Key) []Segment { return nil }

// Verify reads all segments of a tape, or of all tapes if the key is zero, and reports
// what doesn't verify. each, if not nil, is called before each segment.
func (l *Log) Verify(key Key, each func(Segment)) (*Report, error) {
	return nil, errors.ErrUnsupported
}

// Cut removes the segments of a tape, or of all tapes if the key is zero, whose frames all
// lie below a number and are older than a time. It returns how many they were, and their
// bytes. The last segment of a tape goes too, if all of its frames are meant.
func (l *Log) Cut(key Key, below uint64, before int64) (segments int, bytes int64, err error) {
	return 0, 0, errors.ErrUnsupported
}

// BlockSize returns the size on disk of a block of so many frames, of so many bytes
// together.
func BlockSize(frames, bytes int) int64 { return int64(headSize + 2*frames + bytes) }

// headSize is the size of a block's header.
const headSize = 64

var _ nack.Range
