package feed

import (
	"encoding/binary"
	"fmt"
	"io"
)

// lengths reads messages behind their lengths: u32 big-endian, 0 to 16 MiB.
type lengths struct {
	src *source
	n   uint64 // messages returned
	pos uint64 // where the next length begins, in the content
}

func (f *lengths) next() (raw, error) {
	head, err := f.src.take(4)
	if err == io.EOF && len(head) == 0 {
		return raw{}, io.EOF
	}
	if err != nil {
		return raw{}, f.fail(err, len(head), 4)
	}
	length := binary.BigEndian.Uint32(head)
	if length > MaxMessage {
		return raw{},
			f.src.errorf("the length at %s says %d bytes, over the limit of %v: choose another "+
				"--format if these are no u32 big-endian lengths",
				f.src.position(f.pos), length, "16 MiB")
	}
	payload, err := f.src.take(int(length))
	if err != nil {
		return raw{}, f.fail(err, 4+len(payload), 4+int(length))
	}
	f.n++
	f.pos += 4 + uint64(length)
	return raw{payload: payload}, nil
}

// fail explains why the message at pos could not be read beyond its first
// have of want bytes.
func (f *lengths) fail(err error, have, want int) error {
	if f.src.content.err != nil || (err != io.EOF && err != io.ErrUnexpectedEOF) {
		return f.src.explain(err, fmt.Sprintf("message %d", f.n+1))
	}
	return f.src.errorf("it ends at %s, within message %d, which begins at %s and has %d bytes "+
		"with its length: fetch or write it again, whole",
		f.src.position(f.pos+uint64(have)), f.n+1, f.src.position(f.pos), want)
}

func (f *lengths) where() string    { return fmt.Sprintf("message %d", f.n) }
func (f *lengths) leftOut() []Count { return nil }
