package world

// eventKind is the kind of a scheduled event.
type eventKind uint8

const (
	eventCall           eventKind = iota // a function that was given to World.At
	eventArrive                          // a packet arrives at a subscriber
	eventHop                             // a packet that goes to many arrives at the next of them
	eventAnswer                          // a packet arrives at a publisher
	eventFan                             // a packet leaves a segment
	eventLeave                           // a packet beside publishers leaves its sender's host
	eventTimer                           // a node's timer
	eventConsume                         // a slow consumer is done with a message
	eventWritten                         // a publisher's socket has taken a batch
	eventDirectory                       // a packet arrives at a process of the directory
	eventDirectoryTimer                  // the timer of such a process
	eventWake                            // the end of a pause
)

// happening is the action of a scheduled event: with its time and order 32 bytes, and no
// allocation.
type happening struct {
	pkt *Datagram
	// node is the number of a publisher, subscriber, segment, fanout, call or process of the
	// directory.
	node uint32
	kind eventKind
}
