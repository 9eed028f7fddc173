package send

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A stranger that knows a subscriber's id can't move its position or its repairs, nor
// make it leave. Once the subscriber itself is forgotten, the id is free.
func TestStatusFromElsewhere(t *testing.T) {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 1 << 20}})
	p.fill(make([]byte, 1300))
	stranger := netip.MustParseAddrPort("10.77.0.66:6000")
	for _, f := range []frame.Frame{
		{Kind: frame.Status, Position: p.store.Next(), Room: 1 << 20},
		{Kind: frame.Status, Position: p.store.Next(), Flags: frame.WantSession},
		{Kind: frame.Status, Flags: frame.Leaving},
		{Kind: frame.Nack, Request: 1, Ranges: []nack.Range{{From: 0, To: 100}}},
	} {
		f.Session, f.Subscriber = 0xabc, 5
		p.Handle(p.now, stranger, rig.Made(t, f))
	}
	if m := p.Sender.Members(); len(m) != 1 || m[0].Position != 0 || m[0].Addr != rig.SubscriberAddr ||
		m[0].State != reliable.Counted || m[0].Asked != 0 {
		t.Errorf("%+v", m)
	}
	if _, err := p.Publish(p.now, make([]byte, 1300)); err != reliable.ErrFull {
		t.Errorf("a stranger's word made room: %v", err)
	}
	if st := p.Stats(); st.Foreign != 4 || st.Nacks != 0 || st.Statuses != 1 {
		t.Errorf("%+v", st)
	}
	p.step(10 * time.Second) // 2 s of which the stall time takes, and it is not heard
	p.step(2 * time.Second)
	if m := p.Sender.Members(); len(m) != 0 {
		t.Fatalf("%+v", m)
	}
	p.Handle(p.now, stranger, rig.Made(t,
		frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5, Position: p.store.Next()}))
	if m := p.Sender.Members(); len(m) != 1 || m[0].Addr != stranger {
		t.Errorf("%+v", m)
	}
}

