package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// lineReader takes lines off a source.
type lineReader struct {
	src  *feedSource
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
		return nil, l.src.errorf("line %d is longer than %v, the largest message: if these are no lines, choose another --format", l.n, size(feedMaxMessage))
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

// linesFeed has a message in each line. An empty line is an empty message.
type linesFeed struct {
	lines lineReader
}

func newLinesFeed(src *feedSource) *linesFeed {
	return &linesFeed{lineReader{src: src, max: feedMaxMessage}}
}

func (f *linesFeed) next() (record, error) {
	line, err := f.lines.next()
	if err != nil {
		return record{}, err
	}
	return record{at: -1, payload: line}, nil
}

func (f *linesFeed) where() string      { return fmt.Sprintf("line %d", f.lines.n) }
func (f *linesFeed) warnings() []string { return nil }
func (f *linesFeed) Close() error       { return f.lines.src.Close() }
