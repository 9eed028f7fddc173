package checker

import (
	"time"

	"crier/reliable"
	"crier/testnet/world"
)

// view is what the Checker knows of one session at one subscriber. Each part owns what it
// remembers, and the rules about that alone; view has those that join several parts.
type view struct {
	// What each frame and message is judged by comes first, here and in the parts: of a
	// thousand views, most are out of the processor's cache when their turn comes.

	pair
	help reliable.Time // when a repair, CONFIRM or GONE came last, or the process woke
	woke reliable.Time // when the process woke last

	pulse    pulse       // pulse.go: that it lives
	delays   delays      // delays.go: how long its packets take
	arrivals arrivals    // arrivals.go: which frames came, which are missing
	app      application // application.go: what was delivered, or reported lost
	start    start       // start.go: where the session begins

	requests  requests             // requests.go: NACKs
	*follower                      // whole.go: what it shares with the session's other streams
	forks     []reliable.SessionID // stream.go: sessions that it is said to have forked from
	holders   holders              // holders.go: what holders were asked, and lack

	certificates certificates // certificate.go: inquests
	kept         kept         // serve.go: what it repeats for others
}

func newView(c *Checker, sub *world.Subscriber, t *truth) *view {
	cfg := c.ear(sub).cfg
	recovery, _ := cfg.Receiver.Recovery.Complete() // New has checked it
	v := &view{pair: pair{c: c, t: t, s: t.s, sub: sub, cfg: cfg, recovery: recovery,
		inOrder: cfg.Receiver.Order == reliable.InOrder, works: cfg.Work > 0,
		copies: cfg.CopyFrames}}
	p := &v.pair
	v.delays.least = 1000 * time.Second
	v.delays.most, v.delays.mostSinceMade = c.expected, c.expected
	v.arrivals = arrivals{pair: p, high: t.s.FirstSeq, offset: t.s.FirstOffset, base: t.s.FirstSeq}
	v.app = application{pair: p, told: t.s.FirstOffset}
	v.start.pair = p
	v.requests.pair, v.certificates.pair, v.kept.pair = p, p, p
	v.follower = c.ear(sub).follower(c, t.s)
	v.pulse = pulse{pair: p, life: &v.follower.life}
	if v.statuses == nil {
		v.statuses = &statuses{pair: p, every: statusLeast, next: statusLeast}
	}
	return v
}

// event judges what the application is told.
func (v *view) event(ev *reliable.Event) {
	if !v.sub.Wants(v.s) {
		v.fail("%v is told, and it doesn't follow that", ev.Kind)
		return
	}
	if aside := !ev.Source.IsValid() && v.holders.told; !v.s.WasAt(ev.Source) && !aside {
		v.fail("%v comes from %v, and the publisher is at %v", ev.Kind, ev.Source, v.s.Source)
	}
	if ev.Kind == reliable.SessionMoved || ev.Kind == reliable.SessionContested {
		v.judgeMoved(ev)
		return
	}
	if ev.Kind == reliable.FeedDown || ev.Kind == reliable.FeedUp {
		v.c.tally.Events[ev.Kind]++
		v.feed(ev)
		return
	}
	if ev.Kind == reliable.StreamForked || ev.Kind == reliable.StreamContested {
		v.c.tally.Events[ev.Kind]++
		if ev.Kind == reliable.StreamForked {
			v.fork(ev)
		}
		return
	}
	if !v.app.allows(ev.Kind) && !v.extends(ev) {
		v.fail("%v comes after %q", ev.Kind, v.app.phase)
		return
	}
	v.c.tally.Events[ev.Kind]++
	switch ev.Kind {
	case reliable.Message:
		v.message(ev)
		return
	case reliable.Loss:
		v.loss(ev)
		return
	}
	inquest := v.app.inquires()
	v.app.phase = ev.Kind
	switch ev.Kind {
	case reliable.SessionResumed:
		v.pulse.aside = false
		v.holders.extended = v.holders.told
		v.certificates.resume(ev.Certificate)
	case reliable.SessionInquest:
		v.pulse.judgeSilent(v.holders.final || v.holders.extended)
		v.certificates.inquest(v.c.w.Now())
	case reliable.SessionAmended:
		v.app.phase = reliable.SessionSilent
		v.certificates.amend(ev.Certificate)
	case reliable.SessionSilent:
		v.certificates.end(ev.Certificate, inquest)
		v.pulse.judgeSilent(v.holders.final || v.holders.extended)
		late := inquest && v.certificates.late && v.pulse.byeAt > v.certificates.made
		v.pulse.judgeOpen(v.app.begun, v.holders.final, late)
		if !v.works {
			v.pulse.hushed = v.c.w.Now() // else it may be told of several at once
		}
	case reliable.SessionEnded:
		v.judgeEnded(ev.Cause)
	case reliable.SessionNew:
		v.app.begun = v.c.w.Now()
	}
}

// extends reports whether an event tells of what lies behind the end of a certificate.
func (v *view) extends(ev *reliable.Event) bool {
	last := v.certificates.last
	if v.app.phase != reliable.SessionSilent || last == nil {
		return false
	}
	return ev.Kind == reliable.Message && ev.Offset >= last.NextOffset ||
		ev.Kind == reliable.Loss && ev.Lost.From >= last.NextOffset
}

// advance takes the messages [from, to) as told.
func (v *view) advance(how string, from, to uint64) {
	if a := &v.app; !a.known {
		a.known, a.begin, a.next = true, from, from
		if v.inOrder {
			v.start.judge(from)
		}
	}
	v.app.advance(how, from, to)
}

// bound is the stated time; see Checker.
func (v *view) bound() time.Duration {
	wait := v.pulse.silence() + v.delays.mostSinceMade
	if n := len(v.holders.ids); n > 0 { // each may be mute, and be asked once more
		wait += 2 * time.Duration(n) * v.patience()
	}
	if m := v.recovery.MaxWait; m > 0 {
		wait = m
	}
	if v.certificates.began != 0 {
		wait += v.certificates.deadline()
	}
	return wait + 100*time.Millisecond + 6*v.delays.roundTrip() + leastBound
}

// leastBound is the part of bound that is never missing.
const leastBound = time.Second
