package nack

import "fmt"

// A Cause is the reason why a gap was given up.
type Cause uint8

const (
	// Unanswered means that requests went unanswered for the silence time.
	Unanswered Cause = iota + 1
	// Late means that the gap was open for longer than MaxWait.
	Late
	// NotRecovered means that recovery is off, and the frames didn't arrive late.
	NotRecovered
)

// String returns the cause in words.
func (c Cause) String() string {
	switch c {
	case Unanswered:
		return "unanswered"
	case Late:
		return "late"
	case NotRecovered:
		return "not recovered"
	}
	return fmt.Sprintf("cause(%d)", uint8(c))
}

// Lost is a run of frames that was given up.
type Lost struct {
	Missing
	Cause Cause
}

// String prints a loss as traces and tests show it: "7-9 unanswered".
func (l Lost) String() string { return l.Range.String() + " " + l.Cause.String() }
