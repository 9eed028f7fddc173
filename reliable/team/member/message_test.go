package member

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/send"
	"crier/reliable/topic"
)

// yard returns a town with a publisher and members of a team that shares its work by message.
func yard(t *testing.T, seed uint64, cfg send.Config, names ...string) (*town, *pub, []*sub) {
	t.Helper()
	w := newTown(t, seed)
	if seed > 0 {
		w.loss, w.twice, w.jitter = 20*int(seed), 20, time.Millisecond
	}
	cfg.Teams.Settle, cfg.Teams.Debounce = 50*time.Millisecond, 20*time.Millisecond
	p := w.publisher(cfg)
	for _, name := range names {
		w.member(name, Config{Share: reliable.ByMessage})
	}
	w.pass(time.Second)
	return w, p, w.subs
}

// Each message goes to one member, and all to some, over a bad network too.
func TestShareMessages(t *testing.T) {
	for seed := range uint64(5) {
		for _, groups := range []int{1, 4} {
			cfg := send.Config{Layout: topic.Layout{Partitions: 4, Groups: groups}}
			w, p, s := yard(t, seed, cfg, "a", "b", "c")
			for _, one := range s {
				one.work = 500 * time.Microsecond
			}
			w.during(p, time.Second, 2)
			w.pass(4 * time.Second)
			w.judge(p, nil)
			for _, one := range s {
				if len(one.hands) < 300 {
					t.Errorf("%s has %d", one.name, len(one.hands))
				}
			}
			if n := w.marked(); n > 0 && seed == 0 {
				t.Errorf("%d were marked", n)
			}
			if n := s[0].errs[reliable.ErrDoneTwice]; n > 0 {
				t.Errorf("%d times twice", n)
			}
			fails(t, seed)
		}
	}
}

// What a member had that dies is redelivered to others, who have passed it by then.
func TestRedelivery(t *testing.T) {
	for seed := range uint64(3) {
		w, p, s := yard(t, seed, send.Config{}, "a", "b", "c")
		s[0].work, s[1].work, s[2].work = 3*time.Millisecond, time.Hour, 3*time.Millisecond
		w.during(p, 500*time.Millisecond, 1)
		s[1].gone, s[1].hand = true, nil
		s[0].work, s[2].work = 0, 0
		repairs := 0
		w.drop = func(from, to netip.AddrPort, f *frame.Frame) bool {
			if f.Kind == frame.Repair && to == s[0].at || to == s[2].at && f.Kind == frame.Repair {
				repairs++
			}
			return false
		}
		w.during(p, 3*time.Second, 1)
		w.pass(2 * time.Second)
		w.judge(p, nil)
		n := w.marked()
		if n < 5 || n > 20 {
			t.Errorf("%d were marked", n)
		}
		if repairs > 2*n && seed == 0 { // for one each group hears a repair
			t.Errorf("%d repairs of %d messages", repairs, n)
		}
		fails(t, seed)
	}
}

