// Package nack decides which missing frames to ask for and when, and which frames to repeat
// for whom. It knows sequence numbers, times and subscribers, but neither sockets nor the
// contents of frames.
//
// A subscriber has a [Requester] for each session. It takes gaps as they are found and
// arrivals that close them, and returns one NACK for all gaps that are due. A holder of
// frames, such as the publisher, has a [Responder]. It takes NACKs, and returns the frames
// to repeat, to the group or to one subscriber, within a budget.
//
// Both are state machines without a clock, a goroutine or a lock: the caller
// passes the time, in nanoseconds from a start of its choosing, and calls again
// at [Requester.Deadline] or [Responder.Deadline]. The same calls give the same
// answers on every machine: randomness comes from a seeded [Rand], and times,
// rates and logarithms are integers.
//
// The algorithms are those of RFC 5401 (NACK-oriented reliable multicast
// building block) with unicast NACKs, scaled by the measured round trip and
// group size; where crier differs, the file that differs says why.
package nack
