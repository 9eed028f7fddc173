package feed

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"crier/cmd/crier/cli"
)

// sourceBuffer is how much of a feed is read at once, in bytes. A message that
// fits is handed out without a copy.
const sourceBuffer = 64 << 10

// fault is an error about a feed, in a sentence that begins with its name.
type fault struct {
	name, text string
	err        error // the cause, if another package has found it
}

func (e *fault) Error() string { return e.name + ": " + e.text }
func (e *fault) Unwrap() error { return e.err }

// source reads the bytes of a feed, decompressed.
type source struct {
	name string // in messages: the path, or "standard input"
	live bool   // a pipe, a terminal or the like: data may come later
	raw  io.Reader
	file *os.File // to close; nil for standard input

	content content
	gzipped bool
	r       *bufio.Reader // the content; set by start
	view    int           // bytes of its buffer that take has shown
	buf     []byte        // the view of take, where it is larger than that buffer
}

// content reads a source's bytes after decompression. It remembers the error that ended them,
// which readers on top of it may hide, and can bound the bytes of one of their steps.
type content struct {
	r     io.Reader
	err   error // other than io.EOF
	limit int64 // bytes that may still be read; -1 is no bound
	over  bool  // the bound was hit
}

var errContentLimit = errors.New("more bytes than one step may take")

func (c *content) Read(p []byte) (int, error) {
	if c.limit == 0 {
		c.over = true
		return 0, errContentLimit
	}
	if c.limit > 0 && int64(len(p)) > c.limit {
		p = p[:c.limit]
	}
	n, err := c.r.Read(p)
	if c.limit > 0 {
		c.limit -= int64(n)
	}
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// openSource opens a path, or takes standard input for "-". Of a regular file
// nothing is read yet. Where done is not nil, closing it ends the wait for a
// pipe or a terminal.
func openSource(path string, stdin io.Reader, done <-chan struct{}) (*source, error) {
	s := &source{name: path}
	if path == "-" {
		s.name, s.live = "standard input", true
		s.takeLive(stdin, done)
		return s, nil
	}
	if path == "" {
		return nil, errors.New("--from has no file: name one, or - for standard input")
	}
	file, err := openFile(path, done)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &fault{path,
			"there is no such file: name one that exists, or - for standard input", err}
	case errors.Is(err, fs.ErrPermission):
		return nil, &fault{path,
			"this file may not be read: change its permissions, or run as its owner", err}
	case err != nil:
		return nil, &fault{path,
			fmt.Sprintf("it can't be opened (%v): name a file that can be read",
				cli.BareError(err)), err}
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, &fault{path,
			fmt.Sprintf("it can't be looked at (%v): name a file that can be read",
				cli.BareError(err)), err}
	}
	if info.IsDir() {
		file.Close()
		return nil, s.errorf("this is a directory: name a file in it")
	}
	s.raw, s.file, s.live = file, file, !info.Mode().IsRegular()
	if s.live {
		s.takeLive(file, done)
	}
	return s, nil
}

// takeLive makes the source read from a pipe, a terminal or the like.
func (s *source) takeLive(from io.Reader, done <-chan struct{}) {
	s.raw = from
	if done != nil {
		s.raw = newLiveReader(from, done)
	}
}

// start looks at the first bytes, undoes gzip, and sets r. Only a file may not
// be empty: a pipe into which nothing was written is a feed of no messages.
func (s *source) start() error {
	raw := bufio.NewReaderSize(s.raw, sourceBuffer)
	s.content = content{r: raw, limit: -1}
	first, err := raw.Peek(1)
	if err != nil && err != io.EOF {
		return s.explain(err, "the beginning")
	}
	if err == io.EOF && !s.live {
		return s.errorf("this file is empty: name one that holds messages")
	}
	// The second byte is waited for only where the first is that of gzip, so
	// that a line of one byte from a terminal is not held back.
	if err == nil && first[0] == 0x1f {
		if magic, _ := raw.Peek(2); len(magic) == 2 && magic[1] == 0x8b {
			if err := s.unzip(raw); err != nil {
				return err
			}
		}
	}
	s.r = bufio.NewReaderSize(&s.content, sourceBuffer)
	if s.gzipped {
		_, err := s.r.Peek(1)
		if err == io.EOF && !s.live {
			return s.errorf("this gzip file holds nothing: name one that holds messages")
		}
		if err != nil && err != io.EOF {
			return s.explain(err, "the beginning")
		}
	} else if !s.live || raw.Buffered() > 0 {
		s.r.Peek(1) // a copy of raw's beginning; captureKind looks at it
	}
	return nil
}

func (s *source) unzip(raw *bufio.Reader) error {
	zip, err := gzip.NewReader(raw)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	s.gzipped = true
	if err != nil {
		s.content.err = err
		return s.explain(err, "the beginning")
	}
	s.content.r = zip
	return nil
}

// take returns the next n bytes as a view that is valid until the next call, or
// those that there are and an error.
func (s *source) take(n int) ([]byte, error) {
	s.r.Discard(s.view) // always whole: it has been peeked at
	s.view = 0
	if n <= sourceBuffer {
		b, err := s.r.Peek(n)
		s.view = len(b)
		return b, err
	}
	// The length is not trusted: the buffer grows with the bytes that come.
	s.buf = s.buf[:0]
	for len(s.buf) < n {
		have := len(s.buf)
		step := min(n-have, max(sourceBuffer, have))
		s.buf = slices.Grow(s.buf, step)
		m, err := io.ReadFull(s.r, s.buf[have:have+step])
		s.buf = s.buf[:have+m]
		if err != nil {
			return s.buf, err
		}
	}
	return s.buf, nil
}

// captureKind returns "pcap" or "pcapng" if the content clearly begins like one, else "". It
// looks only at bytes that have been read.
func (s *source) captureKind() string {
	head, _ := s.r.Peek(min(12, s.r.Buffered()))
	if len(head) < 4 {
		return ""
	}
	switch binary.BigEndian.Uint32(head) {
	case 0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1:
		return "pcap"
	case 0x0a0d0d0a:
		if len(head) == 12 {
			switch binary.BigEndian.Uint32(head[8:]) {
			case 0x1a2b3c4d, 0x4d3c2b1a:
				return "pcapng"
			}
		}
	}
	return ""
}

// errorf makes an error that begins with the source's name.
func (s *source) errorf(format string, args ...any) error {
	return &fault{name: s.name, text: fmt.Sprintf(format, args...)}
}

// explain turns a read error into a sentence; where is the place that was
// being read, such as "line 7".
func (s *source) explain(err error, where string) error {
	if s.content.err != nil {
		err = s.content.err
	}
	var corrupt flate.CorruptInputError
	switch {
	case s.gzipped && errors.Is(err, io.ErrUnexpectedEOF):
		return &fault{s.name,
			fmt.Sprintf("the gzip data is cut off in %s: fetch or write the file again, whole",
				where), err}
	case s.gzipped && (errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) ||
		errors.As(err, &corrupt)):
		return &fault{s.name,
			fmt.Sprintf("the gzip data is damaged in %s (%v): fetch or write the file again",
				where, err), err}
	}
	return &fault{s.name, fmt.Sprintf("reading failed in %s (%v): check the file and its disk",
		where, cli.BareError(err)), err}
}

// position describes the place of byte n of the content.
func (s *source) position(n uint64) string {
	if s.gzipped {
		return fmt.Sprintf("byte %d (decompressed)", n)
	}
	return fmt.Sprintf("byte %d", n)
}

func (s *source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
