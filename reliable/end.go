package reliable

import "fmt"

// End says how a session stands, for a subscriber.
type End uint8

// The ends, which package subscriber documents.
const (
	EndOpen End = iota
	EndBye
	EndSilent
)

// String returns the end as summaries write it.
func (e End) String() string {
	switch e {
	case EndOpen:
		return "open"
	case EndBye:
		return "bye"
	case EndSilent:
		return "silent"
	}
	return fmt.Sprintf("end %d", uint8(e))
}
