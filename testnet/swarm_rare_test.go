package testnet

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// rareState is a sequence of events that few seeds come to, and in which something went
// wrong once, or easily could. The seeds that every test run plays must reach each: a
// change of the swarm that no longer does would leave it unjudged.
type rareState int

const (
	repairAfterGone rareState = iota // a frame that was denied comes as a repair all the same
	goneAfterRepair                  // and the other way round: its repair crossed the GONE
	nacksClose                       // a NACK follows another within a millisecond
	// a frame that was late, and not lost, comes behind its repair
	originalAfterRepair
	repairAfterLoss       // a repair comes for what was named lost
	byeTwice              // a BYE comes again while the first one's gaps are open
	dataAfterBye          // what was missing comes behind the BYE
	subscriberSleptAsking // a subscriber is suspended with a NACK under way
	publisherSleptAsked   // a publisher is suspended with a NACK under way
	// a publisher hears the echo of a time before it was suspended
	echoOverSleep
	resumedMissing        // a session comes back in which something was lost
	leftAsking            // a subscriber leaves with a NACK under way
	confirmedThenRepaired // what was put off by a CONFIRM comes
	confirmedThenGone     // what was put off by a CONFIRM is denied
	spanLostInside        // of a message that spans frames a middle one is lost
	// a frame that tells of dropped messages comes as a repair
	skippedLost
	roomlessThenRepaired // what found no room comes again
	twoCauses            // losses for different causes follow each other
	rareStates
)

var rareNames = [rareStates]string{
	"a repair after GONE", "GONE after a repair", "a NACK right after another",
	"an original after its repair",
	"a repair after the loss", "BYE twice", "data after BYE",
	"a subscriber asleep with a NACK under way",
	"a publisher asleep with a NACK under way", "an echo from before a sleep",
	"a session that comes back with a loss",
	"a subscriber that leaves with a NACK under way", "a repair after CONFIRM",
	"GONE after CONFIRM",
	"a hole amid a message", "dropped messages told by a repair",
	"a frame that found no room, and comes again",
	"two causes side by side",
}

// rareSeeds come to the rarest of them.
var rareSeeds = []uint64{330, 421, 699, 722, 785, 799, 822, 1032, 1118, 1142}

// rare counts the runs that reached each state, over all seeds.
var rare struct {
	sync.Mutex
	runs [rareStates]int
}

// wantRare fails for the states that no run has reached.
func wantRare(t *testing.T) {
	rare.Lock()
	defer rare.Unlock()
	var list []string
	for state, runs := range rare.runs {
		list = append(list, fmt.Sprintf("%d %s", runs, rareNames[state]))
		if runs == 0 {
			t.Errorf("none of these seeds reaches %s", rareNames[state])
		}
	}
	t.Logf("runs that reach: %s", strings.Join(list, ", "))
}

// rareWatch watches one World for rare states.
type rareWatch struct {
	w       *world.World
	reached [rareStates]bool
	views   map[rareKey]*rareView
	slept   map[*world.Publisher]reliable.Time // when it woke last
	told    map[*world.Publisher]reliable.Time // when a NACK reached it last
}

type rareKey struct {
	sub *world.Subscriber
	s   *world.Session
}

// rareView is what came to one subscriber of one session.
type rareView struct {
	gone, confirmed, lost []nack.Range // the last of them; lost are offsets
	data, repaired        map[uint64]bool
	nackAt                reliable.Time
	bye, ended            bool
	lostTo                uint64
	cause                 reliable.Cause
}

func watchRare(w *world.World) *rareWatch {
	r := &rareWatch{
		w: w, views: map[rareKey]*rareView{}, slept: map[*world.Publisher]reliable.Time{},
		told: map[*world.Publisher]reliable.Time{},
	}
	w.Observe(world.Observer{Sent: r.sent, Answered: r.answered, Arrived: r.arrived, Told: r.event,
		Woke: r.woke})
	return r
}

// done adds what was reached to the sum of all runs.
func (r *rareWatch) done() {
	rare.Lock()
	defer rare.Unlock()
	for state, reached := range r.reached {
		if reached {
			rare.runs[state]++
		}
	}
}

func (r *rareWatch) view(sub *world.Subscriber, s *world.Session) *rareView {
	key := rareKey{sub, s}
	v := r.views[key]
	if v == nil {
		v = &rareView{data: map[uint64]bool{}, repaired: map[uint64]bool{}}
		r.views[key] = v
	}
	return v
}

func (r *rareWatch) reach(state rareState, reached bool) {
	r.reached[state] = r.reached[state] || reached
}

func (r *rareWatch) sent(d *world.Datagram) {
	if d.Subscriber == nil || d.Frame.Kind != frame.Nack {
		return
	}
	sub, s := d.Subscriber, r.w.SessionOf(d.Frame)
	if s == nil {
		return
	}
	v := r.view(sub, s)
	r.reach(nacksClose, v.nackAt != 0 && r.w.Now().Sub(v.nackAt) < time.Millisecond &&
		r.w.Now() != v.nackAt)
	v.nackAt = r.w.Now()
}

