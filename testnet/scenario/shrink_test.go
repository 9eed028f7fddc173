package scenario

import (
	"context"
	"errors"
	"testing"

	"crier/reliable"
	"crier/testnet/world"
)

// A subscriber's machine that swallows a recovered message now and then breaks the
// promise. Out of a large scenario the shrinker makes one in which only what it takes
// is left, and that breaks it again.
func TestShrink(t *testing.T) {
	s := parse(t, `story: a crowd, of which one is broken
duration: 8s
publishers:
  - name: feed
    rate: 500/s
    size: 64B..2KiB
    resend-buffer: 4MiB
    batch-wait: 1ms
  - name: other
    rate: 100/s
segments:
  - name: port
    link: {delay: 10us, rate: 1Gbit, queue: 256KiB}
subscribers:
  - name: lan
    count: 20
    segment: port
    down: {delay: 100us..200us, loss: 2%, duplicate: 1%/1ms}
    up: {delay: 100us}
  - name: far
    count: 3
    down: {delay: 5ms..7ms, burst: 3%/8}
    up: {delay: 5ms, loss: 2%}
    buffer: 1MiB
events:
  - {at: 1s, do: pause, who: feed, for: 300ms}
  - {at: 3s, do: partition, who: far, for: 500ms}
  - {at: 5s, every: 100ms, times: 8, do: burst, who: other, messages: 50}
`)
	opts := Options{Seed: 3, Adjust: func(c *world.SubscriberConfig) {
		c.Tamper(func(ev *reliable.Event) bool {
			return ev.Kind == reliable.Message && ev.Recovered && ev.Offset%5 == 0
		})
	}}
	broken := func(c *Scenario) bool {
		r, err := New(c, opts)
		if err != nil {
			return false
		}
		if err := r.Start(); err != nil {
			t.Fatal(err)
		}
		var b *BrokenError
		err = r.Play(context.Background(), nil)
		if err != nil && !errors.As(err, &b) {
			t.Fatal(err)
		}
		return b != nil
	}
	if !broken(s) {
		t.Fatal("the tampered machine keeps the promise")
	}
	runs := 0
	small := Shrink(s, 400, func(c *Scenario) bool { runs++; return broken(c) })
	t.Logf("%d runs: %d bytes became %d:\n%s", runs, len(s.Text()), len(small.Text()), small.Text())
	if !broken(parse(t, small.Text())) {
		t.Error("the smaller scenario, written and read again, keeps the promise")
	}
	if len(small.Publishers) != 1 || small.subscribers() != 1 || len(small.Segments) != 0 ||
		small.Duration.d() > s.Duration.d()/2 {
		t.Error("there is more in it than it takes")
	}
}