// Many NACKs in vain are answered in one GONE.
func TestGoneForManyNacks(t *testing.T) {
	s, err := New(Config{Session: 1, FirstSeq: 1 << 40,
		Retention: Retention{ResendBuffer: 64 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	now := reliable.Time(1e9)
	out, _ := s.Next(now) // the socket takes no more
	ask := frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: 5, Request: 9}
	for i := range uint64(32000) {
		ask.Ranges = append(ask.Ranges, nack.Range{From: 2 * i, To: 2*i + 1})
	}
	f := rig.Made(t, ask)
	for range 300 {
		s.Handle(now, rig.SubscriberAddr, f)
	}
	s.Sent(out)
	var kinds []frame.Kind
	for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
		kinds = append(kinds, rig.Decoded(t, b.Data).Kind)
		s.Sent(b)
	}
	if len(kinds) != 2 || kinds[0] != frame.Gone || kinds[1] != frame.Heartbeat {
		t.Errorf("sent %v", kinds)
	}
}

// A subscriber may miss the first datagram of a batch, and ask for it, before the
// system call that sends the batch has returned.
func TestNackForABatchThatIsOut(t *testing.T) {
	s, err := New(Config{Session: 1, FirstSeq: 1})
	if err != nil {
		t.Fatal(err)
	}
	now := reliable.Time(1e9)
	send := func() (kinds []frame.Kind) {
		for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
			kinds = append(kinds, rig.Decoded(t, b.Datagram(0)).Kind)
			s.Sent(b)
		}
		return kinds
	}
	send()
	for range 20 {
		if _, err := s.Stream(0).Publish(now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := s.Next(now)
	if out.Datagrams() < 2 {
		t.Fatalf("%d datagrams are out", out.Datagrams())
	}
	s.Handle(now, rig.SubscriberAddr, rig.Made(t,
		frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: 5, Request: 9,
			Ranges: []nack.Range{{From: 1, To: 2}}}))
	s.Sent(out)
	if kinds := send(); len(kinds) == 0 || kinds[0] != frame.Repair {
		t.Errorf("sent %v", kinds)
	}
	if st := s.Stats(); st.Responder.Asked != 1 || st.Repairs != 1 {
		t.Errorf("%+v", st)
	}
}

// Repairs and data take turns.
func TestDataHasItsTurn(t *testing.T) {
	s, err := New(Config{Session: 1})
	if err != nil {
		t.Fatal(err)
	}
	now := reliable.Time(1e9)
	next := func() (kind frame.Kind, datagrams int) {
		b, ok := s.Next(now)
		if !ok {
			return 0, 0
		}
		defer s.Sent(b)
		return rig.Decoded(t, b.Datagram(0)).Kind, b.Datagrams()
	}
	publish := func(n int) {
		for range n {
			if _, err := s.Stream(0).Publish(now, make([]byte, 1300)); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish(60)
	for k, _ := next(); k != 0; k, _ = next() {
	}
	s.Handle(now, rig.SubscriberAddr, rig.Made(t,
		frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: 5, Request: 9,
			Ranges: []nack.Range{{From: 0, To: 50}}}))
	publish(1)
	for i, want := range []struct {
		kind      frame.Kind
		datagrams int
	}{{frame.Repair, 16}, {frame.Data, 1}, {frame.Repair, 16}, {frame.Repair, 16}} {
		if kind, n := next(); kind != want.kind || n != want.datagrams {
			t.Errorf("batch %d: %d of %v, want %d of %v", i, n, kind, want.datagrams, want.kind)
		}
	}
}

// A group that shrinks doesn't forget subscribers that still report at the rate of a
// large one.
func TestAGroupThatShrinks(t *testing.T) {
	m := newMembers(4096)
	rand := nack.NewRand(1, 2)
	due := make([]reliable.Time, 1000)
	for i := range due {
		due[i] = reliable.Time(rand.Duration(10 * time.Second))
	}
	const crash = reliable.Time(20 * time.Second) // of all but ten
	group := len(due)
	const step = reliable.Time(10 * time.Millisecond)
	for now := reliable.Time(0); now < reliable.Time(150*time.Second); now += step {
		for i := range due {
			if now >= due[i] && (i < 10 || now < crash) {
				m.hear(now, rig.SubscriberAddr, &frame.Frame{Subscriber: uint64(i + 1)})
				due[i] = now.Add(rand.Jitter(reliable.StatusEvery(group)))
			}
		}
		if now%reliable.Time(time.Second) == 0 {
			m.sweep(now, func(m *member) time.Duration { return m.patience })
			if group = len(m.rows); group < 10 && now > reliable.Time(10*time.Second) {
				t.Fatalf("at %v it knows %d of the ten that live", time.Duration(now), group)
			}
		}
	}
	if group != 10 {
		t.Errorf("in the end it knows %d", group)
	}
}

// A subscriber that only asked is known, and doesn't end the wait for subscribers: that takes
// its position.
func TestWaitIsForReports(t *testing.T) {
	s, err := New(Config{Session: 1, Flow: Flow{WaitFor: 1}})
	if err != nil {
		t.Fatal(err)
	}
	from := netip.MustParseAddrPort("10.0.0.2:9")
	s.Handle(0, from, rig.Made(t, frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: 7,
		Request: 1, Ranges: []nack.Range{{From: 0, To: 1}}}))
	st := s.Stream(0)
	if m := s.Members(); len(m) != 1 || m[0].Reported {
		t.Errorf("after a NACK: %+v", m)
	}
	if _, err := st.Publish(0, []byte("early")); err != reliable.ErrFull {
		t.Errorf("after a NACK Publish returned %v", err)
	}
	s.Handle(1, from, rig.Made(t, frame.Frame{Kind: frame.Status, Session: 1, Subscriber: 7}))
	if m := s.Members(); len(m) != 1 || !m[0].Reported {
		t.Errorf("after a STATUS: %+v", m)
	}
	if _, err := st.Publish(1, []byte("welcome")); err != nil {
		t.Errorf("after a STATUS Publish returned %v", err)
	}
}
