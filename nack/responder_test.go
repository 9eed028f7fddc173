package nack

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"
)

func TestTheFirstNackIsRepairedToTheGroup(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.nack("anna", "5", "8-10")
		p.wantAnswer("", "")
		p.wantRepairs("5", "8", "9", "10")
		if a := p.asker("anna"); a.Asked != 4 || a.Waiting() != 0 {
			p.Errorf("%+v", a)
		}
	})
}

// lonely makes a subscriber lose frames that nobody else loses.
func (p *publisher) lonely(name string, n int) {
	p.Helper()
	for i := range n {
		p.nack(name, fmt.Sprint(i))
		p.repairs()
		p.advance(10 * ms)
	}
}

func TestWhoseLossesAreItsOwnIsRepairedAlone(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.lonely("anna", aloneAt-1)
		p.nack("anna", "99")
		p.wantRepairs("99") // not known yet
		p.nack("anna", "100")
		p.wantRepairs("100") // others may still ask for the one before
		p.advance(10 * ms)
		p.nack("anna", "101")
		p.wantAnswer("", "") // in a small group nobody holds back
		p.wantRepairs("101>anna")
		p.nack("ben", "102") // of him nothing is known
		p.wantRepairs("102")
	})
}

// In a large group others may be about to ask for the same: they are told that
// somebody did.
func TestAUnicastRepairIsConfirmedToALargeGroup(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.r.SetGroup(100, ms)
		p.lonely("anna", aloneAt)
		p.nack("anna", "100", "102-104")
		p.wantAnswer("", "100,102-104")
		p.wantRepairs("100>anna", "102>anna", "103>anna", "104>anna")
	})
}

func TestASecondAskerGetsItToTheGroup(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.lonely("anna", aloneAt)
		p.lonely("ben", aloneAt)
		p.advance(time.Second)
		p.nack("anna", "100-101")
		p.nack("ben", "101") // while it waits
		p.wantRepairs("100>anna", "101")
		p.advance(ms)
		p.nack("ben", "100") // after it went to anna
		p.wantRepairs("100")
	})
}

// The one that asks first must not seem alone because it is first.
func TestTheFirstOfManyIsNotAlone(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		for i := range 100 {
			p.nack("anna", fmt.Sprint(i))
			p.repairs()
			p.nackFrom(p.now-1, "ben", fmt.Sprint(i))
			p.nackFrom(p.now-1, "carl", fmt.Sprint(i))
			p.wantRepairs()
			p.advance(10 * ms)
		}
		p.nack("anna", "200")
		p.wantRepairs("200")
		p.nack("carl", "201")
		p.wantRepairs("201")
		if a := p.asker("anna"); a.shared > a.recent+a.fresh {
			p.Errorf("%d of %d losses were shared", a.shared, a.recent)
		}
	})
}

// One loss that all share is one, however many ask for it.
func TestASharedLossIsSharedOnce(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.lonely("anna", aloneAt-1)
		p.nack("anna", "100")
		p.wantRepairs("100")
		for i := range 20 {
			p.nackFrom(p.now-1, fmt.Sprint(i), "100")
			p.wantRepairs()
		}
		p.advance(10 * ms)
		p.nack("anna", "101")
		p.wantRepairs("101>anna")
	})
}

// The first subscriber to ask after a burst of loss doesn't seem alone because of it.
func TestABurstIsRepairedToTheGroup(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.nack("anna", "0-59")
		p.wantRepairs(seqs(0, 59)...)
		p.nack("anna", "60-99") // nobody else had time to ask
		p.wantRepairs(seqs(60, 99)...)
		p.nackFrom(p.now-1, "ben", "0-99")
		p.advance(10 * ms)
		p.nack("anna", "200-299")
		p.wantRepairs(seqs(200, 299)...)
		p.advance(10 * ms) // this time nobody asked as well: half were shared
		p.nack("anna", "300-399")
		p.wantRepairs(seqs(300, 399)...)
	})
}

// Asking again for the same says nothing about whose loss it was.
func TestRetriesAreNoLosses(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.nack("anna", "7")
		for range 100 {
			p.repairs()
			p.advance(10 * ms)
			p.nack("anna", "7")
		}
		p.wantRepairs("7")
		if a := p.asker("anna"); a.recent+a.fresh != 1 || a.Asked != 101 {
			p.Errorf("%+v", a)
		}
	})
}

func TestANackThatCrossedARepairIsIgnored(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		asked := p.now
		p.advance(ms)
		p.nackFrom(asked, "anna", "5-6")
		p.wantRepairs("5", "6")
		p.advance(ms)
		p.nackFrom(asked.Add(ms/2), "ben", "5-7") // ben knew nothing of that repair
		p.wantRepairs("7")
		p.advance(time.Hour)
		p.nackFrom(asked, "carl", "5") // however late it comes
		p.wantRepairs()
		if n := p.r.Stats().Crossed; n != 3 || p.asker("ben").Crossed != 2 {
			p.Errorf("%d crossed", n)
		}
		p.nack("anna", "5") // sent since then: the repair was lost
		p.wantRepairs("5")
	})
}

