package feed

import (
	"errors"
	"io"
	"os"
)

// errInterrupted ends a wait for more of a feed.
var errInterrupted = errors.New("interrupted")

// liveReader reads a file that may block for ever, such as a pipe or a terminal, on a
// goroutine of its own, one buffer ahead, so that a wait for it can be ended.
// Nothing interrupts the read itself: its goroutine ends when that returns. It
// is used by one goroutine.
type liveReader struct {
	done   <-chan struct{}
	filled chan liveChunk
	empty  chan []byte
	now    liveChunk
	rest   []byte // of now, not yet taken
}

// liveChunk is the result of one read.
type liveChunk struct {
	buf []byte
	n   int
	err error
}

// newLiveReader begins to read. After done is closed, Read returns
// errInterrupted.
func newLiveReader(from io.Reader, done <-chan struct{}) *liveReader {
	r := &liveReader{done: done, filled: make(chan liveChunk), empty: make(chan []byte, 2)}
	r.empty <- make([]byte, sourceBuffer)
	r.empty <- make([]byte, sourceBuffer)
	go r.pull(from)
	return r
}

func (r *liveReader) pull(from io.Reader) {
	for {
		var c liveChunk
		select {
		case c.buf = <-r.empty:
		case <-r.done:
			return
		}
		c.n, c.err = from.Read(c.buf)
		select {
		case r.filled <- c:
		case <-r.done:
			return
		}
		if c.err != nil {
			return
		}
	}
}

func (r *liveReader) Read(p []byte) (int, error) {
	select {
	case <-r.done: // first, since more may be there
		return 0, errInterrupted
	default:
	}
	for len(r.rest) == 0 {
		if r.now.err != nil {
			return 0, r.now.err
		}
		if r.now.buf != nil {
			r.empty <- r.now.buf
			r.now.buf = nil
		}
		select {
		case r.now = <-r.filled:
			r.rest = r.now.buf[:r.now.n]
		case <-r.done:
			return 0, errInterrupted
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// openFile opens a file to read. A named pipe opens when someone opens it to
// write: that wait ends when done is closed.
func openFile(path string, done <-chan struct{}) (*os.File, error) {
	if info, err := os.Stat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 || done == nil {
		return os.Open(path)
	}
	type opened struct {
		file *os.File
		err  error
	}
	result := make(chan opened, 1)
	go func() {
		file, err := os.Open(path)
		result <- opened{file, err}
	}()
	select {
	case o := <-result:
		return o.file, o.err
	case <-done:
		return nil, errInterrupted
	}
}
