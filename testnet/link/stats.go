package link

import "fmt"

// Stats holds the counters of a Link. Each datagram sent is delivered, or
// counted under one reason: Sent = Delivered + Lost + QueueDrops + Partitioned.
type Stats struct {
	Sent        uint64 // datagrams handed to the link
	Delivered   uint64 // datagrams that arrive, damaged or not, copies not counted
	Lost        uint64 // datagrams that the loss model lost
	QueueDrops  uint64 // datagrams that didn't fit the queue
	Partitioned uint64 // datagrams sent while the link was down
	Duplicated  uint64 // copies that arrive besides
	Corrupted   uint64 // arrivals that are damaged, copies included
	Reordered   uint64 // datagrams that overtake one sent before them
}

// DropReason is why a datagram doesn't arrive.
type DropReason uint8

const (
	NotDropped    DropReason = iota
	DropLoss                 // the loss model lost it
	DropQueue                // it didn't fit the queue
	DropPartition            // the link was down
)

// String is the word for d in traces.
func (d DropReason) String() string {
	switch d {
	case NotDropped:
		return "delivered"
	case DropLoss:
		return "loss"
	case DropQueue:
		return "queue"
	case DropPartition:
		return "partition"
	}
	return fmt.Sprintf("DropReason(%d)", uint8(d))
}
