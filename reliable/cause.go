package reliable

import "fmt"

// Cause is the cause of a loss.
type Cause uint8

// The causes of losses, which package subscriber documents.
const (
	CauseGone Cause = iota + 1
	CauseUnanswered
	CauseSilent
	CauseEnded
	CauseDropped
	CauseLate
	CauseNotRecovered
	CauseMemory
	CauseMalformed
	CauseClosed
	CauseSlow
	CauseTooLarge
	CauseDamaged
	CauseNoHolder
	CauseUntil
	CauseUnwritten
	CauseNobody
)

var causeNames = [...]string{
	CauseGone: "no longer held", CauseUnanswered: "unanswered", CauseSilent: "publisher silent",
	CauseEnded: "session ended", CauseDropped: "dropped by publisher", CauseLate: "too late",
	CauseNotRecovered: "recovery off", CauseMemory: "no room in the buffer",
	CauseMalformed: "malformed", CauseClosed: "subscriber closed",
	CauseSlow: "slow consumer", CauseTooLarge: "larger than the MTU",
	CauseDamaged: "damaged in the log", CauseNoHolder: "no holder answered",
	CauseUntil: "end of the stretch", CauseUnwritten: "not written to the log",
	CauseNobody: "nobody has it",
}

// String returns the cause as in loss reports.
func (c Cause) String() string {
	if int(c) < len(causeNames) && causeNames[c] != "" {
		return causeNames[c]
	}
	return fmt.Sprintf("cause %d", uint8(c))
}
