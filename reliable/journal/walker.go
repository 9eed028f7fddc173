package journal

import (
	"bytes"
	"encoding/binary"
	"io"
)

// A walker reads a part of a segment's file, block by block.
type walker struct {
	file io.ReaderAt
	seed uint32
	// at is where the next block is expected, and end where the part ends.
	at, end int64

	// buf is the window of the file that was read, from base on.
	buf  []byte
	base int64
	// window is the size to read at once.
	window int
	// read counts bytes.
	read int64
}

// scanWindow is what a walker reads at once, unless a block is larger.
const scanWindow = 1 << 20

// begin makes a walker read [from, to) of a file.
func (w *walker) begin(file io.ReaderAt, seed uint32, from, to int64) {
	*w = walker{file: file, seed: seed, at: from, end: to, buf: w.buf[:0], base: from,
		window: scanWindow}
}

// view returns n bytes of the file, or fewer at its end.
func (w *walker) view(at int64, n int) ([]byte, error) {
	n = int(min(int64(n), w.end-at))
	if n <= 0 {
		return nil, nil
	}
	if at < w.base || at+int64(n) > w.base+int64(len(w.buf)) {
		size := int(min(int64(max(n, w.window)), w.end-at))
		have := 0 // of what was read before
		if at >= w.base && at < w.base+int64(len(w.buf)) {
			have = copy(w.buf, w.buf[at-w.base:])
		}
		w.buf, w.base = w.buf[:have], at
		if cap(w.buf) < size {
			w.buf = append(make([]byte, 0, size), w.buf...)
		}
		more, err := w.file.ReadAt(w.buf[have:size], at+int64(have))
		if have+more < n && err != io.EOF && size > n { // only what is asked for must be readable
			more, err = w.file.ReadAt(w.buf[have:n], at+int64(have))
		}
		got := have + more
		w.buf = w.buf[:got]
		w.read += int64(more)
		if got < n {
			if err == nil || err == io.EOF {
				w.end = at + int64(got) // the file is shorter than was known
				return w.buf, nil
			}
			return nil, err
		}
	}
	return w.buf[at-w.base:][:n], nil
}

// block reads the block at a position. ok is false if there is none that verifies; then
// the head is what it claims to be, if it claims anything. A block is a view, valid until
// the next is read.
func (w *walker) block(at int64, b *block) (ok bool, err error) {
	b.head = head{}
	front, err := w.view(at, headSize)
	if err != nil || !b.parse(front) {
		return false, err
	}
	size := headSize + int64(b.length)
	if size > w.end-at {
		return false, nil
	}
	whole, err := w.view(at, int(size))
	if err != nil || int64(len(whole)) < size {
		return false, err
	}
	b.at, b.payload = at, whole[headSize:]
	return checksum(w.seed, whole, nil) == b.crc && b.whole(), nil
}

// next reads the next block that verifies. skipped is what lies before it that doesn't. If
// there is none, ok is false, and skipped is the rest. Bytes that can't be read count as
// damage; err tells of it.
func (w *walker) next(b *block) (skipped span, ok bool, err error) {
	skipped = span{from: w.at, to: w.at}
	for at := w.at; at < w.end; {
		ok, fault := w.block(at, b)
		if fault != nil {
			err = fault
		}
		if ok {
			w.at = at + b.size()
			return skipped, true, err
		}
		if at == w.at {
			skipped.claim = b.head
		}
		at = w.search(at + 1)
		skipped.to = at
	}
	skipped.to = w.end
	w.at = w.end
	return skipped, false, err
}

// A span is a piece of a file without a block that verifies.
type span struct {
	from, to int64
	// claim is what a header at its beginning claims. Nothing of it is sure.
	claim head
}

// search returns where a block may begin, at or after a position, or the end. It passes
// over pages that can't be read.
func (w *walker) search(at int64) int64 {
	for at < w.end {
		part, err := w.view(at, w.window)
		if err != nil {
			page := (at/pageSize + 1) * pageSize
			if part, err = w.view(at, int(page-at)+len(magic)-1); err != nil {
				at = page
				continue
			}
		}
		if i := bytes.Index(part, []byte(magic)); i >= 0 {
			return at + int64(i)
		}
		at += int64(max(1, len(part)-len(magic)+1))
	}
	return w.end
}

// pageSize is the least that a disk fails to read.
const pageSize = 4096

// The end of a footer's payload tells its size, so that it is found from the end of the
// file.
const (
	trailerSize  = 8
	trailerMagic = 0x63727a65 // "crze"
)

// footer reads the footer of a whole segment, or returns false.
func (w *walker) footer(b *block) (bool, error) {
	tail, err := w.view(max(0, w.end-footerGuess), footerGuess)
	if err != nil || len(tail) < headSize+trailerSize {
		return false, err
	}
	trailer := tail[len(tail)-trailerSize:]
	size := int64(binary.BigEndian.Uint32(trailer))
	if binary.BigEndian.Uint32(trailer[4:]) != trailerMagic || size > w.end || size < headSize {
		return false, nil
	}
	ok, err := w.block(w.end-size, b)
	return ok && b.kind == kindFooter && b.size() == size, err
}

// footerGuess is read of a file's end at first: most footers are no larger.
const footerGuess = 40 << 10
