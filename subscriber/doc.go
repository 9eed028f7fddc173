// Package subscriber receives the messages of all publishers on one or several multicast
// groups, in order, and recovers losses of the network.
//
// A [Subscriber] listens from New to Close. It yields a stream of [Event] values: messages,
// losses with their causes, and sessions that begin, fall silent, resume and end. A loss
// stands at its place in the order of its session. There are two ways to take the stream:
//
//	s, err := subscriber.New(subscriber.Config{})
//	...
//	for ev := range s.Messages(ctx) {
//		switch ev.Kind {
//		case subscriber.Message:
//			fmt.Printf("%d: %s\n", ev.Offset, ev.Payload)
//		case subscriber.Loss:
//			fmt.Printf("%d-%d are lost: %v\n", ev.Lost.From, ev.Lost.To-1, ev.Cause)
//		}
//	}
//
// or, for the lowest latency, a Handler. It runs on the goroutine that read the datagram, on
// a view of the receive buffer. Err tells why a range ended: its context, Close, or a
// mistake.
//
// The promise for each session covers the offsets from its first to the last that this
// subscriber has evidence of. Each of them is delivered exactly once and in order, or is
// named in exactly one loss report with its cause.
//
// Payloads are views. They are valid until the Handler returns, or until the step of the
// iteration ends. Copy the ones to keep.
//
// With a Topic, no address is needed: the groups follow from its name. Each partition is a stream
// with its own offsets, and its sessions begin and end by themselves; Event.Partition names it.
// Config.Partitions selects some, and the network keeps the others away. A Topic with "*" is a
// pattern: the topics that match are followed, also those that appear later. With Feeds, the same
// datagrams come by two to four networks, and the first copy of each counts. Event.Key and
// Event.Header return what came with a message. See docs/TOPICS.md.
//
// With a Team, subscribers share the messages of a topic: its publishers grant each partition, or
// each message, to one of them. A message is done at the end of its step, unless the range is left
// there, or Config.ManualDone leaves that to Event.Done. What a member that is lost didn't do comes
// to another one, with an Event.Attempt above 1. Event.Epoch grows with each grant by one
// publisher: whatever keeps the effects of messages can refuse those of an older one, of the same
// topic, publisher and partition. See docs/TEAMS.md.
//
// A message waits in a buffer while an earlier one is missing, or while the application is
// busy. Memory.Buffer bounds that buffer. A message that finds no room there is requested
// again once there is room, if the publisher still holds it.
//
// Config.History keeps the messages that were delivered last, for others. When a publisher isn't
// heard any more, the Subscribers that keep a history, and the recorders of the group, give each
// other the messages that some of them lack. Such an inquest lasts from SessionInquest to
// SessionSilent, whose [Certificate] names its members, the end of the stream as far as they know
// it, and the frames that none of them has. Messages in these are lost, with CauseNobody. A later
// SessionAmended takes nothing back. See docs/SURVIVORS.md.
//
// Link.Wait selects how the Subscriber waits: asleep in the kernel, which is the default; by
// spinning, for the lowest latency, on a processor of its own; or by an adaptive mix.
//
// An Event has the times when its message was sent (Sent), when the kernel of this machine
// received it (Arrived) and when it was read (Received). They split a latency into the part
// of publisher and network, the part of this machine, and the wait for missing messages
// (Recovery).
//
// All methods are safe for concurrent use, but only one goroutine at a time may range over
// Messages.
package subscriber