// Of a subscriber that doesn't know the publisher's time the round trip decides.
func TestANackWithoutATimeIsIgnoredForOneRoundTrip(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.nackFrom(Never, "anna", "5")
		p.wantRepairs("5")
		p.advance(ms - 1)
		p.nackFrom(Never, "anna", "5")
		p.wantRepairs()
		p.advance(1)
		p.nackFrom(Never, "anna", "5")
		p.wantRepairs("5")
		p.r.SetGroup(3, 0) // unknown
		p.advance(guessedRTT - 1)
		p.nackFrom(Never, "anna", "5")
		p.wantRepairs()
		p.advance(1)
		p.nackFrom(Never, "anna", "5")
		p.wantRepairs("5")
	})
}

func TestARepairToOneDoesNotCrossTheNackOfAnother(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.lonely("anna", aloneAt)
		asked := p.now
		p.advance(ms)
		p.nackFrom(asked, "anna", "100")
		p.wantRepairs("100>anna")
		p.nackFrom(asked, "anna", "100") // it did cross hers
		p.wantRepairs()
		p.nackFrom(asked, "ben", "100")
		p.wantRepairs("100")
	})
}

// A repair for one alone doesn't hide that the group had the frame before.
func TestARepairToTheGroupCrossesWhateverWentToOneSince(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.lonely("anna", aloneAt)
		asked := p.now
		p.advance(ms)
		p.nackFrom(asked, "ben", "100") // of him nothing is known
		p.wantRepairs("100")
		p.advance(10 * ms)
		p.nack("anna", "100") // she has missed that, alone
		p.wantRepairs("100>anna")
		p.nackFrom(asked, "carl", "100") // it did cross the group's
		p.wantRepairs()
	})
}

// A frame that Next returned, and that was not taken, still waits. A request for it
// meanwhile asks for the same repair.
func TestFrameNotTakenStillWaits(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.nack("anna", "5")
		for range 3 {
			if repair, ok := p.r.Next(p.now, Recent, p.held); !ok || repair.Seq != p.base+5 {
				p.Fatalf("%+v, %v", repair, ok)
			}
			p.advance(10 * ms)
			p.nack("anna", "5")
		}
		if s := p.r.Stats(); s.Repaired != 0 || s.Crossed != 0 {
			p.Errorf("%+v", s)
		}
		p.wantRepairs("5")
		p.nackFrom(p.now-1, "anna", "5")
		p.wantRepairs()
	})
}

func TestGone(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.send(500)
		p.nack("anna", "3", "10-19", "490-505", "1499-1600")
		p.wantAnswer("3,10-19,490-499", "")
		p.wantRepairs("500", "501", "502", "503", "504", "505", "1499")
		if n := p.r.Stats().Gone; n != 21 || p.asker("anna").Gone != 21 {
			p.Errorf("%d gone", n)
		}
		p.nack("anna", "600")
		p.wantAnswer("", "") // the answer to the NACK before is forgotten
		p.wantRepairs("600")
	})
}

// A frame that is overwritten while it waits is passed over, and counted.
func TestGoneWhileItWaited(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.nack("anna", "0-3", "10-19", "30")
		p.send(15)
		p.wantRepairs("15", "16", "17", "18", "19", "30")
		if n := p.r.Stats().Gone; n != 9 || p.asker("anna").Gone != 9 {
			p.Errorf("%d gone", n)
		}
	})
}

// A publisher that holds few frames reuses its marks, and never confuses two frames.
func TestAResendBufferOfAFewFrames(t *testing.T) {
	for _, frames := range []int{1, 2, 3, 7} {
		served(t, ResponderConfig{Frames: frames}, func(p *publisher) {
			n := uint64(frames)
			for range 20 {
				first, last := p.held.From-p.base, p.held.To-1-p.base
				p.nack("anna", fmt.Sprint(first), fmt.Sprint(last)) // the same if frames is 1
				p.send(n - 1)
				want := []string{fmt.Sprint(last)}
				if frames == 1 {
					p.nackFrom(p.now-1, "ben", fmt.Sprint(last))
				}
				p.wantRepairs(want...)
				p.nackFrom(p.now-1, "ben", fmt.Sprint(last))
				p.wantRepairs()
				p.nack("ben", fmt.Sprint(last+1))
				p.send(1) // new: nobody has asked for this one
				p.repairs()
				p.advance(10 * ms)
			}
		})
	}
}

