package feed

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// A reader that hands over what it has, and can be left while it waits.
func TestLiveReader(t *testing.T) {
	in, feed := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	r := newLiveReader(in, ctx.Done())
	go feed.Write([]byte("hello"))
	b := make([]byte, 3)
	for _, want := range []string{"hel", "lo"} {
		if n, err := r.Read(b); string(b[:n]) != want || err != nil {
			t.Errorf("%q, %v", b[:n], err)
		}
	}
	cancel()
	if n, err := r.Read(b); n != 0 || !errors.Is(err, errInterrupted) {
		t.Error(n, err)
	}
	all, err := io.ReadAll(newLiveReader(strings.NewReader(strings.Repeat("x",
		3*sourceBuffer+1)), nil))
	if len(all) != 3*sourceBuffer+1 || err != nil {
		t.Error(len(all), err)
	}
}
