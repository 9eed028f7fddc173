// Package crier is a brokerless direct-messaging toolkit over UDP multicast.
//
// A publisher sends numbered messages to a multicast group; any number of
// subscribers take them straight from the wire. Whoever misses a frame asks for
// it with a NACK, and the publisher repeats it out of a resend buffer that is
// bounded in bytes. What the publisher no longer holds, or takes with it when it
// dies, is named in a loss report: nothing is lost in silence.
//
// A stream is named by a group, or by a topic: "orders" in place of an address. A
// topic may have up to 256 partitions over up to 256 groups, each a stream of its
// own, and a subscriber joins the groups of those that it wants. A message's key
// chooses its partition. The same frames may come by two to four feeds, over as
// many networks: the first one wins, and what one lacks comes by another.
// docs/TOPICS.md begins with a name and ends with 16 partitions over two feeds.
//
// The packages:
//
//   - [crier/publisher] sends. Start with its Config, whose zero value works.
//   - [crier/subscriber] receives, and [crier/subscriber/directory] lists the topics that are
//     published.
//   - [crier/multicast] is the rim: sockets, interfaces, timers, and the loop that
//     drives a protocol machine. It knows no frames.
//   - [crier/reliable] is the protocol without clock, goroutine or socket, and
//     [crier/nack] the part of it that decides what to ask for and what to repeat.
//   - [crier/reliable/frame] is the wire format.
//   - [crier/testnet] is the simulated network, for trying loss in virtual time.
//
// The tool, crier, stands in cmd/crier: "go run ./cmd/crier demo" shows messages
// fan out, get lost, come back, and what is gone when the producer dies.
//
// docs/ARCHITECTURE.md says which package may import which, and where to look;
// docs/PROTOCOL.md says what is on the wire.
package crier
