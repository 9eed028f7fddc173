// Package publisher sends messages to a multicast group, and repairs the losses of its
// subscribers.
//
// A [Publisher] is one session, from New to Close. Each message gets the next offset. It is
// sent at once, on the publishing goroutine. Messages that follow each other within
// microseconds, or that are published while a datagram is being sent, share the next
// datagram. The latest messages stay in a resend buffer of a bounded size. From it, the
// Publisher repeats messages that the network lost.
//
//	p, err := publisher.New(publisher.Config{Name: "quotes"})
//	...
//	offset, err := p.Publish(ctx, []byte("hello"))
//	...
//	err = p.Close()
//
// The zero [Config] publishes to 239.77.0.1:7700 on the loopback interface, which only this
// machine hears. To be heard on a network, set Config.Interface.
//
// Publish returns once a message is accepted: it has an offset and lies in the resend
// buffer. Flush returns once all accepted messages are with the kernel. Neither means that a
// subscriber has received them. WaitTaken waits for the subscribers whose pace counts: see
// Flow.Pace, Slowest, Quorum and Named. No broker keeps the messages. If the process dies, a
// subscriber never gets the accepted messages that it has yet to receive.
//
// PublishBatch accepts many messages at once, or none. A goroutine that publishes as fast as
// it can sends full batches itself. The last messages of such a burst follow within a
// millisecond, or at once with Flush.
//
// With a Topic, subscribers need no address: the groups follow from its name. Partitions are
// streams of their own in one session, with their own offsets and their own groups, so that a
// subscriber of some of them doesn't hear the others. Send takes a key, which selects the
// partition and comes with the message, and headers.
//
//	p, err := publisher.New(publisher.Config{Topic: "orders", Partitions: 16})
//	...
//	at, err := p.Send(ctx, publisher.Message{Key: []byte("EURUSD"), Payload: order})
//
// All methods are safe for concurrent use. Offsets follow the order in which calls are
// accepted.
package publisher

import "crier/reliable"

// SessionID identifies one publisher's life on one group. It is random, and prints in hex.
type SessionID = reliable.SessionID
