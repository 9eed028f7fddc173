// Package reliable is crier's protocol, the state and the decisions of publisher and
// subscriber, without clock, goroutine, lock or socket. This package is its vocabulary. The
// machines have packages of their own.
//
// A send.Sender is one session at a publisher. It packs the messages of a send.Stream into
// DATA frames in its resend buffer, sends them, and repeats them for subscribers that missed
// them. A receive.Receiver is one subscriber. It follows any number of sessions, detects
// missing frames, requests them, and puts the messages back in order.
//
// Both are state machines with the same few kinds of methods:
//
//	Handle(now, from, frame)   a decoded frame came
//	Advance(now)               time has passed
//	Deadline() Time            when to call Advance next
//	Next(now) (Batch, bool)    datagrams to send; call Sent before the next Next
//
// and Publish (Stream) and Poll (Receiver) for the messages. After every call that changes
// something, the caller sends what Next returns until it returns false, takes what Poll
// returns, and arms its timer at Deadline. The kernel's sockets, the simulator and the
// simulated LAN all drive them so.
//
// Neither is safe for concurrent use.
package reliable
