// Package frame is crier's wire format: one msgpack array a datagram, encoded
// and decoded with the msgpack library's primitives, and printed as text. The
// bytes of every frame, field by field, stand in docs/PROTOCOL.md.
//
// A [Decoder] parses a datagram into a [Frame] whose slices are views of it. It
// trusts nothing: each length is checked against the datagram before it is used,
// and nothing is allocated on a sender's word. An [Encoder] appends frames to a
// slice; a [Builder] fills a DATA frame in place, message by message. All three
// are kept and reused by one goroutine at a time, and then allocate nothing.
package frame
