package repair

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
	"crier/reliable/store"
)

// A service has streams of so many sessions, asked for by one address, and asks for others' sake.
func TestServiceSharesItsPlaces(t *testing.T) {
	kept := store.NewHistories(4 << 20)
	s := NewService(ServiceConfig{Responder: 7, Datagram: 1472, Marks: 100, Rate: 1 << 20})
	ask := func(now reliable.Time, session uint64, from netip.AddrPort) bool {
		key := journal.Key{Session: session}
		kept.Keep(session, 0, rig.Data(t, session, 0))
		f := rig.Made(t, frame.Frame{Kind: frame.Nack, Session: session, Subscriber: 5, Request: 1,
			Ranges: []nack.Range{{From: 0, To: 1}}})
		if !s.Handle(now, from, f) {
			if !s.Begin(now, from.Addr(), key, kept.History(session, 0)) {
				return false
			}
			s.Handle(now, from, f)
		}
		return true
	}
	repairs := func(now reliable.Time) (n int) {
		for b, of, ok := s.Next(now); ok; b, of, ok = s.Next(now) {
			if _, _, again := s.Next(now); again {
				t.Error("two batches at once")
			}
			f := rig.Decoded(t, b.Datagram(0))
			if f.Session != of.Session || f.Responder != 7 {
				t.Errorf("%v for %v", f, of)
			}
			n += b.Datagrams()
			s.Sent(b)
		}
		return n
	}
	for session := uint64(1); session <= MaxServed; session++ {
		if !ask(1, session, rig.SubscriberAddr) {
			t.Fatalf("session %d isn't served", session)
		}
	}
	if n := repairs(1); n != MaxServed || s.Deadline(1) != reliable.Never {
		t.Errorf("%d repairs", n)
	}
	if ask(2, 100, rig.SubscriberAddr) {
		t.Error("one address got more places than there are")
	}
	now := reliable.Time(10 * time.Millisecond)
	if !ask(now, 101, rig.Elsewhere[0]) || len(s.list) != MaxServed {
		t.Errorf("another address got none of %d", len(s.list))
	}
	if !ask(now.Add(2*time.Second), 100, rig.SubscriberAddr) {
		t.Error("one that rests made no room")
	}
	if st := s.Stats(); st.Repairs != MaxServed {
		t.Errorf("%+v", st)
	}
	if n := repairs(now.Add(2 * time.Second)); n != 2 {
		t.Errorf("%d repairs", n)
	}
	s.Advance(now.Add(time.Minute))
	if len(s.list) != 0 {
		t.Errorf("%d are still served", len(s.list))
	}
}

// All streams keep one rate.
func TestServiceKeepsItsRate(t *testing.T) {
	kept := store.NewHistories(8 << 20)
	s := NewService(ServiceConfig{Responder: 7, Datagram: 1472, Marks: 1000, Rate: 1 << 20,
		Recent: true})
	for session := uint64(1); session <= 2; session++ {
		for seq := range uint64(1000) {
			f := rig.Data(t, session, seq)
			f.Raw = append(f.Raw[:len(f.Raw):len(f.Raw)], make([]byte, 1200)...)
			kept.Keep(session, 0, f)
		}
		key := journal.Key{Session: session}
		s.Begin(0, rig.SubscriberAddr.Addr(), key, kept.History(session, 0))
		s.Handle(0, rig.SubscriberAddr, rig.Made(t, frame.Frame{Kind: frame.Nack, Session: session,
			Subscriber: 5, Request: 1, Ranges: []nack.Range{{From: 0, To: 1000}}}))
	}
	sent := 0
	for now := reliable.Time(0); now < reliable.Time(time.Second); now += 1e6 {
		s.Advance(now)
		for b, _, ok := s.Next(now); ok; b, _, ok = s.Next(now) {
			sent += len(b.Data)
			s.Sent(b)
		}
	}
	if sent < 1<<20 || sent > 1<<20+2*minBurst {
		t.Errorf("%d bytes in a second", sent)
	}
}
