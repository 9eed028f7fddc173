package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// outputLimit is how many bytes may wait for standard output before whoever
	// prints has to wait.
	outputLimit = 1 << 20
	// outputStep is how much is written at once: what a pipe can hold.
	outputStep = 64 << 10
	// outputPatience is how long standard output may take nothing when the
	// command is to end.
	outputPatience = 2 * time.Second
)

// output writes to standard output on a goroutine of its own: what was added is
// written at once if nothing is being written, else together with what comes
// meanwhile. One goroutine adds.
type output struct {
	out     io.Writer
	stop    func() // called when writing has failed
	news    chan struct{}
	room    chan struct{}
	ended   chan struct{} // closed when the goroutine has ended
	written atomic.Uint64 // bytes

	mu      sync.Mutex
	waiting []byte
	spare   []byte
	closing bool
	failed  error
}

func newOutput(out io.Writer, stop func()) *output {
	o := &output{
		out: out, stop: stop,
		news: make(chan struct{}, 1), room: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go o.writing()
	return o
}

// add appends what f appends to the bytes that wait, and returns the error that
// ended the writing. Where too much waits it waits too; after ctx has ended, only
// as long as something is taken.
func (o *output) add(ctx context.Context, f func([]byte) []byte) error {
	for {
		o.mu.Lock()
		if o.failed != nil {
			err := o.failed
			o.mu.Unlock()
			return err
		}
		if len(o.waiting) < outputLimit {
			o.waiting = f(o.waiting)
			o.mu.Unlock()
			signal1(o.news)
			return nil
		}
		o.mu.Unlock()
		if err := o.wait(ctx, o.room); err != nil {
			return err
		}
	}
}

// close writes what is left, as add waits.
func (o *output) close(ctx context.Context) error {
	o.mu.Lock()
	o.closing = true
	o.mu.Unlock()
	signal1(o.news)
	if err := o.wait(ctx, o.ended); err != nil {
		return err
	}
	return o.failed
}

// wait waits for a signal. Once ctx has ended it gives up when nothing was
// written for outputPatience.
func (o *output) wait(ctx context.Context, signal <-chan struct{}) error {
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
				return fmt.Errorf("standard output has taken nothing for %v, and not all was printed: read it faster", outputPatience)
			}
			timer.Reset(outputPatience)
		}
	}
}

func (o *output) writing() {
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
		o.mu.Unlock()
		signal1(o.room)
		if err != nil {
			o.stop()
			return
		}
		if closing {
			return
		}
	}
}

func (o *output) write(data []byte) error {
	for len(data) > 0 {
		n, err := o.out.Write(data[:min(len(data), outputStep)])
		o.written.Add(uint64(n))
		if err != nil {
			return outputError(err)
		}
		data = data[n:]
	}
	return nil
}

// signal1 leaves a signal, if none waits.
func signal1(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// outputError says what a failed write to standard output means; once is enough.
func outputError(err error) error {
	var told toldError
	var before closedError
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &before):
		return before
	case errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe):
		return toldError{fmt.Errorf("standard output was closed by whoever read it (%w): to leave after so many messages, use --count", bareError(err))}
	}
	return toldError{fmt.Errorf("standard output can't be written (%w): make room there, or write to another place", bareError(err))}
}

// toldError is what outputError makes.
type toldError struct{ error }

func (e toldError) Unwrap() error { return e.error }

// standardOutput is standard output whose errors say what they mean.
type standardOutput struct{ io.Writer }

func (o standardOutput) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if err != nil {
		err = outputError(err)
	}
	return n, err
}
