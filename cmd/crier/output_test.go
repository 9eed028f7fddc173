package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Everything that is added is written, in order, also by a writer that is slower.
func TestOutput(t *testing.T) {
	var got bytes.Buffer
	var want []byte
	o := newOutput(&got, func() { t.Error("stopped") })
	for i := range 100000 {
		line := fmt.Appendf(nil, "line %d of some length, so that it takes several writes\n", i)
		want = append(want, line...)
		if err := o.add(context.Background(), func(b []byte) []byte { return append(b, line...) }); err != nil {
			t.Fatal(err)
		}
		o.mu.Lock()
		if cap(o.waiting) > 2*outputLimit {
			t.Fatalf("%d bytes wait", cap(o.waiting))
		}
		o.mu.Unlock()
	}
	if err := o.close(context.Background()); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%v; %d bytes of %d", err, got.Len(), len(want))
	}
}

// A reader that takes nothing holds up whoever prints, but not the end.
func TestOutputStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer r.Close()
		ctx, cancel := context.WithCancel(context.Background())
		o := newOutput(w, func() {})
		for {
			full := false
			add := func(b []byte) []byte { full = len(b) >= outputLimit-1000; return append(b, make([]byte, 1000)...) }
			if err := o.add(ctx, add); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // until the writer holds what it is stuck with
			if full {
				break
			}
		}
		added := make(chan error, 1)
		go func() { added <- o.add(ctx, func(b []byte) []byte { return b }) }()
		synctest.Wait()
		select {
		case err := <-added:
			t.Fatalf("it didn't wait: %v", err)
		default:
		}
		cancel()
		if err := <-added; err == nil || !strings.Contains(err.Error(), "taken nothing for 2s") {
			t.Error(err)
		}
		if err := o.close(ctx); err == nil || !strings.Contains(err.Error(), "read it faster") {
			t.Error(err)
		}
		r.Close()
		<-o.ended
	})
}

// A reader that is slow, but reads, is waited for at the end.
func TestOutputSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		o := newOutput(w, func() {})
		if err := o.add(ctx, func(b []byte) []byte { return append(b, make([]byte, outputLimit)...) }); err != nil {
			t.Fatal(err)
		}
		n := make(chan int64)
		go func() {
			var total int64
			for {
				time.Sleep(time.Second) // of the bubble's time
				k, err := r.Read(make([]byte, outputStep))
				total += int64(k)
				if err != nil {
					n <- total
					return
				}
			}
		}()
		if err := o.close(ctx); err != nil {
			t.Error(err)
		}
		w.Close()
		if got := <-n; got != outputLimit {
			t.Errorf("%d bytes came", got)
		}
	})
}

// Whoever reads standard output may leave: the command says so, and ends.
func TestClosedOutput(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	sub := newTool(t, on(group, "sub", "--summary", "-"))
	sub.runIn(nil, w)
	sub.listening()
	r.Close()
	start(t, strings.NewReader("1\n2\n"), on(group, "pub", "--from", "-")...)
	if sub.wait(exitError); !strings.Contains(sub.err.String(), "crier sub: standard output was closed by whoever read it (broken pipe): to leave after so many messages, use --count") {
		t.Error(sub.err)
	}
	w.Close()
}

// The same in a process, which a signal would end without a word.
func TestClosedOutputProcess(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	sub := newTool(t, on(group, "sub"))
	sub.process(nil, w)
	w.Close()
	sub.listening()
	r.Close()
	start(t, strings.NewReader("1\n2\n"), on(group, "pub", "--from", "-")...)
	if sub.wait(exitError); !strings.Contains(sub.err.String(), "standard output was closed by whoever read it (broken pipe)") {
		t.Error(sub.err)
	}
}

func TestOutputError(t *testing.T) {
	if err := outputError(io.ErrClosedPipe); !strings.Contains(err.Error(), "closed by whoever read it") {
		t.Error(err)
	}
	if err := outputError(errors.New("the printer is on fire")); !strings.Contains(err.Error(), "on fire") {
		t.Error(err)
	}
}
