package member

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/send"
)

// closes closes the session, and says when its end comes to a member that hears it late.
func (w *town) closes(p *pub, late *sub, by time.Duration) {
	p.Close(w.now)
	at := w.now.Add(by)
	w.drop = func(_, to netip.AddrPort, f *frame.Frame) bool {
		return late != nil && f.Kind == frame.Bye && to == late.at && w.now < at
	}
	w.settle()
}

// paced are the times of teams that tests use, for a publisher that waits for them.
func paced() send.Config {
	cfg := quick()
	cfg.Flow.Pace.Kind = reliable.PaceTeams
	return cfg
}

// ends returns of how many partitions a member was told the end.
func (s *sub) ends() (n int) {
	for _, ev := range s.told {
		if ev.Kind == reliable.SessionEnded && ev.Cause == reliable.CauseEnded {
			n++
		}
	}
	return n
}

// A member that hears the end late, and works for several leases behind it, keeps what it has, and
// does it unmarked: its publisher answers it, though it says nothing to groups any more.
func TestWorkAfterTheEnd(t *testing.T) {
	for _, share := range []reliable.Share{reliable.ByPartition, reliable.ByMessage} {
		for _, by := range []time.Duration{0, 450 * time.Millisecond} {
			w := newTown(t, 1)
			p := w.publisher(paced())
			for _, name := range []string{"a", "b", "c"} {
				w.member(name, Config{Share: share, Room: 64})
			}
			w.pass(time.Second)
			slow := w.subs[0]
			slow.work = 150 * time.Millisecond
			w.publish(p, 200)
			w.closes(p, slow, by)
			for !p.Finished(w.now) && w.now < reliable.Time(time.Minute) {
				w.pass(10 * time.Millisecond)
			}
			if share == reliable.ByPartition && len(slow.hands) < 30 {
				t.Fatalf("the slow one did %d", len(slow.hands))
			}
			w.judge(p, nil)
			if n := w.marked(); n > 0 {
				t.Errorf("%v: %d were marked", share, n)
			}
			for _, s := range w.subs {
				if s.ends() != 4 || !s.courts[0].finished || len(s.own()) > 0 {
					t.Errorf("%v, BYE %v late: %s was told %d ends", share, by, s.name, s.ends())
				}
			}
			if st := p.Teams().Stats(); st.Lapsed > 0 || st.Moves > 0 {
				t.Errorf("%v, BYE %v late: %+v", share, by, st)
			}
		}
	}
}

// The end is told to nobody before all is done: a member that fails behind it leaves its work to
// those that wait, and they are told the end at once when that is done.
func TestDeathAfterTheEnd(t *testing.T) {
	for _, share := range []reliable.Share{reliable.ByPartition, reliable.ByMessage} {
		for seed := range uint64(4) {
			w := newTown(t, seed)
			if seed > 0 {
				w.loss, w.twice, w.jitter = 30*int(seed), 20, time.Millisecond
			}
			p := w.publisher(paced())
			for _, name := range []string{"a", "b", "c"} {
				w.member(name, Config{Share: share})
			}
			w.pass(time.Second)
			dies, others := w.subs[0], w.subs[1:]
			dies.work = 300 * time.Millisecond
			w.publish(p, 400)
			w.closes(p, nil, 0)
			w.pass(time.Second)
			for _, s := range others {
				if s.ends() > 0 {
					t.Errorf("%v: %s was told the end while another one works", share, s.name)
				}
			}
			dies.gone = true
			done := reliable.Never
			for !p.Finished(w.now) && w.now < reliable.Time(time.Minute) {
				w.pass(time.Millisecond)
				if st := p.Teams().States()[0]; st.Lag == 0 {
					done = min(done, w.now)
				}
			}
			w.judge(p, nil)
			for _, s := range others {
				if s.ends() == 0 || seed == 0 && s.ends() != 4 {
					t.Errorf("%v: %s was told %d ends", share, s.name, s.ends())
				}
			}
			if took := w.now.Sub(done); took > 1100*time.Millisecond {
				t.Errorf("%v: the publisher ended %v after all was done", share, took)
			}
			fails(t, seed)
		}
	}
}

// A member that was granted nothing yet as its publisher ends does the work, and one that holds
// nothing hears the end when another one has done it.
func TestEndBeforeTheFirstGrant(t *testing.T) {
	w := newTown(t, 1)
	cfg := quick()
	cfg.Teams.Settle = 500 * time.Millisecond
	p := w.publisher(cfg)
	a := w.member("a", Config{})
	w.pass(20 * time.Millisecond)
	w.publish(p, 40)
	w.closes(p, nil, 0)
	w.pass(300 * time.Millisecond)
	if len(a.hands) > 0 || a.ends() > 0 {
		t.Fatalf("%d messages, %d ends", len(a.hands), a.ends())
	}
	w.pass(400 * time.Millisecond)
	if w.judge(p, nil); a.ends() != 4 {
		t.Errorf("%d ends", a.ends())
	}
}

// A publisher that ends with work undone holds up its members' end no longer than it takes to see
// that it doesn't answer.
func TestPublisherLeavesWorkUndone(t *testing.T) {
	for _, share := range []reliable.Share{reliable.ByPartition, reliable.ByMessage} {
		w := newTown(t, 1)
		p := w.publisher(quick())
		for _, name := range []string{"a", "b", "c"} {
			w.member(name, Config{Share: share})
		}
		w.pass(time.Second)
		w.publish(p, 100)
		w.subs[0].work = 300 * time.Millisecond
		w.closes(p, nil, 0)
		w.pass(time.Second)
		p.stands = true
		w.pass(1500 * time.Millisecond)
		for _, s := range w.subs {
			if s.ends() > 0 {
				t.Errorf("%v: %s was told the end", share, s.name)
			}
		}
		w.pass(15 * time.Second)
		for _, s := range w.subs {
			if s.ends() != 4 {
				t.Errorf("%v: %s was told %d ends", share, s.name, s.ends())
			}
			if i := slices.IndexFunc(s.told, func(ev reliable.Event) bool {
				return ev.Kind == reliable.SessionEnded
			}); i >= 0 && slices.ContainsFunc(s.told[i:], func(ev reliable.Event) bool {
				return ev.Kind == reliable.Message || ev.Kind == reliable.Loss
			}) {
				t.Errorf("%v: more came to %s after an end", share, s.name)
			}
		}
	}
}

// A member that is refused isn't kept waiting where it can't be granted anything.
func TestEndOfOneThatIsRefused(t *testing.T) {
	w := newTown(t, 1)
	p := w.publisher(paced())
	a := w.member("a", Config{})
	w.pass(500 * time.Millisecond)
	b := w.member("b", Config{Share: reliable.ByMessage}) // the team shares otherwise
	same := w.member("a", Config{})                       // its name is taken
	w.pass(time.Second)
	a.work = 100 * time.Millisecond
	w.publish(p, 40)
	w.closes(p, nil, 0)
	w.pass(time.Second)
	if b.ends() == 0 || same.ends() != 0 || a.ends() != 0 {
		t.Errorf("%d, %d, %d ends", a.ends(), b.ends(), same.ends())
	}
	w.pass(10 * time.Second)
	if same.ends() == 0 || a.ends() != 4 {
		t.Errorf("%d, %d ends", a.ends(), same.ends())
	}
}
