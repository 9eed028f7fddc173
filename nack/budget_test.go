package nack

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// seqs lists from to to, both included, as repairs to the group.
func seqs(from, to int) (list []string) {
	for ; from <= to; from++ {
		list = append(list, fmt.Sprint(from))
	}
	return list
}

// 10 frames at once, then one each millisecond: all for one subscriber, since it
// is the only one.
func TestTheBudgetHoldsBack(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(1000000, 10000)}, func(p *publisher) {
		p.r.SetGroup(1, ms)
		p.nack("anna", "0-29")
		p.wantAnswer("", "10-29") // these wait, and anna shall not think that nobody heard
		p.wantRepairs(seqs(0, 9)...)
		for i := 10; i < 30; i++ {
			wait := deadline(p.r, p.now, p.held).Sub(p.now)
			if wait != ms {
				p.Fatalf("the next repair may go out in %v", wait)
			}
			p.advance(wait - 1)
			p.wantRepairs()
			p.advance(1)
			p.wantRepairs(fmt.Sprint(i))
		}
		if at := deadline(p.r, p.now, p.held); at != Never {
			p.Errorf("nothing waits, and the deadline is %d", at)
		}
		if n := p.r.Stats().Throttled; n == 0 {
			p.Error("nothing was counted as throttled")
		}
	})
}

// A second request for a waiting frame is confirmed again, and the frame waits once.
func TestWaitingFrameIsConfirmedAgain(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(1000000, 10000)}, func(p *publisher) {
		p.nack("anna", "0-14")
		p.wantAnswer("", "10-14")
		p.repairs()
		p.advance(ms / 2)
		p.nack("anna", "10-14")
		p.wantAnswer("", "10-14")
		p.nack("ben", "12", "14") // the word of that is on its way to him
		p.wantAnswer("", "")
		p.advance(1)
		p.nack("ben", "12", "14") // it was lost
		p.wantAnswer("", "12,14")
		if n := p.asker("anna").Waiting(); n != 5 {
			p.Errorf("%d frames wait", n)
		}
		for range 100 {
			p.advance(10 * ms)
			p.repairs()
		}
		if s := p.r.Stats(); s.Repaired != 15 || s.ToGroup != 15 {
			p.Errorf("%+v", s)
		}
	})
}

func TestRepairsGetTheirShareOfTheDataRate(t *testing.T) {
	served(t, ResponderConfig{Budget: NewBudget(
		BudgetConfig{Floor: 1000, Burst: 1000, Share: 0.25})}, func(p *publisher) {
		p.r.SetGroup(1, ms)
		p.r.budget.SetDataRate(p.now, 8000000)
		p.nack("anna", "0-1")
		p.wantRepairs("0")
		if wait := deadline(p.r, p.now, p.held).Sub(p.now); wait != 500*us {
			p.Errorf("at 2 MB/s a repair of 1,000 bytes waits %v", wait)
		}
		p.r.budget.SetDataRate(p.now, 0) // the floor holds
		if wait := deadline(p.r, p.now, p.held).Sub(p.now); wait != time.Second {
			p.Errorf("at 1 kB/s a repair of 1,000 bytes waits %v", wait)
		}
		p.advance(time.Second)
		p.wantRepairs("1")
	})
}

// One that loses everything has half of the budget; the other half is there for
// the rest.
func TestTheQuotaProtectsTheOthers(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(1000000, 20000), MaxQueued: 900}, func(p *publisher) {
		p.nack("bad", "0-899")
		start := p.now
		good := 0
		for p.now.Sub(start) < 400*ms {
			p.repairs()
			p.advance(4 * ms)
			frame := fmt.Sprint(900 + good%100)
			p.nack("good", frame)
			for _, repair := range p.repairs() {
				if repair == frame || repair == frame+">good" {
					good++
					break
				}
			}
		}
		if good != 100 {
			p.Errorf("of 100 frames of the good one %d were repaired at once", good)
		}
		// 20 at once, and half of 1,000 a second.
		if n := 900 - p.asker("bad").Waiting(); n < 190 || n > 225 {
			p.Errorf("the bad one got %d in 400 ms", n)
		}
		p.send(1000)
		p.repairs()
	})
}

