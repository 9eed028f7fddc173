package sub

import (
	"fmt"
	"strings"

	"crier/subscriber"
)

// causes explains the causes of losses.
var causes = []struct {
	cause subscriber.Cause
	text  string
}{
	{subscriber.CauseGone, "the publisher's resend buffer had moved on"},
	{subscriber.CauseUnanswered, "requests went unanswered for the silence time"},
	{subscriber.CauseSilent, "the publisher fell silent before it could repair"},
	{subscriber.CauseEnded, "the publisher left before it could repair"},
	{subscriber.CauseDropped, "the publisher dropped them"},
	{subscriber.CauseLate, "they were not there within --max-wait"},
	{subscriber.CauseNotRecovered, "--recovery off asks for nothing"},
	{subscriber.CauseMemory, "a large message didn't fit into four times --buffer"},
	{subscriber.CauseMalformed, "the publisher's frames contradict each other"},
	{subscriber.CauseClosed, "this command left first"},
	{subscriber.CauseSlow, "--overload drop-oldest, drop-newest: messages were printed too slowly"},
	{subscriber.CauseTooLarge,
		"the publisher's network took smaller frames only since they were made"},
	{subscriber.CauseDamaged, "the log had them on disk, and they don't verify any more"},
	{subscriber.CauseNoHolder, "--start: neither the publisher nor a recorder had them"},
	{subscriber.CauseUntil, "no loss: delivery ended where --until said"},
	{subscriber.CauseUnwritten, "the recorder had them, and its disk was full, or failed"},
	{subscriber.CauseNobody, "the publisher fell silent, and no survivor that was heard has them"},
}

// causesText lists the causes, one on a line.
func causesText() string {
	var b strings.Builder
	for _, c := range causes {
		fmt.Fprintf(&b, "  %-23s %s\n", c.cause, c.text)
	}
	return b.String()
}
