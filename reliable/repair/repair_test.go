package repair

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rate"
	"crier/reliable/rig"
	"crier/reliable/store"
)

// shelf is a store of 100 frames, of which the lowest must be read first.
type shelf struct {
	store.Store
	// frames below must be read first
	stored uint64
	// those from here on are being sent
	sent uint64
	read nack.Range
}

func (s *shelf) Held() nack.Range { return s.Store.Held().Clip(0, s.sent) }

func (s *shelf) InMemory() uint64 { return s.stored }

func (s *shelf) Look(seq uint64) store.State {
	if at := s.Store.Look(seq); at == store.Absent || seq >= s.stored {
		return at
	}
	return store.Stored
}

func (s *shelf) Frame(seq uint64) []byte {
	if s.Look(seq) != store.InMemory {
		return nil
	}
	return s.Store.Frame(seq)
}

func (s *shelf) Read(frames nack.Range) { s.read = frames }

// newRepairer returns a Repairer over 100 frames but for one, with five more being sent, of
// which those below stored
// must be read first.
func newRepairer(t *testing.T, cfg Config, stored uint64) (*Repairer, *shelf) {
	t.Helper()
	h := store.NewHistories(1 << 20)
	for seq := range uint64(105) {
		if seq != 50 {
			h.Keep(1, 0, rig.Data(t, 1, seq))
		}
	}
	cfg.Session, cfg.Responder, cfg.Datagram, cfg.Marks = 1, 7, reliable.DefaultDatagram, 200
	s := &shelf{Store: h.History(1, 0), stored: stored, sent: 100}
	return New(cfg, s), s
}

// asks is a NACK for frames [from, to).
func asks(t *testing.T, request, echo, from, to uint64) *frame.Frame {
	return rig.Made(t, frame.Frame{
		Kind: frame.Nack, Session: 1, Subscriber: 5, Request: request, Echo: echo,
		Ranges: []nack.Range{{From: from, To: to}},
	})
}

// next returns all that goes out now, by kind, and the frames that REPAIRs repeat.
func next(t *testing.T, r *Repairer, now reliable.Time) (kinds map[frame.Kind]*frame.Frame,
	repeated []uint64) {
	t.Helper()
	kinds = map[frame.Kind]*frame.Frame{}
	for rounds := 0; rounds < 100; rounds++ {
		b, ok := r.NextConfirm(now)
		if !ok {
			b, ok = r.NextAnswer(now)
		}
		for class := nack.Recent; !ok && class <= nack.Behind; class++ {
			b, ok = r.NextRepairs(now, class)
		}
		if !ok {
			return kinds, repeated
		}
		for i := range b.Datagrams() {
			f := rig.Decoded(t, append([]byte(nil), b.Datagram(i)...))
			if kinds[f.Kind] = f; f.Kind == frame.Repair {
				if f.Responder != 7 {
					t.Fatalf("%v is not the responder's own", f)
				}
				repeated = append(repeated, rig.Decoded(t, f.Inner).Seq)
			}
		}
		r.Sent(uint64(b.Datagrams()), uint64(len(b.Data)))
	}
	t.Fatal("no end")
	return nil, nil
}

// A holder denies frames that it lacks, under its own id.
func TestAHoleIsDenied(t *testing.T) {
	r, _ := newRepairer(t, Config{}, 0)
	a := &nack.Asker{ID: 5, Addr: rig.SubscriberAddr}
	r.Ask(0, a, Known, rig.SubscriberAddr, asks(t, 1, 0, 48, 53), 0)
	kinds, repeated := next(t, r, 0)
	if gone := kinds[frame.Gone]; gone == nil || gone.Responder != 7 || len(gone.Ranges) != 1 ||
		gone.Ranges[0] != (nack.Range{From: 50, To: 51}) || gone.OldestSeq != 0 {
		t.Errorf("told %v", kinds)
	}
	if len(repeated) != 4 {
		t.Errorf("%v are repeated", repeated)
	}
}

// A frame that must be read first is asked of the store for a subscriber that has a row,
// denied to one that shares a row, and put off for one whose address isn't certain.
func TestFramesToBeReadFirst(t *testing.T) {
	for place, want := range map[Place]struct {
		kind frame.Kind
		read nack.Range
	}{
		Known:   {frame.Confirm, nack.Range{From: 10, To: 20}},
		Rowless: {frame.Gone, nack.Range{}},
		Moving:  {frame.Confirm, nack.Range{}},
	} {
		r, s := newRepairer(t, Config{}, 20)
		a := &nack.Asker{ID: 5, Addr: rig.SubscriberAddr}
		if place != Known {
			a.Addr = netip.AddrPort{}
		}
		r.Ask(0, a, place, rig.SubscriberAddr, asks(t, 1, 0, 10, 22), 0)
		kinds, repeated := next(t, r, 0)
		f := kinds[want.kind]
		if f == nil || len(f.Ranges) != 1 || f.Ranges[0] != (nack.Range{From: 10, To: 20}) {
			t.Errorf("place %d: told %v", place, kinds)
		}
		if s.read != want.read || place != Known && len(repeated) != 2 {
			t.Errorf("place %d: %v is read, and %v repeated", place, s.read, repeated)
		}
	}
}