// More held than was said costs repairs, which are counted, and nothing else.
func TestMoreHeldThanFrames(t *testing.T) {
	p := newPublisher(t, ResponderConfig{Frames: 4}, 0, 0)
	p.held = Range{0, 100}
	p.nack("anna", "92-99")
	p.wantRepairs("96", "97", "98", "99")
	if n := p.r.Stats().Refused; n != 4 {
		t.Errorf("%d refused", n)
	}
}

func TestTheRequestIsNamed(t *testing.T) {
	p := newPublisher(t, ResponderConfig{}, 0, 0)
	a, b := p.asker("anna"), p.asker("ben")
	p.r.Begin()
	p.r.Asked(p.now, a, 70, p.now, Range{1, 3}, p.held)
	p.r.Asked(p.now, a, 71, p.now, Range{3, 4}, p.held)
	p.r.Asked(p.now, b, 80, p.now, Range{9, 10}, p.held)
	for _, want := range []Repair{{Seq: 1, Request: 70, Asker: a},
		{Seq: 2, Request: 70, Asker: a}, {Seq: 3, Request: 71, Asker: a}, {Seq: 9, Request: 80,
			Asker: b}} {
		if got, ok := take(p.r, p.now, p.held); !ok || got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestConfigsThatMakeNoSense(t *testing.T) {
	for _, cfg := range []ResponderConfig{
		{}, {Frames: -5, FrameSize: -5, Budget: NewBudget(BudgetConfig{Share: -1})},
		{Budget: NewBudget(BudgetConfig{Share: math.NaN()})},
		{Budget: NewBudget(BudgetConfig{Share: math.Inf(1)})},
		{Frames: 1, FrameSize: 1 << 30, Budget: budget(1, 1), MaxQueued: 1},
		{Budget: budget(math.MaxUint64, math.MaxUint64)},
	} {
		r := NewResponder(cfg)
		r.SetGroup(-5, -5)
		r.budget.SetDataRate(0, math.MaxUint64)
		r.SetGroup(math.MaxInt, math.MaxInt64)
		a := &Asker{ID: 1}
		r.Asked(0, a, 1, Never, Range{0, math.MaxUint64}, Range{0, 5})
		r.Asked(0, a, 1, Never, Range{9, 3}, Range{5, 2})
		for {
			if _, ok := take(r, 5, Range{0, 5}); !ok {
				break
			}
		}
		if at := deadline(r, 5, Range{0, 5}); at <= 5 {
			t.Errorf("%+v: the deadline is %d", cfg, at)
		}
	}
}

// A frame that a departed subscriber asked for is repaired only if another subscriber lost it
// too, or others of a large group wait for it.
func TestForgetAnAsker(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.lonely("anna", aloneAt)
		p.lonely("ben", aloneAt)
		p.nack("anna", "100-104", "106")
		p.nack("ben", "103", "200")
		anna := p.asker("anna")
		p.r.Forget(anna)
		if n := anna.Waiting(); n != 1 {
			t.Errorf("%d frames wait for her", n)
		}
		p.wantRepairs("103", "200>ben")
		if st := p.r.Stats(); st.Dropped != 5 {
			t.Errorf("%d frames were dropped", st.Dropped)
		}
		p.nack("anna", "100") // she is back
		p.wantRepairs("100>anna")
	})
	served(t, ResponderConfig{Budget: budget(1, 1), FrameSize: 1}, func(p *publisher) {
		p.r.SetGroup(100, ms)
		p.nack("anna", "50-52") // the last of them must wait, and the group is told
		p.r.Forget(p.asker("anna"))
		p.wantRepairs("51")
		p.advance(time.Second)
		p.wantRepairs("52")
	})
}

// An asker without an address is repaired to the group, however lonely its losses are,
// and that repair serves those that asked before.
func TestOneWithoutAddressIsRepairedToTheGroup(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.asker("anna").Addr = netip.AddrPort{}
		p.lonely("anna", aloneAt)
		p.advance(time.Second)
		p.nack("anna", "100")
		p.wantRepairs("100")
		p.advance(ms)
		p.nackFrom(p.now.Add(-2*ms), "ben", "100")
		p.wantRepairs()
	})
}

// A repair that its asker asks for once more was lost; one that another asks for, or that
// crossed the request, wasn't.
func TestWhoseRepairsAreLost(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.nack("anna", "5")
		p.wantRepairs("5")
		p.nack("anna", "5") // crossed
		p.advance(10 * ms)
		p.nack("ben", "5") // whose first word it is
		p.wantRepairs("5")
		if a, b := p.asker("anna"), p.asker("ben"); a.Again != 0 || b.Again != 0 {
			p.Errorf("%+v, %+v", a, b)
		}
		p.advance(10 * ms)
		p.nack("ben", "5-6")
		p.wantRepairs("5", "6")
		if b := p.asker("ben"); b.Again != 1 || p.r.Stats().Again != 1 {
			p.Errorf("%+v", b)
		}
	})
}
