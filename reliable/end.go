package reliable

import "fmt"

// End is the state of a session at a subscriber: open, or how it ended.
type End uint8

// The ends, which package subscriber documents.
const (
	EndOpen End = iota
	EndBye
	EndSilent
	EndUntil
)

// String returns the end as in summaries.
func (e End) String() string {
	switch e {
	case EndOpen:
		return "open"
	case EndBye:
		return "bye"
	case EndSilent:
		return "silent"
	case EndUntil:
		return "until"
	}
	return fmt.Sprintf("end %d", uint8(e))
}
