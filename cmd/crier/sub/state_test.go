package sub

import (
	"testing"

	"crier/subscriber"
)

// The positions of a session's partitions are told together.
func TestPositionsText(t *testing.T) {
	at := func(session subscriber.SessionID, partition uint32, offset uint64) subscriber.Position {
		p := subscriber.Position{Session: session, Partition: partition, Offset: offset}
		if session == 3 {
			p.Publisher = "risk1"
		}
		return p
	}
	o := &options{state: "s", saves: true}
	const goesOn, id = "crier sub: s: goes on ", " of session 000000000000000"
	for want, list := range map[string][]subscriber.Position{
		"crier sub: s has no position yet\n":               nil,
		goesOn + "at offset 1,234" + id + "3 (risk1)\n":    {at(3, 0, 1234)},
		goesOn + "at offset 7 of partition 6" + id + "1\n": {at(1, 6, 7)},
		goesOn + "in 3 partitions, at offsets 5 to 9," + id + "1\n" +
			goesOn + "at offset 8" + id + "2\n": {at(1, 0, 7), at(1, 1, 9), at(1, 6, 5), at(2, 0, 8)},
		"crier sub: s has positions in 5 sessions, the last of them:\n" +
			goesOn + "at offset 1" + id + "2\n" + goesOn + "at offset 1" + id + "4\n" +
			goesOn + "at offset 1" + id + "5\n" +
			goesOn + "in 2 partitions, at offsets 1 to 1," + id + "6\n": {
			at(6, 0, 1), at(1, 0, 1), at(2, 0, 1), at(4, 0, 1), at(5, 0, 1), at(6, 1, 1),
		},
	} {
		if got := o.stateText(list); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What comes behind a gap that was given up is left for the next run in its partition alone.
func TestBehindGapOfPartition(t *testing.T) {
	f := &follower{acks: newAcks(func(subscriber.Position) error { return nil })}
	gap, behind, beside := loss(7, 3, 4, subscriber.CauseClosed), message(7, 4), message(7, 4)
	beside.Partition = 1
	if !f.behindGap(gap) || !f.behindGap(behind) {
		t.Error("what comes behind the gap is printed")
	}
	if f.behindGap(beside) {
		t.Error("what comes in another partition is left")
	}
}