// However much one has waiting, the next one's turn comes after a few frames.
func TestNobodyStarves(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(1000000, 1000)}, func(p *publisher) {
		var ranges []string
		for i := range 400 {
			ranges = append(ranges, fmt.Sprint(2*i))
		}
		p.nack("bad", ranges...)
		for i := range 20 {
			p.nack(fmt.Sprint("good", i), fmt.Sprint(2*i+1))
		}
		left := map[string]bool{}
		for i := range 20 {
			left[fmt.Sprint(2*i+1)] = true
		}
		for n := 0; len(left) > 0; n++ {
			if n > 20+2*quantum {
				p.Fatalf("after %d repairs %v still wait", n, left)
			}
			p.advance(2 * ms)
			for _, repair := range p.repairs() {
				delete(left, repair)
			}
		}
		p.send(1000)
		p.repairs()
	})
}

// Two that ask for the same time after time are served alike.
func TestTurnsAreFair(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(1000000, 1000)}, func(p *publisher) {
		p.nack("anna", "0-299")
		p.nack("ben", "300-599")
		for range 320 {
			p.advance(ms)
			p.repairs()
		}
		a, b := p.asker("anna").Waiting(), p.asker("ben").Waiting()
		if d := int(a) - int(b); a+b < 270 || a+b > 290 || d < -quantum || d > quantum {
			p.Errorf("%d and %d wait", a, b)
		}
		p.send(1000)
		p.repairs()
	})
}

func TestTooManyWaiting(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(1, 1000), MaxQueued: 10}, func(p *publisher) {
		p.nack("anna", "0-19")
		if a := p.asker("anna"); a.Waiting() != 10 || a.Refused != 10 || p.r.Stats().Refused != 10 {
			p.Errorf("%+v", a)
		}
		p.nack("ben", "10-19") // his own room
		if a := p.asker("ben"); a.Waiting() != 10 || a.Refused != 0 {
			p.Errorf("%+v", a)
		}
		p.send(1000)
		p.repairs()
		p.nack("anna", "1000-1019") // there is room again
		if a := p.asker("anna"); a.Waiting() != 10 {
			p.Errorf("%+v", a)
		}
		p.send(1000)
		p.repairs()
	})
}

// Two that ask for all they can, each frame on its own, take no room from one that
// asks for one frame.
func TestTwoThatAskForMuchDontStarveOne(t *testing.T) {
	served(t, ResponderConfig{Frames: 20000, Budget: budget(1000000, 0)}, func(p *publisher) {
		var bad [2][]string
		for i := range 4096 {
			bad[0] = append(bad[0], fmt.Sprint(2*i))
			bad[1] = append(bad[1], fmt.Sprint(10000+2*i))
		}
		p.nack("bad", bad[0]...)
		p.nack("worse", bad[1]...)
		p.nack("good", "9001")
		p.repairs()
		if a := p.asker("good"); a.Waiting() != 0 || a.Refused != 0 {
			p.Errorf("%d frames of the good one wait and %d were refused", a.Waiting(), a.Refused)
		}
		p.send(20000)
		p.repairs()
	})
}

// Nor does an asker that asks for everything first delay a frame for another that misses
// only that one.
func TestSharedFrameDoesntWaitBehindTheFirstAsker(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(1000000, 10000)}, func(p *publisher) {
		p.nack("bad", "0-999")
		p.repairs()
		p.nack("good", "990")
		got := ""
		for range quantum + 2 {
			p.advance(ms)
			got += fmt.Sprint(p.repairs())
		}
		if !strings.Contains(got, "990") {
			p.Errorf("990 is not among the next repairs: %s", got)
		}
		p.send(1000)
		p.repairs()
	})
}

