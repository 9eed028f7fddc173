package send

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/team"
)

// BenchmarkByMessage is a message of 1 KiB that a team of eight shares, at its publisher, with the
// frames of both sides encoded and decoded. Members report two messages in each CLAIM.
func BenchmarkByMessage(b *testing.B) {
	s, err := New(Config{Session: 0xabc, Flow: Flow{Pace: reliable.OfTeams()},
		Teams: team.Config{Settle: -1, Debounce: -1}})
	if err != nil {
		b.Fatal(err)
	}
	type worker struct {
		f    frame.Frame
		c    frame.ClaimBody
		from netip.AddrPort
		todo []nack.Range
	}
	var (
		enc     frame.Encoder
		dec     frame.Decoder
		f       frame.Frame
		buf     []byte
		now     = reliable.Time(time.Second)
		workers = make([]worker, 8)
		st      = s.Stream(0)
		message = make([]byte, 1024)
		done    uint64
	)
	send := func() {
		for batch, ok := s.Next(now); ok; batch, ok = s.Next(now) {
			if batch.To.IsValid() {
				if err := dec.Decode(batch.Data, &f); err != nil {
					b.Fatal(err)
				}
				w := &workers[f.Subscriber-1]
				w.c.Granted = max(w.c.Granted, f.Grant.Stamp)
				for _, e := range f.Grant.Entries {
					if n := len(w.todo); n == 0 || w.todo[n-1].To <= e.From {
						w.todo = append(w.todo, nack.Range{From: e.From, To: e.To})
					}
				}
			}
			s.Sent(batch)
		}
	}
	claim := func(w *worker) {
		w.c.Entries[0].Ranges = w.todo
		done += nack.Count(w.todo)
		w.f.Request++
		w.f.Claim = &w.c
		buf = enc.Append(buf[:0], &w.f)
		if err := dec.Decode(buf, &f); err != nil {
			b.Fatal(err)
		}
		s.Handle(now, w.from, &f)
		w.todo = w.todo[:0]
	}
	for i := range workers {
		w := &workers[i]
		w.from = netip.AddrPortFrom(rig.SubscriberAddr.Addr(), uint16(9000+i))
		w.f = frame.Frame{Kind: frame.Claim, Session: 0xabc, Subscriber: uint64(i + 1),
			Name: []byte{'a' + byte(i)}}
		w.c = frame.ClaimBody{Team: []byte("risk"), Share: frame.ByMessage, Weight: 1, Room: 8,
			Entries: make([]frame.ClaimEntry, 1)}
		for range 2 {
			claim(w)
			send()
		}
	}
	b.ReportAllocs()
	b.SetBytes(1024)
	n := 0
	for ; b.Loop(); n++ {
		now = now.Add(6 * time.Microsecond)
		if _, err := st.Publish(now, message); err != nil {
			b.Fatal(err)
		}
		send()
		if n%2 == 1 {
			claim(&workers[n/2%8])
			send()
		}
		if now >= s.Deadline(now) {
			s.Advance(now)
			s.Teams().Poll(make([]reliable.TeamEvent, 0))
		}
	}
	if int(done) < n-100 {
		b.Fatalf("%d of %d are done", done, n)
	}
}
