package nack

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// behind has all frames of a story's publisher sent a while ago.
func (p *publisher) behind() { p.r.SetAge(p.held.To) }

// A frame that was sent a while ago is repeated to its asker alone, whichever subscriber
// asked before, unless another waits for it.
func TestOldFramesGoToTheirAskerAlone(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.behind()
		p.nack("anna", "1-3")
		p.wantRepairs("1>anna", "2>anna", "3>anna")
		p.advance(ms / 10)
		p.nack("ben", "2-4") // not long after
		p.wantRepairs("2>ben", "3>ben", "4>ben")
		if s := p.r.Stats(); s.CaughtUp != 6 || s.ToGroup != 0 {
			p.Errorf("%+v", s)
		}
	})
}

// A frame that two askers wait for is repeated to the group, once, in either's turn.
func TestSharedOldFramesGoToTheGroup(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.behind()
		p.nack("anna", "1-3")
		p.nack("ben", "2-5")
		p.wantRepairs("1>anna", "2", "3", "4>ben", "5>ben")
		p.nackFrom(p.now-1, "ben", "2-5")
		p.nackFrom(p.now-1, "anna", "1-3")
		p.wantRepairs() // which crossed them
	})
}

// A frame that waits since it was lost stays where it is as it grows old.
func TestWhatGrowsOldWhileItWaits(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.nack("anna", "1-2")
		p.behind()
		p.nack("ben", "2-3")
		p.wantRepairs("1", "2", "3>ben")
	})
}

// Each class has its own budget: neither waits for the other's.
func TestClassesDontWaitForEachOther(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(1000000, 10000)}, func(p *publisher) {
		p.r.SetGroup(1, ms)
		p.r.SetAge(p.base + 500)
		p.nack("anna", "0-29", "600-629")
		var old, recent int
		for _, seq := range p.repairs() {
			var n int
			fmt.Sscan(seq, &n)
			if n < 500 {
				old++
			} else {
				recent++
			}
		}
		if old != 10 || recent != 10 {
			p.Errorf("%d that are old and %d that aren't went out at once, want 10 each", old,
				recent)
		}
		for range 40 {
			p.advance(ms)
			p.repairs()
		}
		if n := p.asker("anna").Waiting(); n != 0 {
			p.Errorf("%d frames wait", n)
		}
		p.r.budget.SetDataRate(p.now, 8000000)
		p.nack("anna", "30-59")
		p.repairs()
		if wait := deadline(p.r, p.now, p.held).Sub(p.now); wait > 500*us {
			p.Errorf("at 8 MB/s what catches up waits %v", wait)
		}
		p.advance(100 * ms)
		p.repairs()
	})
}

// An asker that is behind is served 16 frames, and then the next one.
func TestAskersThatAreBehindTakeTurns(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.behind()
		p.nack("anna", "0-39")
		p.nack("ben", "40-49")
		var want []string
		for i := range 16 {
			want = append(want, fmt.Sprint(i, ">anna"))
		}
		for i := 40; i < 50; i++ {
			want = append(want, fmt.Sprint(i, ">ben"))
		}
		for i := 16; i < 40; i++ {
			want = append(want, fmt.Sprint(i, ">anna"))
		}
		p.wantRepairs(want...)
	})
}

// A frame that leaves the buffer while it waits is denied, to its asker or to all that
// wait.
func TestOverwrittenFramesAreDenied(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(1, 1000)}, func(p *publisher) {
		p.behind()
		p.nack("anna", "10", "12-15")
		p.wantRepairs("10>anna")
		p.nack("ben", "14-17")
		p.held.From = p.base + 16
		p.repairs()
		var got []string
		for _, d := range p.r.Denials() {
			got = append(got, fmt.Sprint(p.text([]Range{d.Range}), ">", p.names[d.To], " ",
				d.Unfit))
		}
		if want := "[12-13>anna false 14-15> false]"; fmt.Sprint(got) != want {
			p.Errorf("denied %v, want %v", got, want)
		}
		if a := p.asker("anna"); a.Gone != 4 {
			p.Errorf("%+v", a)
		}
		p.held.From = p.held.To
		p.repairs()
	})
}

// A subscriber that has passed a frame no longer needs it, recent or old.
func TestPassedFramesAreDropped(t *testing.T) {
	for _, old := range []bool{false, true} {
		served(t, ResponderConfig{}, func(p *publisher) {
			if old {
				p.behind()
			}
			p.nack("anna", "1-4")
			p.asker("anna").Position = p.base + 3
			if old {
				p.wantRepairs("3>anna", "4>anna")
			} else {
				p.wantRepairs("3", "4")
			}
			if s := p.r.Stats(); s.Dropped != 2 || s.Gone != 0 || len(p.r.Denials()) != 0 {
				p.Errorf("%+v", s)
			}
		})
	}
}