// Repairs keep a rate limit that others share.
func TestRepairsKeepTheLimit(t *testing.T) {
	const bytes = 1000 // a second
	limit := rate.New(bytes, 1000)
	r, _ := newRepairer(t, Config{Limit: limit}, 0)
	a := &nack.Asker{ID: 5, Addr: rig.SubscriberAddr}
	r.Ask(0, a, Known, rig.SubscriberAddr, asks(t, 1, 0, 0, 40), 0)
	_, repeated := next(t, r, 0)
	if len(repeated) == 0 || len(repeated) > 32 {
		t.Fatalf("%d frames are repeated at once", len(repeated))
	}
	if limit.Ready() <= 0 {
		t.Error("repairs cost the limit nothing")
	}
	if _, again := next(t, r, 1); len(again) != 0 {
		t.Errorf("%d frames are repeated beyond the limit", len(again))
	}
	if _, rest := next(t, r, limit.Ready()); len(rest) == 0 {
		t.Error("nothing is repeated once the limit allows it")
	}
}

// A NACK that echoes a time to come says nothing of when it was sent: one that follows a
// repair at once has crossed it.
func TestANackFromTheFutureHasCrossed(t *testing.T) {
	r, _ := newRepairer(t, Config{}, 0)
	a := &nack.Asker{ID: 5, Addr: rig.SubscriberAddr}
	r.SetGroup(1, time.Millisecond)
	now := reliable.Time(time.Second)
	for i, echo := range []uint64{0, uint64(time.Hour)} {
		r.Ask(now, a, Known, rig.SubscriberAddr, asks(t, uint64(i), echo, 3, 4), 0)
		if _, repeated := next(t, r, now); len(repeated) != 1-i {
			t.Errorf("a NACK that echoes %d brings %v", echo, repeated)
		}
		now = now.Add(time.Millisecond / 10)
	}
	if st := r.Stats(); st.Responder.Crossed != 1 || st.Repairs != 1 {
		t.Errorf("%+v", st)
	}
}

// A frame that the kernel refused doesn't count as repeated.
func TestRefusedRepairsDontCount(t *testing.T) {
	r, _ := newRepairer(t, Config{}, 0)
	a := &nack.Asker{ID: 5, Addr: rig.SubscriberAddr}
	r.Ask(0, a, Known, rig.SubscriberAddr, asks(t, 1, 0, 0, 10), 0)
	b, ok := r.NextRepairs(0, nack.Recent)
	if !ok || b.Datagrams() != 10 || len(r.Repeated()) != 10 {
		t.Fatalf("%d datagrams, %v", b.Datagrams(), ok)
	}
	r.Sent(7, 700)
	if st := r.Stats(); a.Repaired != 7 || st.Repairs != 7 || st.RepairBytes != 700 {
		t.Errorf("%d, %+v", a.Repaired, st)
	}
}

// A Holder answers the subscribers that ask it, at their own addresses, for its session
// only.
func TestHolderKnowsItsAskers(t *testing.T) {
	h := store.NewHistories(1 << 20)
	for seq := range uint64(5) {
		h.Keep(1, 0, rig.Data(t, 1, seq))
	}
	holder := NewHolder(Config{Session: 1, Responder: 7, Datagram: reliable.DefaultDatagram,
		Marks: 10}, h.History(1, 0))
	sends := func() (n int) {
		for b, ok := holder.Next(0); ok; b, ok = holder.Next(0) {
			if b.To.IsValid() && b.To != rig.SubscriberAddr {
				t.Errorf("a batch goes to %v", b.To)
			}
			n += b.Datagrams()
			holder.Sent(b)
		}
		return n
	}
	other := asks(t, 1, 0, 0, 2)
	other.Session = 2
	holder.Handle(0, rig.SubscriberAddr, other)
	if n := sends(); n != 0 {
		t.Errorf("%d datagrams for another session", n)
	}
	holder.Handle(0, rig.SubscriberAddr, asks(t, 1, 0, 0, 2))
	holder.Handle(0, rig.PublisherAddr, asks(t, 2, 0, 2, 4)) // under the same id
	if n := sends(); n != 2 || holder.Foreign() != 1 || holder.Stats().Repairs != 2 {
		t.Errorf("%d datagrams; %d foreign; %+v", n, holder.Foreign(), holder.Stats())
	}
}

