package subscriber_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
)

// Once warm, a publisher and a subscriber over the machine's own sockets allocate nothing
// for a message, whether it comes alone or in a batch, with offload or without.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, noOffload := range []bool{false, true} {
		for _, batch := range []int{1, 50} {
			t.Run(fmt.Sprintf("batch=%d/offload=%v", batch, !noOffload),
				func(t *testing.T) { testSteady(t, batch, noOffload) })
		}
	}
}

func testSteady(t *testing.T, batch int, noOffload bool) {
	g := group()
	// The messages under way fit in the smallest buffer, so that none is lost.
	const window = 50
	passed := make(chan struct{}, 2)
	n := 0
	sub, err := subscriber.New(subscriber.Config{
		Groups: []netip.AddrPort{g}, Start: subscriber.Oldest, Logger: rig.Quiet,
		Link:    subscriber.Link{NoOffload: noOffload},
		History: 256 << 10, // which is full before the count begins
		Handler: func(ev *subscriber.Event) {
			if ev.Kind == subscriber.Loss {
				t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
			}
			if ev.Kind == subscriber.Message {
				if n++; n%window == 0 {
					passed <- struct{}{}
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := publisher.New(publisher.Config{
		Group: g, Logger: rig.Quiet, Link: publisher.Link{NoOffload: noOffload},
		Repair: publisher.Repair{Linger: 100 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, late := t.Context(), time.NewTimer(time.Minute)
	payload := make([]byte, 64)
	payloads := make([][]byte, batch)
	for i := range payloads {
		payloads[i] = payload
	}
	send := func(messages int) {
		for i := 0; i < messages; i += window {
			for j := 0; j < window; j += batch {
				if batch == 1 {
					_, err = p.Publish(ctx, payload)
				} else {
					_, err = p.PublishBatch(ctx, payloads)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			select {
			case <-passed:
			case <-late.C:
				t.Fatalf("no further message came: %+v", sub.Sessions())
			}
		}
	}
	count := 100_000
	if testing.Short() {
		count = 20_000
	}
	send(10_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	send(count)
	runtime.ReadMemStats(&after)
	// Go's scheduler allocates a thread or a list entry now and then.
	if got := after.Mallocs - before.Mallocs; got > 100 {
		t.Errorf("%d allocations for %d messages", got, count)
	} else {
		t.Logf("%d allocations for %d messages", got, count)
	}
	if err := sub.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