// A message that is released comes again, marked, at once or after a time; one that takes too long
// goes to another member, and counts as done nevertheless.
func TestRelease(t *testing.T) {
	cfg := send.Config{}
	cfg.Teams.WorkTime = 500 * time.Millisecond
	w, p, s := yard(t, 0, cfg, "a", "b")
	a := s[0]
	a.keeps = true
	w.publish(p, 4)
	w.pass(10 * time.Millisecond)
	h := *a.hand
	a.hand, a.keeps = nil, false
	a.Idle(w.now)
	if err := a.Release(w.now, h.grant, h.offset, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if err := a.Release(w.now, h.grant, h.offset, 0); !errors.Is(err, reliable.ErrDoneTwice) {
		t.Fatal(err)
	}
	at := w.now
	w.pass(time.Second)
	again := false
	for _, one := range w.hands {
		if one.partition == h.partition && one.offset == h.offset {
			again = one.grant.Attempt == 2 && one.from.Sub(at) > 99*time.Millisecond
		}
	}
	if !again {
		t.Errorf("%+v: %+v", h, w.hands)
	}
	w.judge(p, nil)
	a.work = 800 * time.Millisecond
	w.publish(p, 2)
	w.pass(5 * time.Second)
	w.judge(p, nil)
	if w.marked() != 2 || a.errs[reliable.ErrRevoked] != 0 && a.errs[nil] == 0 {
		t.Errorf("%d marked, %v", w.marked(), a.errs)
	}
}

// A message may rest for longer than the time for it: it comes again after that, and no sooner.
func TestRestBeyondWorkTime(t *testing.T) {
	cfg := send.Config{}
	cfg.Teams.WorkTime = 200 * time.Millisecond
	w, p, s := yard(t, 0, cfg, "a", "b")
	a := s[0]
	a.keeps = true
	w.publish(p, 4)
	w.pass(10 * time.Millisecond)
	h := *a.hand
	a.hand, a.keeps = nil, false
	a.Idle(w.now)
	if err := a.Release(w.now, h.grant, h.offset, 3*time.Second); err != nil {
		t.Fatal(err)
	}
	at := w.now
	w.pass(5 * time.Second)
	w.judge(p, nil)
	n := 0
	for _, one := range w.hands {
		if one.partition != h.partition || one.offset != h.offset {
			continue
		}
		if n++; one.grant.Attempt != 2 || one.from.Sub(at) < 3*time.Second {
			t.Errorf("attempt %d after %v", one.grant.Attempt, one.from.Sub(at))
		}
	}
	if n != 1 {
		t.Errorf("it came %d times", n)
	}
}

// A member that hears GRANTs, and nothing else, gives back what it has, and gets nothing until it
// hears its publisher again.
func TestDeafMember(t *testing.T) {
	w, p, s := yard(t, 0, send.Config{}, "a", "b")
	s[0].work, s[1].work = 500*time.Microsecond, 500*time.Microsecond
	w.during(p, 200*time.Millisecond, 2)
	w.drop = func(_, to netip.AddrPort, f *frame.Frame) bool {
		return to == s[1].at && f.Kind != frame.Grant
	}
	w.during(p, 6*time.Second, 2)
	if n := w.marked(); n == 0 || n > 30 {
		t.Errorf("%d were marked", n)
	}
	for _, ev := range p.told {
		if ev.Kind == reliable.MessageGivenUp {
			t.Errorf("%d/%d was given up", ev.Partition, ev.Offset)
		}
	}
	w.drop = nil
	before := len(s[1].hands)
	w.during(p, time.Second, 2)
	if n := len(s[1].hands) - before; n < 500 {
		t.Errorf("it has %d once it hears again", n)
	}
	w.pass(3 * time.Second)
	w.judge(p, nil)
}

// A member that leaves gives back what it hasn't handed out, and finishes the rest.
func TestLeaveMessages(t *testing.T) {
	w, p, s := yard(t, 1, send.Config{}, "a", "b")
	s[1].work = 20 * time.Millisecond
	w.during(p, 200*time.Millisecond, 1)
	s[1].Leave(w.now)
	for i := 0; !s[1].Left() && i < 2000; i++ {
		w.publish(p, 1)
		w.pass(time.Millisecond)
	}
	if !s[1].Left() {
		t.Errorf("it hasn't left: %+v", s[1].Teams())
	}
	s[1].Close(w.now)
	w.pass(0)
	s[1].gone = true
	w.during(p, 200*time.Millisecond, 1)
	w.pass(2 * time.Second)
	w.judge(p, nil)
}

// What is in hand when the publisher falls silent is delivered behind that word, marked.
func TestOrphanMessages(t *testing.T) {
	for _, o := range []reliable.Orphans{reliable.OrphansDeliver, reliable.OrphansReport} {
		w, p, s := yard(t, 0, send.Config{}, "a")
		a := s[0]
		a.cfg.Orphans = o
		a.work = 5 * time.Second
		w.publish(p, 30)
		w.pass(10 * time.Millisecond)
		p.stands = true
		w.pass(time.Minute)
		marked, lost := w.marked(), 0
		for _, ev := range a.told {
			if ev.Kind == reliable.Loss {
				lost += int(ev.Lost.Len())
			}
		}
		if marked+lost+1 != 8 || o == reliable.OrphansReport && marked > 0 {
			t.Errorf("%v: %d marked, %d lost, %d handed out", o, marked, lost, len(a.hands))
		}
		a.work = 0
		p.stands = false
		w.during(p, 200*time.Millisecond, 1)
		w.pass(4 * time.Second)
		w.judge(p, nil)
	}
}

// A member whose words don't come through hands out nothing whose time may be over: another one may
// have had it.
func TestTimeOfMessages(t *testing.T) {
	cfg := send.Config{}
	cfg.Teams.WorkTime = 300 * time.Millisecond
	w, p, s := yard(t, 0, cfg, "a", "b")
	a := s[0]
	a.work = 600 * time.Millisecond
	w.publish(p, 8)
	w.pass(10 * time.Millisecond)
	w.drop = func(from, _ netip.AddrPort, f *frame.Frame) bool {
		return f.Kind == frame.Claim && from == a.at
	}
	w.pass(time.Second)
	w.drop, a.work = nil, 0
	w.pass(5 * time.Second)
	w.judge(p, nil)
	w.judgeNew()
	if w.marked() == 0 {
		t.Error("nothing came again")
	}
}

// judgeNew fails if a message is handed out as new that another member had before.
func (w *town) judgeNew() {
	w.t.Helper()
	had := map[[2]uint64]string{}
	slices.SortFunc(w.hands, func(x, y hand) int { return cmp.Compare(x.from, y.from) })
	for _, h := range w.hands {
		at := [2]uint64{uint64(h.partition), h.offset}
		if of := had[at]; of != "" && of != h.of && h.grant.Attempt == 1 {
			w.t.Errorf("%s hands out %d/%d as new, which %s had", h.of, h.partition, h.offset, of)
		}
		had[at] = h.of
	}
}

// What doesn't fit one CLAIM waits for the next one: the answer to any of them means that all came
// that was said until then.
func TestManyWords(t *testing.T) {
	cfg := send.Config{}
	cfg.Teams.Settle = -1
	w := newTown(t, 0)
	p := w.publisher(cfg)
	for _, name := range []string{"a", "b", "c"} {
		w.member(name, Config{Share: reliable.ByMessage, Room: 1024}).SetDatagram(300)
	}
	w.pass(time.Second)
	claims := 0
	w.drop = func(_, _ netip.AddrPort, f *frame.Frame) bool {
		if f.Kind == frame.Claim {
			claims++
		}
		return f.Kind == frame.Claim && claims%2 != 0
	}
	for range 4 {
		w.publish(p, 500)
		w.pass(3 * time.Second)
	}
	w.judge(p, nil)
	if n := w.marked(); n > 0 {
		t.Errorf("%d messages came again: the publisher wasn't told that they are done", n)
	}
	for _, one := range p.Teams().States() {
		if one.Lag > 0 {
			t.Errorf("a lag of %d", one.Lag)
		}
	}
}

// An orphan that was reported lost is given back once its publisher is heard again, and isn't taken
// anew: the publisher counts its time from a word of long ago.
func TestReportedOrphanIsGivenBack(t *testing.T) {
	cfg := send.Config{}
	cfg.Teams.WorkTime = 2600 * time.Millisecond
	w, p, s := yard(t, 0, cfg, "a", "b")
	a := s[0]
	a.cfg.Orphans = reliable.OrphansReport
	a.work = 550 * time.Millisecond
	w.publish(p, 12)
	w.pass(1200 * time.Millisecond) // it says that it has what it was granted
	a.keeps, p.stands = true, true
	w.pass(3 * time.Second)
	a.keeps, p.stands = false, false
	w.pass(8 * time.Second)
	lost := 0
	for _, ev := range a.told {
		if ev.Kind == reliable.Loss && ev.Grant.Orphan {
			lost++
		}
	}
	if lost == 0 {
		t.Error("nothing was reported")
	}
	w.judge(p, nil)
	w.judgeNew()
}

// What isn't handed out within its time is given back, though its member hears and is heard.
func TestStuckMessage(t *testing.T) {
	cfg := send.Config{}
	cfg.Teams.WorkTime = 300 * time.Millisecond
	w, p, s := yard(t, 0, cfg, "a", "b")
	a := s[0]
	a.keeps = true
	w.publish(p, 8)
	w.pass(20 * time.Second)
	if n := len(s[1].hands); n < 7 {
		t.Errorf("the other one had %d", n)
	}
}
