package reliable

import (
	"fmt"
	"time"
)

// Start selects where a Receiver begins in a session that is older than itself. Starts compare
// with ==; the zero Start is Latest.
type Start struct {
	name  startName
	point point
}

type startName uint8

const (
	latest startName = iota
	oldest
	resume
	resumeOldest
	atPoint
)

var startNames = [...]string{
	latest: "latest", oldest: "oldest", resume: "resume", resumeOldest: "resume:oldest",
}

// The starts without a number, which package subscriber documents.
var (
	Latest = Start{}
	Oldest = Start{name: oldest}
	Resume = Start{name: resume}

	ResumeOldest = Start{name: resumeOldest}
)

// AtOffset begins with the message at an offset.
func AtOffset(offset uint64) Start { return Start{atPoint, point{offsetPoint, offset}} }

// AtTime begins with the first message of a frame that was made at a time or later, by the
// publisher's wall clock.
func AtTime(t time.Time) Start { return Start{atPoint, pointAt(t)} }

// Offset returns the offset of a Start made by AtOffset.
func (s Start) Offset() (offset uint64, ok bool) { return s.point.offset() }

// Wall returns the time of a Start made by AtTime, in Unix nanoseconds.
func (s Start) Wall() (wall int64, ok bool) { return s.point.wall() }

// Resumes reports whether the start is Resume or ResumeOldest.
func (s Start) Resumes() bool { return s.name == resume || s.name == resumeOldest }

// String returns latest, oldest, resume, resume:oldest, offset:N, or time:T with T as in
// RFC 3339.
func (s Start) String() string {
	if s.name == atPoint {
		return s.point.String()
	}
	return startNames[s.name]
}

// MarshalText returns the same text as String.
func (s Start) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses the text that String returns.
func (s *Start) UnmarshalText(text []byte) error {
	got, err := ParseStart(string(text), time.Time{})
	if err == nil {
		*s = got
	}
	return err
}

// ParseStart parses the text that String returns. If now isn't zero, T may also be a negative
// duration: that long before now.
func ParseStart(text string, now time.Time) (Start, error) {
	for name, s := range startNames {
		if s == text {
			return Start{name: startName(name)}, nil
		}
	}
	p, ok, err := parsePoint(text, now)
	if !ok {
		return Start{}, fmt.Errorf("%q is not a start: use latest, oldest, offset:N, time:T or "+
			"resume", text)
	}
	return Start{atPoint, p}, err
}