// A NACK can name all that is held in a few bytes: it gets a part of it, lowest
// first, and the rest when it is asked for again.
func TestTooMuchInOneNack(t *testing.T) {
	served(t, ResponderConfig{MaxAsked: 10}, func(p *publisher) {
		p.nack("anna", "0-3", "5", "10-999")
		p.wantRepairs("0", "1", "2", "3", "5", "10", "11", "12", "13", "14")
		if a := p.asker("anna"); a.Asked != 995 || a.Refused != 985 || p.r.Stats().Refused != 985 {
			p.Errorf("%+v", a)
		}
		p.nack("anna", "15-999")
		p.wantRepairs(seqs(15, 24)...)
	})
}

// A NACK of a few bytes, time after time, must not keep the publisher busy: beyond
// ScanRate it is refused in one step. Others are heard as ever.
func TestAskingForEverythingTimeAfterTime(t *testing.T) {
	served(t, ResponderConfig{Frames: 1400, MaxAsked: 500, ScanRate: 1000}, func(p *publisher) {
		for range 10000 {
			p.nack("mallory", "0-999")
			p.advance(100 * us)
			take(p.r, p.now, p.held)
		}
		a := p.asker("mallory")
		if looked := a.Asked - a.Refused; looked > 4*500+1000 || looked < 2000 {
			p.Errorf("in a second %d frames of a hostile subscriber's NACKs were looked at", looked)
		}
		p.nack("anna", "1200")
		if a := p.asker("anna"); a.Refused != 0 {
			p.Errorf("anna: %+v", a)
		}
		p.send(1400)
		p.repairs()
	})
}

// Nor must it fill the network with CONFIRMs: they have a budget of their own.
func TestConfirmsHaveABudget(t *testing.T) {
	served(t, ResponderConfig{Budget: NewBudget(
		BudgetConfig{Floor: 1, Burst: 1000, Confirms: 10000})}, func(p *publisher) {
		p.nack("mallory", "0-9")
		told := 0
		for range 1000 {
			p.advance(10 * ms)
			p.nack("mallory", "5")
			told += len(p.answer.Confirm)
		}
		// 128 KiB at once and 10 kB a second, of 68 bytes each: so they all fit.
		if told != 1000 {
			p.Errorf("%d CONFIRMs of 1,000", told)
		}
		for range 5000 {
			p.advance(100 * us)
			p.nack("mallory", "5")
			told += len(p.answer.Confirm)
		}
		if most := (confirmBurst + 10500*10000/1000) / (confirmFrame + confirmRange); told > most {
			p.Errorf("%d CONFIRMs in 10.5 s, at most %d fit the budget", told, most)
		}
		if n := p.r.Stats().Unconfirmed; n == 0 {
			p.Error("nothing was counted as unconfirmed")
		}
		p.send(1000)
		p.repairs()
	})
}

// Tokens that come one by one are not worth a timer each.
func TestWhatWaitsGoesAFewAtATime(t *testing.T) {
	served(t, ResponderConfig{Budget: budget(100_000_000, 10000)}, func(p *publisher) {
		p.r.SetGroup(1, ms)
		p.nack("anna", "0-49")
		p.wantRepairs(seqs(0, 9)...)
		wait := deadline(p.r, p.now, p.held).Sub(p.now)
		if wait != 100*us { // ten frames' worth of tokens: a bucket holds no more
			p.Errorf("the next repairs may go out in %v", wait)
		}
		p.advance(wait)
		p.wantRepairs(seqs(10, 19)...)
		for waiting(p.r) > 0 {
			p.advance(wait)
			p.repairs()
		}
	})
}

// A NACK for all sequence numbers costs no more than one for the frames held.
func TestHostileRanges(t *testing.T) {
	served(t, ResponderConfig{}, func(p *publisher) {
		p.send(5)
		for range 3 {
			p.r.Begin()
			p.r.Asked(p.now, p.asker("mallory"), 1, p.now, Range{0, math.MaxUint64}, p.held)
			a := p.r.Answer()
			if len(a.Gone) != 1 || a.Gone[0] != (Range{0, p.held.From}) || len(a.Confirm) > 1 {
				p.Fatalf("%+v", a)
			}
			p.check()
		}
		s := p.r.Stats()
		if s.Asked != 3000 || p.asker("mallory").Waiting() != 1000 {
			p.Errorf("%+v", s)
		}
		if n := len(p.repairs()); n != 262 { // 256 KiB at once
			p.Errorf("%d repairs", n)
		}
		p.send(1400)
		p.repairs()
	})
}

