package feed

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// lineReader reads lines from a source.
type lineReader struct {
	src  *source
	max  int    // the longest line, without its newline, in bytes
	n    uint64 // lines read
	long []byte // holds a line that is larger than the source's buffer
}

// next returns a line without its newline, as a view that is valid until the
// next call, or io.EOF. The last line needs no newline.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.src.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		line, err = l.rest(line)
	}
	if err == io.EOF && len(line) == 0 {
		return nil, io.EOF
	}
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return nil, l.src.explain(err, fmt.Sprintf("line %d", l.n+1))
	}
	l.n++
	line = bytes.TrimSuffix(line, []byte{'\n'})
	if len(line) > l.max {
		return nil, l.src.errorf("line %d is longer than %v, the largest message: if these are "+
			"no lines, choose another --format", l.n, "16 MiB")
	}
	return line, nil
}

// rest reads on in a line that did not fit the source's buffer. It stops with
// bufio.ErrBufferFull as soon as the line is too long.
func (l *lineReader) rest(line []byte) ([]byte, error) {
	l.long = append(l.long[:0], line...)
	for {
		part, err := l.src.r.ReadSlice('\n')
		l.long = append(l.long, part...)
		if err != bufio.ErrBufferFull || len(l.long) > l.max {
			return l.long, err
		}
	}
}

// lines reads a message from each line. An empty line is an empty message.
type lines struct {
	lines lineReader
}

func newLines(src *source) *lines {
	return &lines{lineReader{src: src, max: MaxMessage}}
}

func (f *lines) next() (raw, error) {
	line, err := f.lines.next()
	if err != nil {
		return raw{}, err
	}
	return raw{payload: line}, nil
}

func (f *lines) where() string    { return fmt.Sprintf("line %d", f.lines.n) }
func (f *lines) leftOut() []Count { return nil }
