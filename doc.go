// Package crier is a brokerless direct-messaging toolkit over UDP multicast.
//
// A publisher sends numbered messages to a multicast group; any number of
// subscribers take them straight from the wire. Whoever misses a frame asks for
// it with a NACK, and the publisher repeats it out of a resend buffer that is
// bounded in bytes. What the publisher no longer holds, or takes with it when it
// dies, is named in a loss report: nothing is lost in silence.
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
