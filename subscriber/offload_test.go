package subscriber_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
)

// A network card that silently damages the segments of large writes is detected over real
// sockets. No message is lost, the log names the cause once, and no further datagram is
// damaged.
func TestDamagingOffload(t *testing.T) {
	free, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback interface: %v", err)
	}
	port := free.LocalAddr().(*net.UDPAddr).AddrPort().Port() // unused, and so is the group
	free.Close()
	group := netip.AddrPortFrom(netip.MustParseAddr("239.77.9.61"), port)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // the machine may be busy
	defer cancel()

	sub, err := subscriber.New(subscriber.Config{
		Groups: []netip.AddrPort{group}, Interface: "127.0.0.1", Logger: rig.Quiet,
	})
	if err != nil {
		t.Skipf("no multicast on the loopback interface: %v", err)
	}
	defer sub.Close()
	network := &rig.Damaging{Network: multicast.Kernel}
	var log bytes.Buffer // only read after the publisher is closed
	pub, err := publisher.New(publisher.Config{
		Group: group, Interface: "127.0.0.1", Link: publisher.Link{Network: network},
		Retention: publisher.Retention{ResendBuffer: 4 << 20},
		Flow:      publisher.Flow{Pace: publisher.Slowest(), WaitFor: 1},
		Logger:    slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	// The messages are 20 times the resend buffer, in batches that fill datagrams.
	const rounds, each = 300, 200
	go func() {
		batch := make([][]byte, each)
		for i := range rounds {
			for j := range batch {
				batch[j] = fmt.Appendf(nil, "%01340d", i*each+j)
			}
			if _, err := pub.PublishBatch(ctx, batch); err != nil {
				return
			}
		}
	}()
	next := 0
	for ev := range sub.Messages(ctx) {
		if ev.Kind == subscriber.Loss {
			t.Fatalf("lost: %v", ev)
		}
		if ev.Kind != subscriber.Message {
			continue
		}
		if want := fmt.Sprintf("%01340d", next); string(ev.Payload) != want {
			t.Fatalf("message %d is %q", next, ev.Payload)
		}
		if next++; next == rounds*each {
			break
		}
	}
	st := pub.Stats()
	damaged := network.Damaged.Load()
	if next != rounds*each || !st.OffloadOff || damaged == 0 || damaged > int64(st.Datagrams)/10 {
		t.Errorf("%d messages came; %d of %d datagrams were damaged: %+v",
			next, damaged, st.Datagrams, st)
	}
	cancel()
	pub.Shutdown(ctx)
	if n := strings.Count(log.String(), "tx-udp-segmentation off"); n != 1 {
		t.Errorf("the log names the cause %d times:\n%s", n, log.String())
	}
}
