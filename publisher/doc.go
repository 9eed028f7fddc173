// Package publisher sends messages to a multicast group, and sends again what
// its subscribers missed.
//
// A [Publisher] is one session: it begins with New, and ends with Close, which
// says BYE. Each message gets the next offset. It goes out at once, on the
// goroutine that publishes it; messages that follow each other within
// microseconds, or come while a datagram is being sent, share the next one. The
// latest messages stay in a resend buffer, bounded in bytes, from which
// subscribers are served what the network lost.
//
//	p, err := publisher.New(publisher.Config{Name: "quotes"})
//	...
//	offset, err := p.Publish(ctx, []byte("hello"))
//	...
//	err = p.Close()
//
// The zero [Config] publishes to 239.77.0.1:7700 on the loopback interface,
// which only this machine hears. Name an interface to be heard on a network.
//
// Publish returns once a message is accepted: it has an offset and lies in the
// resend buffer. Flush returns once all accepted messages are with the kernel.
// Neither says that anyone has received anything. WaitTaken does, of the subscribers whose
// pace counts: see Flow.Pace, Slowest, Quorum and Named. If the process dies, what was
// accepted and not yet received by a subscriber is gone for it: there is no
// broker that could still have it.
//
// PublishBatch takes many messages at once, all or none. Where a goroutine publishes
// as fast as it can, it sends full batches itself, and the last messages of such a
// burst follow within a millisecond; Flush sends them at once.
//
// All methods may be called by any number of goroutines at once. Offsets are
// given in the order in which calls are accepted.
package publisher

import "crier/reliable"

// SessionID names one publisher's life on one group. It is random, and printed in hex.
type SessionID = reliable.SessionID
