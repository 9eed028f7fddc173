package cli

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// outputLimit is how many bytes may wait for standard output before Add blocks.
	outputLimit = 1 << 20
	// outputStep is the size of a write: the capacity of a pipe.
	outputStep = 64 << 10
	// outputPatience is how long a command that ends waits for standard output while it
	// accepts nothing.
	outputPatience = 2 * time.Second
)

// Output writes to standard output on a goroutine of its own. Bytes that are added during a
// write go out together with the next one. One goroutine may add.
type Output struct {
	out     io.Writer
	stop    func() // called when writing has failed
	added   uint64 // bytes; of the goroutine that adds
	news    chan struct{}
	room    chan struct{}
	ended   chan struct{} // closed when the goroutine has ended
	written atomic.Uint64 // bytes

	mu      sync.Mutex
	wrote   func(written uint64)
	waiting []byte
	spare   []byte
	closing bool
	failed  error
}

// NewOutput starts to write to out; stop is called if that fails.
func NewOutput(out io.Writer, stop func()) *Output {
	o := &Output{
		out: out, stop: stop,
		news: make(chan struct{}, 1), room: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go o.writing()
	return o
}

// Add calls f to append to the waiting bytes, and returns the error that ended the writing.
// Add blocks while too much waits; once ctx has ended, only as long as writes make progress.
func (o *Output) Add(ctx context.Context, f func([]byte) []byte) error {
	for {
		o.mu.Lock()
		if o.failed != nil {
			err := o.failed
			o.mu.Unlock()
			return err
		}
		if len(o.waiting) < outputLimit {
			before := len(o.waiting)
			o.waiting = f(o.waiting)
			o.added += uint64(len(o.waiting) - before)
			o.mu.Unlock()
			notify(o.news)
			return nil
		}
		o.mu.Unlock()
		if err := o.wait(ctx, o.room); err != nil {
			return err
		}
	}
}

// Added returns how many bytes were added. Only the goroutine that adds may call it.
func (o *Output) Added() uint64 { return o.added }

// Watch has f called with the number of bytes written, after each write.
func (o *Output) Watch(f func(written uint64)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wrote = f
}

// Close writes the rest. It blocks as Add does.
func (o *Output) Close(ctx context.Context) error {
	o.mu.Lock()
	o.closing = true
	o.mu.Unlock()
	notify(o.news)
	if err := o.wait(ctx, o.ended); err != nil {
		return err
	}
	return o.failed
}

// wait waits for a signal. Once ctx has ended, it gives up after outputPatience without
// progress.
func (o *Output) wait(ctx context.Context, signal <-chan struct{}) error {
	select {
	case <-signal:
		return nil
	case <-ctx.Done():
	}
	timer := time.NewTimer(outputPatience)
	defer timer.Stop()
	for {
		before := o.written.Load()
		select {
		case <-signal:
			return nil
		case <-timer.C:
			if o.written.Load() == before {
				return fmt.Errorf("standard output has taken nothing for %v, and not all was "+
					"printed: read it faster", outputPatience)
			}
			timer.Reset(outputPatience)
		}
	}
}

func (o *Output) writing() {
	defer close(o.ended)
	for range o.news {
		o.mu.Lock()
		data, closing := o.waiting, o.closing
		o.waiting, o.spare = o.spare[:0], nil
		o.mu.Unlock()
		err := o.write(data)
		o.mu.Lock()
		if cap(data) <= 2*outputLimit {
			o.spare = data
		}
		o.failed = err
		wrote := o.wrote
		o.mu.Unlock()
		if wrote != nil && err == nil {
			wrote(o.written.Load())
		}
		notify(o.room)
		if err != nil {
			o.stop()
			return
		}
		if closing {
			return
		}
	}
}

func (o *Output) write(data []byte) error {
	for len(data) > 0 {
		n, err := o.out.Write(data[:min(len(data), outputStep)])
		o.written.Add(uint64(n))
		if err != nil {
			return OutputError(err)
		}
		data = data[n:]
	}
	return nil
}

// notify sends a signal unless one waits.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
