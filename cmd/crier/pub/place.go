package pub

import (
	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/publisher"
)

// place is how far a subscriber is, in offsets and, as position, in frames. That of one that
// follows several partitions is the sum of theirs, as its lag is.
type place struct{ position, offset, written, synced uint64 }

func placeOf(s *publisher.Subscriber) (sum place) {
	if len(s.Partitions) == 0 {
		return place{s.Position, s.Offset, s.Written, s.Synced}
	}
	for i := range s.Partitions {
		p := &s.Partitions[i]
		sum.position += p.Position
		sum.offset += p.Offset
		sum.written += p.Written
		sum.synced += p.Synced
	}
	return sum
}

// behindText tells where a subscriber is, and how far behind: of several partitions, in which.
func behindText(s *publisher.Subscriber) string {
	lag := cli.Counted(s.Lag, "message", "messages")
	if len(s.Partitions) == 0 {
		return "at offset " + cli.Grouped(s.Offset) + ", " + lag + " behind"
	}
	var behind []uint32
	for i := range s.Partitions {
		if p := &s.Partitions[i]; p.Lag > 0 || p.Lacks {
			behind = append(behind, p.Partition)
		}
	}
	switch len(behind) {
	case 0:
		return lag + " behind"
	case 1:
		return lag + " behind in partition " + netflags.PartitionsText(behind)
	}
	return lag + " behind in partitions " + netflags.PartitionsText(behind)
}