// A batch goes to one subscriber. Frames that are repeated again aren't cut out of one write.
func TestABatchHasOneDestination(t *testing.T) {
	r, _ := newRepairer(t, Config{}, 0)
	now := reliable.Time(time.Minute)
	r.Advance(now)
	r.Advance(now.Add(time.Minute)) // all was sent a while ago
	now = now.Add(time.Minute)
	askers := map[netip.AddrPort]*nack.Asker{
		rig.SubscriberAddr: {ID: 5, Addr: rig.SubscriberAddr},
		rig.PublisherAddr:  {ID: 6, Addr: rig.PublisherAddr},
	}
	for round := range 2 {
		r.Ask(now, askers[rig.SubscriberAddr], Known, rig.SubscriberAddr, asks(t, 1, 0, 0, 4), 0)
		r.Ask(now, askers[rig.PublisherAddr], Known, rig.PublisherAddr, asks(t, 2, 0, 10, 14), 0)
		for range 2 {
			b, ok := r.NextRepairs(now, nack.Behind)
			if !ok || b.Datagrams() != 4 || b.Single != (round > 0) {
				t.Fatalf("round %d: %d datagrams, one by one: %v", round, b.Datagrams(), b.Single)
			}
			for _, one := range r.Repeated() {
				if one.Asker.Addr != b.To || one.Seq < 10 != (b.To == rig.SubscriberAddr) {
					t.Errorf("frame %d of %v goes to %v", one.Seq, one.Asker.Addr, b.To)
				}
			}
			r.Sent(4, uint64(len(b.Data)))
		}
		now = now.Add(time.Minute)
	}
}

// Frames that are being sent may have been missed already: they are asked for in earnest.
func TestFramesThatAreBeingSentMayBeAskedFor(t *testing.T) {
	r, s := newRepairer(t, Config{}, 0)
	a := &nack.Asker{ID: 5, Addr: rig.SubscriberAddr}
	if to := r.Ask(0, a, Known, rig.SubscriberAddr, asks(t, 1, 0, 98, 110), 5); to != 105 {
		t.Errorf("asked for up to %d", to)
	}
	s.sent = 105
	if _, repeated := next(t, r, 0); len(repeated) != 7 {
		t.Errorf("%v are repeated", repeated)
	}
}

// Of so many subscribers that ask, those have rows that asked last: one that rests makes room, and
// else a newcomer shares a row with others.
func TestAskersMakeRoom(t *testing.T) {
	s := store.NewHistories(1 << 20)
	s.Keep(1, 0, rig.Data(t, 1, 0))
	h := NewHolder(Config{Session: 1, Responder: 9, Datagram: 1472, Marks: 10}, s.History(1, 0))
	ask := func(now reliable.Time, id uint64) {
		h.Handle(now, netip.AddrPortFrom(rig.SubscriberAddr.Addr(), uint16(id)), rig.Made(t,
			frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: id, Request: 1,
				Ranges: []nack.Range{{From: 0, To: 1}}}))
	}
	for id := uint64(1); id <= 1030; id++ {
		ask(reliable.Time(id), id)
	}
	if list := h.Askers(); len(list) != 1024 || list[0].ID != 1 {
		t.Fatalf("%d rows, the first is of %d", len(list), list[0].ID)
	}
	later := reliable.Time(6e9)
	ask(later, 1)
	ask(later, 2000)
	list := h.Askers()
	if n := len(list); n != 1024 || list[0].ID != 3 || list[n-1].ID != 2000 || list[n-2].ID != 1 {
		t.Errorf("%d rows: %d, %d, ... %d, %d", n, list[0].ID, list[1].ID, list[n-2].ID, list[n-1].ID)
	}
}

// An address that has most rows, under ids that it made up, leaves one to each other address.
func TestOneAddressLeavesRows(t *testing.T) {
	s := store.NewHistories(1 << 20)
	s.Keep(1, 0, rig.Data(t, 1, 0))
	h := NewHolder(Config{Session: 1, Responder: 9, Datagram: 1472, Marks: 10}, s.History(1, 0))
	ask := func(now reliable.Time, id uint64, at netip.Addr) {
		h.Handle(now, netip.AddrPortFrom(at, uint16(id)), rig.Made(t,
			frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: id, Request: 1,
				Ranges: []nack.Range{{From: 0, To: 1}}}))
	}
	for id := uint64(1); id <= 5000; id++ {
		ask(reliable.Time(id), id, rig.Elsewhere[0].Addr())
	}
	honest := rig.SubscriberAddr.Addr()
	for id := uint64(9000); id < 9700; id++ {
		ask(1e6+reliable.Time(id), id, honest)
	}
	had := 0
	for _, a := range h.Askers() {
		if a.Addr.Addr() == honest {
			had++
		}
	}
	if n := len(h.Askers()); had != maxAskers/2 || n != maxAskers {
		t.Errorf("%d of %d rows are another address's", had, n)
	}
}
