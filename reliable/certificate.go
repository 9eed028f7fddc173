package reliable

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// A Certificate says what became of a stream whose publisher fell silent: who looked, how far
// the stream is known to go, and what none of them has. It is true of its members: it names
// nothing that one of them held by its last word.
//
// A first one ends an inquest. Later ones, with the next numbers, only amend it: a stream that is
// known to go further, or something that was found. They take no delivery back, and give none
// of what was named lost before.
type Certificate struct {
	// Number counts the certificates of a silence, from 1.
	Number int
	// Members are those that took part, by their ids, this subscriber among them.
	Members []Survivor
	// More is the number of members for which there was no place.
	More int
	// Counted is the number of subscribers that the publisher had counted, by its last word; 0 if
	// that isn't known.
	Counted int
	// Frames are the sequence numbers that it is about: from the lowest position of a member up
	// to the end of the stream as far as any of them knows.
	Frames nack.Range
	// NextOffset is one past the last message that any of them knows of.
	NextOffset uint64
	// Nobody are the numbers of Frames that no member has, ascending.
	Nobody []nack.Range
	// Unsettled are numbers that this subscriber lacks, though a member may have them: the time
	// was over, or there were too many.
	Unsettled []nack.Range
	// Lost are the offsets that this subscriber named lost since the publisher fell silent,
	// ascending. At most 1,024 ranges are listed: LostMessages counts all.
	Lost         []nack.Range
	LostMessages uint64
	// Found is the number of frames that this subscriber had named lost, and that a member
	// turned out to have. They stay where they are.
	Found uint64
	// Hash is that of Members, Frames and Nobody. Members with the same hash have the same.
	Hash uint64
	// Agreed says that all members that hold an inquest confirmed the hash. A recorder that only
	// serves, or has just started, tells what it has, and confirms nothing.
	Agreed bool
	// Took is the time from the silence to the certificate.
	Took time.Duration
	// Live are members that hear the publisher. If there are any, it isn't dead but cut off from
	// this subscriber: nothing is known to be lost for all, and Nobody is empty.
	Live []Survivor
	// Withdrawn says that the publisher was heard again.
	Withdrawn bool
}

// A Survivor is a member of an inquest.
type Survivor struct {
	ID   uint64
	Addr netip.AddrPort
	// Name is what the subscriber or recorder calls itself, or empty.
	Name string
	Role frame.Role
	// Confirmed says that its last word had the hash of the certificate.
	Confirmed bool
}
