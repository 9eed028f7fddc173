// Package frame is crier's wire format. A datagram is one msgpack array, encoded and
// decoded with the msgpack library's primitives. docs/PROTOCOL.md specifies every frame,
// field by field and byte by byte.
//
// A [Decoder] parses a datagram into a [Frame] whose slices are views of the datagram. It
// checks each length against the datagram before using it, and allocates nothing on a
// sender's word. An [Encoder] appends frames to a slice. A [Builder] fills a DATA frame in
// place, message by message. [Frame.String] prints a frame.
//
// One goroutine at a time may use a Decoder, Encoder or Builder. Once warm, they allocate
// nothing.
package frame
