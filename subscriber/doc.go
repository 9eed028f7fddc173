// Package subscriber receives the messages of all publishers on one or several
// multicast groups, in order, and recovers what the network lost.
//
// A [Subscriber] begins to listen with New and stops with Close. What it
// receives is a stream of [Event] values: messages, and, where they belong in
// the order of their session, what was lost and why, and sessions that begin,
// fall silent, resume and end. There are two ways to take it:
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
// or, for the lowest latency, a Handler, which runs on the goroutine that read
// the datagram, on a view of the receive buffer. Err says why a range ended: its context,
// Close, or a mistake.
//
// For each session the promise is: of the offsets from its first to its last
// that this subscriber has evidence of, each is delivered exactly once and in
// order, or is named in exactly one loss report with its cause.
//
// Payloads are views: valid until the Handler returns, or until the step of the
// iteration ends. Copy what is to be kept.
//
// Messages that can't be delivered yet, because one before them is missing or
// because the application takes its time, wait in a buffer bounded by
// Memory.Session. What finds no room there is asked for again when there is, if
// the publisher still holds it.
//
// How it waits is Link.Wait's: asleep in the kernel, which is the default; or
// spinning, for the lowest latency, on a processor that is given to it; or something
// adaptive between. An Event tells when its message was sent, when the kernel of this
// machine took it in (Arrived) and when it was read (Received), so that a latency can be
// split into the publisher's and the network's part, this machine's, and the wait for
// what was missing (Recovery).
//
// All methods may be called by any number of goroutines at once, but only one at
// a time may range over Messages.
package subscriber
