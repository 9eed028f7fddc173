package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Everything that is added is written, in order, also by a writer that is slower.
func TestOutput(t *testing.T) {
	var got bytes.Buffer
	var want []byte
	o := NewOutput(&got, func() { t.Error("stopped") })
	for i := range 100000 {
		line := fmt.Appendf(nil, "line %d of some length, so that it takes several writes\n", i)
		want = append(want, line...)
		if err := o.Add(context.Background(),
			func(b []byte) []byte { return append(b, line...) }); err != nil {
			t.Fatal(err)
		}
		o.mu.Lock()
		if cap(o.waiting) > 2*outputLimit {
			t.Fatalf("%d bytes wait", cap(o.waiting))
		}
		o.mu.Unlock()
	}
	if err := o.Close(context.Background()); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%v; %d bytes of %d", err, got.Len(), len(want))
	}
}

// A reader that takes nothing blocks printing, but not the end of the process.
func TestOutputStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer r.Close()
		ctx, cancel := context.WithCancel(context.Background())
		o := NewOutput(w, func() {})
		for {
			full := false
			add := func(
				b []byte) []byte {
				full = len(b) >= outputLimit-1000
				return append(b, make([]byte, 1000)...)
			}
			if err := o.Add(ctx, add); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // until the writer holds what it is stuck with
			if full {
				break
			}
		}
		added := make(chan error, 1)
		go func() { added <- o.Add(ctx, func(b []byte) []byte { return b }) }()
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
		if err := o.Close(ctx); err == nil || !strings.Contains(err.Error(), "read it faster") {
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
		o := NewOutput(w, func() {})
		if err := o.Add(ctx,
			func(b []byte) []byte { return append(b, make([]byte, outputLimit)...) }); err != nil {
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
		if err := o.Close(ctx); err != nil {
			t.Error(err)
		}
		w.Close()
		if got := <-n; got != outputLimit {
			t.Errorf("%d bytes came", got)
		}
	})
}