// A frame that must be read first holds up its asker, and nobody else.
func TestFramesToBeReadFirst(t *testing.T) {
	stored := map[uint64]bool{}
	served(t, ResponderConfig{Look: func(seq uint64) Standing {
		if stored[seq] {
			return Stored
		}
		return Ready
	}}, func(p *publisher) {
		p.behind()
		for i := uint64(1); i < 4; i++ {
			stored[p.base+i] = true
		}
		p.nack("anna", "1-3", "9")
		p.nack("ben", "5")
		if got := p.text(p.answer.Coming); got != "" {
			p.Errorf("ben is told to wait for %s", got)
		}
		p.nack("anna", "1-2") // again
		if got := p.text(p.answer.Coming); got != "1-2" {
			p.Errorf("anna is told to wait for %q", got)
		}
		p.wantRepairs("5>ben")
		if got := p.text([]Range{p.r.Stored()}); got != "1-3" || !p.r.Awaits(p.r.Stored()) {
			p.Errorf("%s must be read first", got)
		}
		if p.r.Awaits(Range{p.base + 5, p.base + 9}) {
			p.Error("somebody waits for what was repeated, or is not next")
		}
		if at := p.r.Deadline(p.now, Behind, p.held, true); at != p.now {
			p.Errorf("it may be read, and the deadline is %d", at)
		}
		if at := p.r.Deadline(p.now, Behind, p.held, false); at != Never {
			p.Errorf("it is being read, and the deadline is %d", at)
		}
		delete(stored, p.base+1)
		delete(stored, p.base+2)
		p.r.Unreadable(Range{p.base + 3, p.base + 4})
		if d := p.r.Denials(); len(d) != 1 || d[0].Range != (Range{p.base + 3, p.base + 4}) {
			p.Errorf("denied %+v", d)
		}
		p.wantRepairs("1>anna", "2>anna", "9>anna")
	})
}

// The asker is told at once that a frame is absent, or too large.
func TestWhatIsAbsentOrUnfit(t *testing.T) {
	var base uint64
	served(t, ResponderConfig{Look: func(seq uint64) Standing {
		switch seq - base {
		case 2, 3:
			return Absent
		case 5:
			return Unfit
		}
		return Ready
	}}, func(p *publisher) {
		base = p.base
		p.nack("anna", "1-6")
		if gone, unfit := p.text(p.answer.Gone), p.text(p.answer.Unfit); gone != "2-3" ||
			unfit != "5" {
			p.Errorf("gone %q, unfit %q", gone, unfit)
		}
		p.wantRepairs("1", "4", "6")
	})
}

// An asker without an address of its own is served with the group, however far behind.
func TestWithoutAnAddressNobodyIsBehind(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.behind()
		a := p.asker("all")
		a.Addr = netip.AddrPort{}
		p.nack("all", "1-2")
		p.wantRepairs("1", "2")
		if s := p.r.Stats(); s.CaughtUp != 0 {
			p.Errorf("%+v", s)
		}
	})
}

// A NACK that a network copied and delayed brings nothing twice, whatever went to its
// asker since.
func TestACopyOfAnOldNackBringsNothing(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(1<<40, 1<<30)}, func(p *publisher) {
		p.behind()
		sent := p.now
		p.nack("anna", "0-399")
		p.repairs()
		p.advance(10 * time.Second)
		p.nack("anna", "400-799")
		p.repairs()
		p.nackFrom(sent, "anna", "0-399")
		p.wantRepairs()
		p.nack("anna", "7")
		p.wantRepairs("7>anna")
	})
}

// An asker that waits for more than a quantum is told so alone; the group isn't.
func TestLongWaitIsAnnounced(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.behind()
		p.nack("anna", "0-19")
		p.wantAnswer("", "")
		if got := p.text(p.answer.Coming); got != "16-19" {
			p.Errorf("anna is told to wait for %q", got)
		}
		p.repairs()
		p.nack("anna", "100-115")
		if got := p.text(p.answer.Coming); got != "" {
			p.Errorf("anna is told to wait for %q", got)
		}
		p.repairs()
	})
}

// A frame that several askers wait for, for longer than a turn, is confirmed to the group.
func TestTheGroupIsToldOfWhatSeveralWaitFor(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.behind()
		p.nack("anna", "0-29")
		p.nack("ben", "25-29")
		p.wantAnswer("", "25-29")
		if got := p.text(p.answer.Coming); got != "" {
			p.Errorf("ben alone is told to wait for %q", got)
		}
		p.repairs()
	})
}

// A repair answers the newest request of its asker, so that a round trip can be told
// from it.
func TestARepairAnswersTheNewestRequest(t *testing.T) {
	r := NewResponder(ResponderConfig{Frames: 100, FrameSize: 1000})
	a, held := &Asker{ID: 1}, Range{0, 100}
	for request := range uint64(3) {
		r.Begin()
		r.Asked(0, a, request, 0, Range{5, 6}, held)
	}
	if repair, ok := take(r, 0, held); !ok || repair.Request != 2 {
		t.Errorf("%+v, %v", repair, ok)
	}
}

// A frame that another asker waits for as well is repeated though the first has passed
// it, or denied to both.
func TestSharedFrameOutlivesItsFirstAsker(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.behind()
		p.nack("anna", "1-4")
		p.nack("ben", "2-3")
		p.asker("anna").Position = p.base + 5
		p.wantRepairs("2", "3")
		p.nack("carl", "11-12")
		p.nack("dora", "12")
		p.asker("carl").Position = p.base + 20
		p.held.From = p.base + 15
		p.repairs()
		d := p.r.Denials()
		if len(d) != 1 || d[0].To.IsValid() || p.text([]Range{d[0].Range}) != "12" {
			p.Errorf("denied %+v", d)
		}
	})
}
