package nack

import "fmt"

// Cause says why a gap was given up.
type Cause uint8

const (
	// Unanswered: requests went without any answer for the silence time.
	Unanswered Cause = iota + 1
	// Late: the gap was open for longer than MaxWait.
	Late
	// NotRecovered: recovery is off, and what is missing didn't arrive late.
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

// Lost is a run of frames that was given up, and why.
type Lost struct {
	Range
	Cause Cause
	// Found is when it was found missing.
	Found Time
}

// String prints a loss as traces and tests show it: "7-9 unanswered".
func (l Lost) String() string { return l.Range.String() + " " + l.Cause.String() }
