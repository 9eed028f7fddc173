// Package send implements the publisher's half of the protocol: one session, from the
// messages of an application to datagrams on the wire.
//
// A [Sender] is the session. It knows its subscribers from their STATUS and NACKs, says what
// the session is (SESSION), and hands out batches of datagrams. A [Stream] is a
// sequence space of it, one for each partition. It packs messages into frames, keeps the frames
// in a store, and says how far it is (HEARTBEAT, BYE). It decides whose pace counts, which
// frames must be kept for them, and when a message finds no room. NACKs are served by a
// [repair.Repairer] out of the same store.
//
// A Sender has no clock, goroutine, lock or socket. The caller passes the time, calls
// [Sender.Handle] for each frame that arrives, sends what [Sender.Next] returns, hands each
// batch back with [Sender.Sent], and calls [Sender.Advance] at [Sender.Deadline].
package send
