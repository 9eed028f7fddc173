package send

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
)

// paced is a publisher whose subscribers say what a test makes up.
type paced struct {
	*testing.T
	*Sender
	*Stream
	now  reliable.Time
	tape rig.Tape
}

func newPaced(t *testing.T, cfg Config) *paced {
	t.Helper()
	cfg.Session, cfg.Flow.StallTimeout = 0xabc, time.Second
	if cfg.Flow.Pace.IsZero() {
		cfg.Flow.Pace = reliable.Slowest()
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &paced{T: t, Sender: s, Stream: s.Stream(0), tape: rig.Tape{ByNeed: true}}
	p.reports(0)
	p.step(200 * time.Millisecond)
	return p
}

// reports is a STATUS of the only subscriber.
func (p *paced) reports(position uint64) { p.another(5, position) }

// another is a STATUS of some subscriber.
func (p *paced) another(id, position uint64) {
	from := netip.AddrPortFrom(rig.SubscriberAddr.Addr(), rig.SubscriberAddr.Port()+uint16(id-5))
	p.Handle(p.now, from, &frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: id,
		Position: position, Room: 1 << 20})
}

// step lets time pass, and sends and writes what there is.
func (p *paced) step(d time.Duration) {
	p.now = p.now.Add(d)
	p.Advance(p.now)
	for again := true; again; {
		again = p.sends()
		for job, ok := p.NextDisk(); ok && (len(job.Records) > 0 || job.Sync); {
			p.does(job)
			again = true
			job, ok = p.NextDisk()
		}
	}
}

// does does a job of the disk.
func (p *paced) does(job *journal.Job) { p.DiskDone(p.now, p.tape.Do(job)) }

// sends sends what there is, and says whether that was something.
func (p *paced) sends() (some bool) {
	for b, ok := p.Next(p.now); ok; b, ok = p.Next(p.now) {
		p.Sent(b)
		some = true
	}
	return some
}

// fill publishes until there is no room.
func (p *paced) fill(message []byte) {
	p.Helper()
	for range 10_000 {
		if _, err := p.Publish(p.now, message); err != nil {
			return
		}
		p.step(time.Millisecond)
	}
	p.Fatal("it never fills up")
}

// wantEvicted waits for the subscriber, which goes on to report where it stands, to
// be evicted.
func (p *paced) wantEvicted(position uint64, message []byte) {
	p.Helper()
	for start := p.now; p.Sender.Members()[0].State != reliable.Evicted; {
		if waited := p.now.Sub(start); waited > 1200*time.Millisecond {
			p.Fatalf("after %v it is %v", waited, p.Sender.Members()[0].State)
		}
		p.reports(position)
		p.step(100 * time.Millisecond)
		p.Publish(p.now, message)
	}
	if st := p.Stats(); st.BlockedBy[reliable.BySubscribers].Times != 1 {
		p.Errorf("held %d times, for %v", st.BlockedBy[reliable.BySubscribers].Times,
			st.BlockedBy[reliable.BySubscribers].For)
	}
	if _, err := p.Publish(p.now, message); err != nil {
		p.Error(err)
	}
}

// There may be room for a frame and none for the message that waits: that holds the
// publisher all the same, and for as long.
func TestAStallThatLeavesRoomForLess(t *testing.T) {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 4 << 20}})
	message := make([]byte, 1<<20)
	p.fill(message)
	p.wantEvicted(0, message)
}

// A full disk lets go of what was written at once only together: a subscriber that
// stands still within it leaves no room.
func TestAStallWithinWhatIsOnDisk(t *testing.T) {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 1 << 20, Disk: 2 << 20}})
	message := make([]byte, 1300)
	p.fill(message)
	p.reports(10)
	p.fill(message)
	p.window.blocked[reliable.BySubscribers].Times = 1
	p.wantEvicted(10, message)
}

// A subscriber that was evicted, fell silent until its row was gone, and comes back where it
// was, is still evicted: it would hold up the others again.
func TestEvictedAndForgotten(t *testing.T) {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 1 << 20}})
	message := make([]byte, 1300)
	p.fill(message)
	p.wantEvicted(0, message)
	caughtUp := p.streams[0].audience.rows[0].caughtUp
	for range 30 {
		p.step(time.Second)
	}
	var events [8]reliable.MemberEvent
	n := p.PollMembers(events[:])
	if last := events[n-1]; !last.Gone || last.From != reliable.Evicted ||
		len(p.Sender.Members()) != 0 {
		t.Errorf("the last of %d events: %+v", n, last)
	}
	p.reports(p.store.InMemory() + 1)
	if m := p.Sender.Members(); m[0].State != reliable.Evicted {
		t.Errorf("it is %v", m[0].State)
	}
	p.reports(caughtUp)
	if m := p.Sender.Members(); m[0].State != reliable.Counted {
		t.Errorf("it is %v, and has caught up", m[0].State)
	}
}

