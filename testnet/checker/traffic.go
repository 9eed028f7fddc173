package checker

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/send"
	"crier/testnet/world"
)

// The Checker bounds the traffic that recovery makes:
//
//   - A frame is repaired no more often than it was asked for, and confirmed no more
//     often either. It is repaired again only for a NACK that was sent after the
//     repair before, to the same subscriber or to the group: an earlier one crossed it.
//   - The bytes of repairs, but for those, stay within the budget: a burst, and the
//     greater of the floor and the share of the data rate, at its height.
//   - CONFIRMs to the group stay within theirs.
//   - A subscriber asks for a frame once a request. It asks for it again ever more
//     rarely; and not before it has held back, where it heard a CONFIRM of it.

// The defaults of the repair budget, in bytes a second and in bytes; see nack.
const (
	repairBurst  = 256 << 10
	confirmRate  = 256 << 10
	confirmBurst = 128 << 10
	confirmRange = 4 // bytes of a CONFIRM's budget

	// catchAge is how old a frame is, at the least, that is repaired to let a
	// subscriber catch up.
	catchAge = 250 * time.Millisecond
)

// rateWindow is what a publisher measures its data rate over, at the least.
const rateWindow = 50 * time.Millisecond

// served is how often a frame was asked for, and what was done about it.
type served struct {
	asks, repairs, confirms uint32
	sent                    reliable.Time
	group                   reliable.Time // when it was last repaired for the group; 0: never
	// when it was last repaired for one alone; 0: not since then
	alone reliable.Time
	to    *world.Subscriber // and for whom: a publisher remembers one only
}

// last returns when a frame was last repaired for a subscriber, alone or with the
// group, or with nil, for the group; 0: never. A member of a team that shares by message has two
// receivers, which ask each for itself: what was for it alone may have been for the other one.
func (f *served) last(sub *world.Subscriber) reliable.Time {
	if sub != nil && sub == f.to && sub.Config().Team.Share != reliable.ByMessage {
		return max(f.group, f.alone)
	}
	return f.group
}

func (f *served) repaired(now reliable.Time, sub *world.Subscriber) {
	if sub == nil {
		f.group, f.alone, f.to = now, 0, nil
		return
	}
	f.alone, f.to = now, sub
}

// traffic is what a publisher was asked for in one stream, and sent to recover what was lost.
type traffic struct {
	firstSeq uint64   // of the session
	frames   []served // by sequence number
}

// spent is what a publisher sent in all streams of a session, which share the budgets.
type spent struct {
	repairs uint64 // bytes
	ranges  uint64 // of CONFIRMs
	window  uint64 // bytes of DATA since from
	from    reliable.Time
	highest uint64 // DATA rate in any window, in bytes a second
}

// frame returns what is known of a frame that was sent.
func (x *traffic) frame(seq uint64) *served {
	i := seq - x.firstSeq
	for uint64(len(x.frames)) <= i {
		x.frames = append(x.frames, served{})
	}
	return &x.frames[i]
}

// each calls fn for each frame of ranges that was sent.
func (t *truth) each(ranges []nack.Range, fn func(seq uint64, f *served)) {
	for _, r := range ranges {
		for r = r.Clip(t.s.FirstSeq, t.next()); r.From < r.To; r.From++ {
			fn(r.From, t.traffic.frame(r.From))
		}
	}
}

// data measures the data rate.
func (x *spent) data(now reliable.Time, bytes int) {
	if now.Sub(x.from) >= rateWindow {
		x.window, x.from = 0, now
	}
	x.window += uint64(bytes)
	x.highest = max(x.highest, x.window*uint64(time.Second/rateWindow))
}

// budget returns how many bytes of repairs may go out in a second. What one of the
// publisher's windows holds may be in three of the Checker's.
func (x *spent) budget(cfg *send.Repair) uint64 {
	return max(cfg.Floor.Bytes(), uint64(cfg.Share*float64(3*x.highest)))
}

// allowed returns what a rate allows up to now, in whole.
func (t *truth) allowed(rate uint64) uint64 {
	return (uint64(t.c.w.Now().Sub(t.s.Start)/time.Millisecond) + 1) * (rate/1000 + 1)
}

// judgeRepair asks whether a repair was called for.
func (t *truth) judgeRepair(now reliable.Time, p *world.Datagram) {
	seq, pub := p.Frame.Data.Seq, t.s.Publisher
	f := t.traffic.frame(seq)
	behind := !p.ToGroup() && (now.Sub(f.sent) >= catchAge || t.mayLack(seq)) // or on disk
	if f.repairs++; f.repairs > f.asks {
		t.c.fail("%v repairs frame %d for the %d. time, and was asked for it %d times", pub, seq,
			f.repairs, f.asks)
	} else if last := f.last(p.Target); !p.Nowhere && last != 0 &&
		!t.askedSince(f, seq, p.Target) &&
		// of what is on disk it forgets that the group got it
		(p.Target == nil || last != f.group || !t.mayLack(seq)) {
		t.c.fail("%v repairs frame %d again, %v after the last time, and nobody asked for it "+
			"since then", pub, seq, now.Sub(last))
	}
	if !p.Nowhere { // where it can't come, no NACK crosses it
		f.repaired(now, p.Target)
	}
	if behind {
		return
	}
	t.spent.repairs += uint64(len(p.Data))
	most := t.allowed(t.spent.budget(&t.cfg.Sender.Repair)) +
		max(repairBurst, uint64(t.datagram))
	if t.spent.repairs > most {
		t.c.fail("%v has sent %d bytes of repairs, and its budget is %d", pub, t.spent.repairs,
			most)
	}
}

// askedSince reports whether a NACK for a frame was sent after the frame's last repair for
// the sender of the NACK. That sender is sub, or any subscriber if sub is nil. A NACK that
// doesn't tell when it was sent counts. So does any NACK of another subscriber: a publisher knows
// one only that a frame went to alone, the last one that asked.
func (t *truth) askedSince(f *served, seq uint64, sub *world.Subscriber) bool {
	// A repair is on its way once it is in a batch, and the batch may be with the
	// socket, or the process paused, for a while.
	batch := reliable.Time(1000 * t.cfg.Write)
	last := f.last(sub) - batch
	if t.woken >= last || t.cfg.Sender.MaxMembers != send.DefaultMaxMembers {
		return true // nor whom those without a row are taken for
	}
	for i := len(t.answers.asks) - 1; i >= 0 && t.answers.asks[i].at >= last; i-- {
		a := &t.answers.asks[i]
		switch {
		case !a.contains(seq):
		case sub != nil && a.sub != sub:
			return true
		case a.sent > f.last(a.sub)-batch || !a.echoes:
			return true
		}
	}
	return false
}

// judgeConfirm asks whether a CONFIRM was called for.
func (t *truth) judgeConfirm(p *world.Datagram) {
	pub, f := t.s.Publisher, p.Frame
	t.each(f.Ranges, func(seq uint64, f *served) {
		if f.confirms++; f.confirms > f.asks {
			t.c.fail("%v confirms frame %d for the %d. time, and was asked for it %d times", pub,
				seq, f.confirms, f.asks)
		}
	})
	if !p.ToGroup() {
		return
	}
	t.spent.ranges += uint64(len(f.Ranges))
	rate := max(confirmRate, t.spent.budget(&t.cfg.Sender.Repair)/64)
	if most := t.allowed(rate) + confirmBurst; t.spent.ranges*confirmRange > most {
		t.c.fail("%v has confirmed %d ranges, and its budget is %d", pub, t.spent.ranges,
			most/confirmRange)
	}
}
