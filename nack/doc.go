// Package nack decides which missing frames to ask for, when, and what to
// repeat for whom. It knows sequence numbers, times and subscribers; it knows
// no sockets and no frames.
//
// A subscriber owns one [Requester] a session: gaps go in as they are found,
// arrivals close them, and it says when to send one NACK for all that is due.
// A publisher owns one [Responder] a session: NACKs go in, and it says which
// frames to repeat, to the group or to one subscriber, within a budget.
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