// Subscribers that the table has no row for are told of to nobody, and where one of them
// is isn't taken for where the others are.
func TestSubscribersWithoutARowHaveNoPlace(t *testing.T) {
	p := newPaced(t, Config{MaxMembers: 1})
	var events [8]reliable.MemberEvent
	if n := p.PollMembers(events[:]); n != 1 || events[0].To != reliable.Counted {
		t.Fatalf("%d events of the one that has a row: %+v", n, events[:n])
	}
	for range 20 {
		if _, err := p.Publish(p.now, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		p.step(time.Millisecond)
	}
	p.another(6, 20)
	p.another(7, 0)
	p.another(6, 15)
	if n := p.PollMembers(events[:]); n != 0 {
		t.Errorf("%d events of those that have none: %+v", n, events[:n])
	}
	if m := &p.streams[0].audience.overflow; m.Position != 0 || m.state != reliable.Watching {
		t.Errorf("all without a row are at %d, %v", m.Position, m.state)
	}
	if len(p.members.rows) != 1 || p.members.refused != 3 {
		t.Errorf("%d rows, %d frames without one", len(p.members.rows), p.members.refused)
	}
}

// Small messages that find room, and go through, don't begin the stall time of a large
// one that waits anew; nor do those that wait with it and need less.
func TestSmallMessagesDontResetTheStallOfALargeOne(t *testing.T) {
	for _, waitToo := range []bool{false, true} {
		p := newPaced(t, Config{Retention: Retention{ResendBuffer: 4 << 20}})
		large, small := make([]byte, 1<<20), make([]byte, 1300)
		p.fill(large)
		for began := p.now; p.Sender.Members()[0].State != reliable.Evicted; {
			if waited := p.now.Sub(began); waited > 1100*time.Millisecond {
				t.Fatalf("after %v it is %v", waited, p.Sender.Members()[0].State)
			}
			if _, err := p.Publish(p.now, small); err != nil {
				t.Fatalf("a small message: %v", err)
			}
			if waitToo {
				if _, err := p.Publish(p.now, large[:len(large)*15/16]); err != reliable.ErrFull {
					t.Fatal(err)
				}
			}
			p.reports(0)
			p.step(10 * time.Millisecond)
			p.Publish(p.now, large) // it tries again, as something was sent
			p.step(0)
		}
		if held := p.Stats().BlockedBy[reliable.BySubscribers]; held.Times != 1 ||
			held.For < time.Second {
			t.Errorf("held %d times, for %v", held.Times, held.For)
		}
	}
}

// A large message that gave up holds nobody: a subscriber that stands still isn't left
// out for it, and the time without room is over.
func TestALargeMessageThatGivesUp(t *testing.T) {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 4 << 20}})
	p.fill(make([]byte, 1<<20))
	for range 150 {
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
		p.reports(0)
		p.step(10 * time.Millisecond)
	}
	if st := p.Sender.Members()[0].State; st != reliable.Counted {
		t.Errorf("it is %v", st)
	}
	if p.window.full {
		t.Errorf("held by %v", p.window.by)
	}
	if held := p.Stats().BlockedBy[reliable.BySubscribers]; held.Times != 1 ||
		held.For > 20*time.Millisecond {
		t.Errorf("held %d times, for %v", held.Times, held.For)
	}
}

// A publisher that needs little room, beside one that needs much, is woken when there is
// room for it, and the other when there is enough for that.
func TestRoomForTheLeastIsTold(t *testing.T) {
	for _, sizes := range [][]int{{1300, 1 << 18}, {1 << 18, 1300}} {
		p := newPaced(t, Config{Retention: Retention{ResendBuffer: 1 << 20}})
		p.fill(make([]byte, 1300))
		p.window.endFull(p.now) // that one went away
		for _, size := range sizes {
			if _, err := p.Publish(p.now, make([]byte, size)); err != reliable.ErrFull {
				t.Fatal(err)
			}
		}
		for _, position := range []uint64{20, 400} {
			freed := p.Freed()
			if p.reports(position); p.Freed() == freed {
				t.Errorf("%v wait: at position %d nobody is woken", sizes, position)
			}
		}
		if p.window.full {
			t.Error("there is room for both")
		}
	}
}

// Repairs and answers that wait for one that leaves, or is forgotten, don't go out.
func TestNothingIsSentToOneThatLeft(t *testing.T) {
	for _, leaves := range []bool{true, false} {
		p := newPaced(t, Config{Repair: Repair{Floor: 8 * 20_000}})
		p.another(6, 0)
		p.more(200)
		p.another(6, 200)
		lost := []nack.Range{{From: 150, To: 190}}
		p.Handle(p.now, rig.SubscriberAddr, rig.Made(t, frame.Frame{
			Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1,
			Echo: p.clock.wire(p.now), Ranges: lost,
		}))
		p.Handle(p.now, rig.SubscriberAddr, rig.Made(t, frame.Frame{
			Kind: frame.Status, Session: 0xabc, Subscriber: 5, Flags: frame.WantSession,
		}))
		if waits := p.Owed(); waits != 40 || len(p.welcomes.list) == 0 {
			t.Fatalf("%d repairs and %d answers wait", waits, len(p.welcomes.list))
		}
		if leaves {
			p.Handle(p.now, rig.SubscriberAddr,
				rig.Made(t, frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5,
					Flags: frame.Leaving}))
		} else {
			p.Sender.gone(p.members.rows[0], false)
		}
		if waits := p.Owed(); waits != 0 {
			t.Errorf("left %v: %d repairs wait", leaves, waits)
		}
		for b, ok := p.Next(p.now); ok; b, ok = p.Next(p.now) {
			if f := rig.Decoded(t, b.Datagram(0)); f.Kind == frame.Repair ||
				b.To == rig.SubscriberAddr {
				t.Errorf("left %v: it is sent %v", leaves, f)
			}
			p.Sent(b)
		}
	}
}