func (r *rareWatch) answered(d *world.Datagram) {
	if d.Frame == nil {
		return
	}
	s, pub := d.Session, d.Publisher
	if d.Frame.Kind == frame.Nack {
		r.told[pub] = r.w.Now()
	}
	if woke := r.slept[pub]; woke != 0 && d.Frame.Echo != 0 {
		r.reach(echoOverSleep, s.Start.Add(time.Duration(d.Frame.Echo)) < woke)
	}
}

func (r *rareWatch) arrived(d *world.Datagram, sub *world.Subscriber) {
	s, f := d.Session, d.Frame
	if s == nil || f == nil {
		return
	}
	v := r.view(sub, s)
	switch f.Kind {
	case frame.Data:
		r.reach(originalAfterRepair, v.repaired[f.Seq] && !v.data[f.Seq])
		r.reach(dataAfterBye, v.bye && !v.data[f.Seq] && !v.repaired[f.Seq])
		v.data[f.Seq] = true
	case frame.Repair:
		if f.Data == nil {
			return
		}
		seq := f.Data.Seq
		r.reach(repairAfterGone, holds(v.gone, seq))
		r.reach(confirmedThenRepaired, holds(v.confirmed, seq))
		r.reach(repairAfterLoss, !v.data[seq] && !v.repaired[seq] && holds(v.lost, f.Data.Offset))
		r.reach(dataAfterBye, v.bye && !v.data[seq] && !v.repaired[seq])
		r.reach(skippedLost, !v.data[seq] && slices.ContainsFunc(f.Data.Chunks,
			func(c frame.Chunk) bool { return c.Skip > 0 }))
		middle := frame.Continues | frame.Unfinished
		r.reach(spanLostInside, !v.data[seq] && f.Data.Flags&middle == middle)
		v.repaired[seq] = true
	case frame.Gone:
		for _, g := range f.Ranges {
			for seq := range v.repaired {
				r.reach(goneAfterRepair, g.Contains(seq) && !v.data[seq])
			}
			for _, c := range v.confirmed {
				r.reach(confirmedThenGone, g.Clip(c.From, c.To).Len() > 0)
			}
		}
		v.gone = keepLast(v.gone, f.Ranges)
	case frame.Confirm:
		v.confirmed = keepLast(v.confirmed, f.Ranges)
	case frame.Bye:
		r.reach(byeTwice, v.bye && !v.ended)
		v.bye = true
	}
}

func (r *rareWatch) event(sub *world.Subscriber, ev *reliable.Event) {
	s := r.w.Session(ev.Session, ev.Partition)
	if s == nil {
		return
	}
	v := r.view(sub, s)
	switch ev.Kind {
	case reliable.Loss:
		r.reach(twoCauses, v.lostTo == ev.Lost.From && v.cause != 0 && v.cause != ev.Cause)
		v.lostTo, v.cause = ev.Lost.To, ev.Cause
		v.lost = keepLast(v.lost, []nack.Range{ev.Lost})
	case reliable.SessionResumed:
		r.reach(resumedMissing, len(v.lost) > 0)
	case reliable.SessionEnded:
		v.ended = true
		r.reach(leftAsking, ev.Cause == reliable.CauseClosed && v.nackAt != 0 &&
			r.w.Now().Sub(v.nackAt) < 20*time.Millisecond)
	case reliable.Message:
		r.reach(roomlessThenRepaired, ev.Recovered && r.noRoom(sub, s))
	}
}

// noRoom says whether a subscriber had no room for a frame of a session.
func (r *rareWatch) noRoom(sub *world.Subscriber, s *world.Session) bool {
	if r.reached[roomlessThenRepaired] {
		return true
	}
	for _, st := range sub.Sessions() {
		if st.ID == s.ID {
			return st.NoRoom > 0
		}
	}
	return false
}

func (r *rareWatch) woke(p *world.Publisher, sub *world.Subscriber, since reliable.Time) {
	if p != nil {
		r.slept[p] = r.w.Now()
		r.reach(publisherSleptAsked, r.told[p] != 0 && r.told[p] <= since &&
			since.Sub(r.told[p]) < 20*time.Millisecond)
		return
	}
	for key, v := range r.views {
		if key.sub == sub {
			r.reach(subscriberSleptAsking, v.nackAt != 0 && v.nackAt <= since &&
				since.Sub(v.nackAt) < 20*time.Millisecond)
		}
	}
}

func holds(ranges []nack.Range, n uint64) bool {
	return slices.ContainsFunc(ranges, func(r nack.Range) bool { return r.Contains(n) })
}

// keepLast adds ranges to a list that keeps the last few.
func keepLast(list, more []nack.Range) []nack.Range {
	list = append(list, more...)
	return list[max(0, len(list)-100):]
}
