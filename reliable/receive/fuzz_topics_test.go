package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/topic"
)

// FuzzTopics: whatever comes of a topic, from whomever, by several groups and feeds, a Receiver
// neither panics nor hangs, joins no group but those of the topic, keeps its bounds and the
// promise's sum, and sends nothing to an address that nothing came from.
func FuzzTopics(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	for options := range uint8(32) {
		f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyzABCDEF"+
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789012345678901234567890123456789"), options)
	}
	base := netip.MustParseAddrPort("239.192.7.1:7000")
	f.Fuzz(func(t *testing.T, data []byte, options uint8) {
		of := Topic{Name: "orders"}
		if options&1 != 0 {
			of.Base = base
		}
		if options&2 != 0 {
			of.Partitions = []uint32{1, 3}
		}
		cfg := Config{ID: 7, Memory: Memory{Buffer: 64 << 10, Total: fuzzMemory, MaxSessions: 8},
			Feeds: 1 + int(options>>2)%4, Topics: []Topic{of}}
		if options&16 != 0 {
			cfg.Start, cfg.Order = reliable.Oldest, reliable.OnArrival
		}
		r, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		known := map[netip.AddrPort]bool{}
		for i := range topic.MaxGroups + 1 {
			l := topic.Layout{Partitions: topic.MaxPartitions, Groups: topic.MaxGroups, Base: of.Base}
			if known[topic.Home(of.Name, of.Base)] = true; i < topic.MaxGroups {
				known[l.Group(of.Name, uint32(i))] = true
			}
		}
		g := &rig.Forger{Data: data, Session: 0x1000, Near: 100, Channels: 5, Topic: of.Name,
			Base: base}
		from := []netip.AddrPort{rig.PublisherAddr, rigFeed[1], rig.Elsewhere[0], rig.Elsewhere[1]}
		now, spoke := cfg.Joined, map[netip.AddrPort]bool{}
		var events [8]reliable.Run
		accounted := make(account)
		poll := func() {
			for n := r.Poll(events[:]); n > 0; n = r.Poll(events[:]) {
				accounted.add(events[:n])
			}
		}
		send := func() {
			for i := 0; ; i++ {
				b, ok := r.Next(now)
				if !ok {
					return
				}
				if to := b.To; to.IsValid() && !spoke[to] && !known[to] || i > 10000 {
					t.Fatalf("datagram %d goes to %v", i, to)
				}
				r.Sent(b)
			}
		}
		for len(g.Data) > 0 {
			ticks := time.Duration(g.Byte()) * time.Duration(g.Byte())
			now = now.Add(ticks * 100 * time.Microsecond)
			if f := g.Next(); f != nil {
				a := from[g.Byte()%4]
				spoke[a], f.Feed, f.GroupIndex = true, int(g.Byte()%6), int(g.Byte()%8)
				if !r.Copied(now, a, f.Feed, f.Raw) {
					r.Handle(now, a, f)
				}
			}
			if g.Byte()%4 != 0 {
				poll()
			} else {
				r.Keep()
			}
			r.Advance(now)
			send()
			if m := r.Stats().Memory; m > fuzzMemory+8*frame.MaxDatagram {
				t.Fatalf("%d bytes are held", m)
			}
			if _, list := r.Memberships(); len(list) > 2*len(known) {
				t.Fatalf("%d groups", len(list))
			}
			if r.Deadline() <= now {
				r.Advance(now)
				send()
				if d := r.Deadline(); d <= now {
					t.Fatalf("the deadline %v doesn't move beyond %v", d, now)
				}
			}
		}
		_, list := r.Memberships()
		for _, group := range list {
			if group.IsValid() && !known[group] {
				t.Fatalf("%v is joined", group)
			}
		}
		r.Close(now)
		poll()
		accounted.check(t, r)
	})
}