// Whatever is asked, every frame held is repaired or counted, in the end; the
// budget is kept; and the queue's sums are right.
func TestResponderAtRandom(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 12
	}
	for seed := range seeds {
		start := starts[seed%uint64(len(starts))]
		rand := NewRand(seed, 9)
		cfg := ResponderConfig{
			Frames: 1 + int(rand.Below(200)), FrameSize: 1 + int(rand.Below(1500)),
			Budget:    budget(1+rand.Below(2000000), 1+rand.Below(20000)),
			MaxQueued: 1 + rand.Below(100),
		}
		p := newPublisher(t, cfg, start.seq, start.now)
		p.r.SetGroup(int(rand.Below(20)), time.Duration(rand.Below(uint64(2*ms))))
		begin := p.now
		sent := uint64(0)
		for range 500 {
			switch rand.Below(4) {
			case 0:
				p.send(rand.Below(20))
			case 1:
				p.advance(time.Duration(rand.Below(uint64(5 * ms))))
			default:
				var ranges []string
				at := p.held.From - p.base - min(p.held.From-p.base, 10)
				for range 1 + rand.Below(5) {
					from := at + rand.Below(30)
					at = from + 1 + rand.Below(10)
					ranges = append(ranges, fmt.Sprintf("%d-%d", from, at-1))
				}
				when := p.now.Add(-time.Duration(rand.Below(uint64(4 * ms))))
				if rand.Below(3) == 0 {
					when = Never
				}
				p.nackFrom(when, fmt.Sprint(rand.Below(6)), ranges...)
			}
			sent += uint64(len(p.repairs()))
			most := p.r.budget.repairs[Recent].burst +
				uint64(p.now.Sub(begin))*p.r.budget.cfg.Floor/uint64(time.Second) + 1
			if sent*uint64(p.r.cfg.FrameSize) > most {
				t.Fatalf("seed %d: %d repairs of %d bytes, with %d bytes of budget", seed, sent,
					p.r.cfg.FrameSize, most)
			}
		}
		for waiting(p.r) > 0 { // what waits goes out in the end
			p.now = max(p.now, deadline(p.r, p.now, p.held))
			if len(p.repairs()) == 0 && waiting(p.r) > 0 && deadline(p.r, p.now, p.held) == Never {
				t.Fatalf("seed %d: %d frames wait for ever", seed, waiting(p.r))
			}
		}
		s, queued := p.r.Stats(), uint64(0)
		for _, a := range p.askers {
			queued += a.Waiting()
		}
		if queued != 0 || s.Repaired < s.ToGroup || s.Asked < s.Crossed+s.Refused {
			t.Fatalf("seed %d: %+v, %d still queued", seed, s, queued)
		}
	}
}

// Responders that share a Budget keep it together.
func TestRespondersShareABudget(t *testing.T) {
	const size, burst, floor = 1000, 20 * 1000, 100 * 1000
	shared := budget(floor, burst)
	held, bytes := Range{0, 1000}, uint64(0)
	var responders [3]*Responder
	for i := range responders {
		responders[i] = NewResponder(ResponderConfig{Frames: 1000, FrameSize: size, Budget: shared})
		responders[i].SetGroup(1, ms)
		a := &Asker{ID: uint64(i + 1)}
		responders[i].Begin()
		responders[i].Asked(0, a, 1, 0, Range{0, 500}, held)
	}
	second := Time(0).Add(time.Second)
	for now := Time(0); now <= second; now = now.Add(ms) {
		for _, r := range responders {
			for {
				if _, ok := take(r, now, held); !ok {
					break
				}
				bytes += size
			}
		}
	}
	if bytes > burst+floor || bytes < burst+floor-size*uint64(len(responders)) {
		t.Errorf("%d bytes of repairs went out, want %d", bytes, burst+floor)
	}
}
