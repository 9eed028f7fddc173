package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// lenFeed has messages behind their lengths: u32 big-endian, 0 to 16 MiB.
type lenFeed struct {
	src  *feedSource
	n    uint64 // messages returned
	pos  uint64 // where the next length begins, in the content
	view int    // bytes of the source's buffer that the last record shows
	buf  []byte // holds a message that is larger than the source's buffer
}

func (f *lenFeed) next() (record, error) {
	f.src.r.Discard(f.view) // always whole: it has been peeked at
	f.view = 0
	head, err := f.src.r.Peek(4)
	if err == io.EOF && len(head) == 0 {
		return record{}, io.EOF
	}
	if err != nil {
		return record{}, f.fail(err, len(head), 4)
	}
	length := binary.BigEndian.Uint32(head)
	if length > feedMaxMessage {
		return record{}, f.src.errorf("the length at %s says %d bytes, over the limit of %v: choose another --format if these are no u32 big-endian lengths",
			f.src.position(f.pos), length, size(feedMaxMessage))
	}
	f.src.r.Discard(4)
	payload, err := f.take(int(length))
	if err != nil {
		return record{}, f.fail(err, 4+len(payload), 4+int(length))
	}
	f.n++
	f.pos += 4 + uint64(length)
	return record{at: -1, payload: payload}, nil
}

// take returns the next n bytes, or those that there are and an error.
func (f *lenFeed) take(n int) ([]byte, error) {
	if n <= sourceBuffer {
		b, err := f.src.r.Peek(n)
		f.view = len(b)
		return b, err
	}
	// The length is not trusted: the buffer grows with the bytes that come.
	f.buf = f.buf[:0]
	for len(f.buf) < n {
		have := len(f.buf)
		step := min(n-have, max(sourceBuffer, have))
		f.buf = slices.Grow(f.buf, step)
		m, err := io.ReadFull(f.src.r, f.buf[have:have+step])
		f.buf = f.buf[:have+m]
		if err != nil {
			return f.buf, err
		}
	}
	return f.buf, nil
}

// fail explains why the message at pos could not be read beyond its first
// have of want bytes.
func (f *lenFeed) fail(err error, have, want int) error {
	if f.src.content.err != nil || (err != io.EOF && err != io.ErrUnexpectedEOF) {
		return f.src.explain(err, fmt.Sprintf("message %d", f.n+1))
	}
	return f.src.errorf("it ends at %s, within message %d, which begins at %s and has %d bytes with its length: fetch or write it again, whole",
		f.src.position(f.pos+uint64(have)), f.n+1, f.src.position(f.pos), want)
}

func (f *lenFeed) where() string      { return fmt.Sprintf("message %d", f.n) }
func (f *lenFeed) warnings() []string { return nil }
func (f *lenFeed) Close() error       { return f.src.Close() }
