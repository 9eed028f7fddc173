package subscriber_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/impair"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// Over sockets that lose 5 %, all messages come in order and with their times, in each way
// to wait, with offload or without.
func TestWays(t *testing.T) {
	for _, noOffload := range []bool{false, true} {
		for _, wait := range []multicast.Wait{
			multicast.WaitBlock, multicast.WaitAdaptive, multicast.WaitSpin,
		} {
			t.Run(fmt.Sprintf("%v/offload=%v", wait, !noOffload),
				func(t *testing.T) { testWay(t, wait, noOffload) })
		}
	}
}

func testWay(t *testing.T, wait multicast.Wait, noOffload bool) {
	const count = 5_000
	net, err := impair.Wrap(multicast.Kernel, link.Config{Loss: link.Bernoulli{P: 0.05}}, 7)
	if err != nil {
		t.Fatal(err)
	}
	g := group()
	began := time.Now()
	next, unknown := 0, 0
	all, done := make(chan struct{}), make(chan struct{})
	sub, err := subscriber.New(subscriber.Config{
		Groups: []netip.AddrPort{g}, Logger: rig.Quiet,
		Link: subscriber.Link{Network: net, Wait: wait, NoOffload: noOffload},
		Handler: func(ev *subscriber.Event) {
			switch ev.Kind {
			case subscriber.Message:
				if ev.Offset != uint64(next) || string(ev.Payload) != text(next) {
					t.Errorf("offset %d came instead of %d, or with another payload",
						ev.Offset, next)
				}
				if next++; next == count {
					close(all)
				}
				if ev.Arrived.IsZero() {
					unknown++
				} else if ev.Arrived.Before(began) ||
					ev.Arrived.After(ev.Received.Add(time.Millisecond)) {
					t.Errorf("offset %d arrived at %v, and was received at %v",
						ev.Offset, ev.Arrived, ev.Received)
				}
			case subscriber.Loss:
				t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
			case subscriber.SessionEnded:
				close(done)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := publisher.New(publisher.Config{
		Group: g, Logger: rig.Quiet, Repair: publisher.Repair{Linger: 300 * time.Millisecond},
		Link: publisher.Link{Wait: wait, NoOffload: noOffload},
	})
	if err != nil {
		t.Fatal(err)
	}
	var batch [][]byte
	for i := 0; i < count; i += len(batch) {
		batch = batch[:0]
		for j := range min(1+i%7, count-i) {
			batch = append(batch, []byte(text(i+j)))
		}
		if first, err := p.PublishBatch(t.Context(), batch); err != nil || first != uint64(i) {
			t.Fatalf("PublishBatch returned %d, %v, want %d", first, err, i)
		}
	}
	late := time.After(time.Minute) // the machine may be busy
	for _, step := range []chan struct{}{all, done} {
		if step == done {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		select {
		case <-step:
		case <-late:
			t.Fatalf("%d of %d messages came: %+v", next, count, sub.Sessions())
		}
	}
	socket, stats := sub.Stats().Groups[0], p.Stats()
	if err := sub.Close(); err != nil {
		t.Error(err)
	}
	if next != count {
		t.Errorf("%d of %d messages came", next, count)
	}
	if noOffload &&
		(socket.Reads < socket.Received/8 || stats.Socket.Writes < stats.Socket.Sent/128) {
		t.Errorf("without offload %d reads brought %d datagrams, %d writes sent %d",
			socket.Reads, socket.Received, stats.Socket.Writes, stats.Socket.Sent)
	}
	if unknown > 0 && unknown < count { // on some systems, none is known
		t.Errorf("the arrival of %d messages is unknown", unknown)
	}
}
