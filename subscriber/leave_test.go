package subscriber_test

import (
	"runtime"
	"testing"

	"crier/reliable/frame"
	"crier/subscriber"
	"crier/testnet/rig"
)

// Close returns once all publishers that wait for the subscriber are told that it leaves,
// however many there are. It also returns if the socket takes nothing.
func TestCloseTellsAllPublishers(t *testing.T) {
	for _, room := range []int{rig.All, 7, 0} {
		n := rig.NewNetwork(rig.All)
		n.Keep = true
		sub := n.Subscriber(t, subscriber.Config{})
		const publishers = 40
		var enc frame.Encoder
		for id := range uint64(publishers) {
			n.Into(0) <- enc.Append(nil, &frame.Frame{
				Kind: frame.Heartbeat, Session: id + 1, Time: 1 << 60,
				NextSeq: 5, NextOffset: 5, OldestSeq: 5, OldestOffset: 5,
				Interval: 1e9, Group: 1, Report: 16,
			})
		}
		for len(sub.Sessions()) < publishers { // the last one may be under way
			runtime.Gosched()
		}
		n.Give(room)
		if err := sub.Close(); err != nil {
			t.Fatal(err)
		}
		told := map[uint64]int{}
		farewells := 0
		for _, d := range n.Sent() {
			var dec frame.Decoder
			var f frame.Frame
			if err := dec.Decode(d, &f); err != nil {
				t.Fatal(err)
			}
			if f.Flags&frame.Leaving != 0 {
				told[f.Session]++
				farewells++
			}
		}
		if room == rig.All && (len(told) != publishers || farewells < 2*publishers) ||
			room >= 0 && farewells > room {
			t.Errorf("with room for %d datagrams: %d of %d publishers were told, by %d frames",
				room, len(told), publishers, farewells)
		}
	}
}
