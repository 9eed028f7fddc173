package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

const fuzzMemory = 256 << 10

// A space is a sequence space: a session's partition.
type space struct {
	session   reliable.SessionID
	partition uint32
}

// An account counts the messages of each space that were delivered or told to be lost.
type account map[space]uint64

func (a account) add(events []reliable.Run) {
	for _, ev := range events {
		switch at := (space{ev.Session, ev.Partition}); ev.Kind {
		case reliable.Message:
			a[at]++
		case reliable.Loss:
			a[at] += ev.Lost.Len()
		}
	}
}

// check holds a Receiver, which is closed, to the promise's sum.
func (a account) check(t *testing.T, r *Receiver) {
	for _, s := range r.Sessions() {
		n := a[space{s.ID, s.Partition}]
		if s.Delivered+s.Lost != s.NextOffset-s.FirstOffset || s.Delivered+s.Lost != n {
			t.Fatalf("the sum is wrong: %+v; accounted for %d", s, n)
		}
	}
}

// FuzzReceiver: whatever comes, a Receiver neither panics nor hangs, holds no
// more than its bound, and keeps the promise's sum.
func FuzzReceiver(f *testing.F) {
	f.Add([]byte{}, uint8(0), uint16(0))
	for options := range uint8(64) {
		f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"),
			options, uint16(options)*uint16(options))
	}
	f.Fuzz(func(t *testing.T, data []byte, options uint8, wait uint16) {
		cfg := Config{ID: 7, Memory: Memory{Buffer: 64 << 10, Total: fuzzMemory, MaxSessions: 8}}
		if options&1 != 0 {
			cfg.Order = reliable.OnArrival
		}
		if options&2 != 0 {
			cfg.Start = reliable.Oldest
		}
		cfg.Recovery.Off = options&4 != 0
		if options&8 != 0 {
			cfg.Recovery.MaxWait = time.Duration(wait) * 10 * time.Microsecond
		}
		if options&16 != 0 { // how old a session says it is decides whether all of it counts
			cfg.Joined = reliable.Time(wait) * 100
		}
		if options&32 != 0 {
			cfg.Inquest, cfg.Keeper = true, &soul{kept: make(map[uint64]map[uint64][]byte)}
		}
		r, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		g := &rig.Forger{Data: data, Session: 0x1000, Near: 100}
		from := netip.MustParseAddrPort("10.77.0.1:5000")
		now := cfg.Joined
		var events [8]reliable.Run
		accounted := make(account)
		poll := func() {
			for {
				n := r.Poll(events[:])
				accounted.add(events[:n])
				if n < len(events) {
					return
				}
			}
		}
		for len(g.Data) > 0 {
			ticks := time.Duration(g.Byte()) * time.Duration(g.Byte())
			now = now.Add(ticks * 100 * time.Microsecond)
			if f := g.Next(); f != nil {
				if options&64 != 0 && f.Kind == frame.Digest {
					r.Handle(now, rig.Elsewhere[0], f)
				} else {
					r.Handle(now, from, f)
				}
			}
			if g.Byte()%4 != 0 {
				poll()
			} else {
				r.Keep()
			}
			r.Advance(now)
			for i := 0; ; i++ {
				b, ok := r.Next(now)
				if !ok {
					break
				}
				if len(b.Data) > reliable.DefaultDatagram || i > 10000 {
					t.Fatalf("datagram %d of %d bytes", i, len(b.Data))
				}
				r.Sent(b)
			}
			if m := r.Stats().Memory; m > fuzzMemory+8*frame.MaxDatagram {
				t.Fatalf("%d bytes are held", m)
			}
			if d := r.Deadline(); d <= now {
				r.Advance(now)
				for b, ok := r.Next(now); ok; b, ok = r.Next(now) {
					r.Sent(b)
				}
				if d := r.Deadline(); d <= now {
					t.Fatalf("the deadline %v doesn't move beyond %v", d, now)
				}
			}
		}
		r.Close(now)
		poll()
		accounted.check(t, r)
	})
}
