package inquest

import (
	"net/netip"
	"slices"
	"time"

	"crier/reliable"
)

// A Room bounds what all inquests of a process take together: 131,072 ranges of members, 32,768
// members, and those of four sessions at once, each of all its channels. Others wait for their
// turn. The zero value is ready. It is not safe for concurrent use.
type Room struct {
	ranges, members int
	// turns are the sessions whose inquests go on, held those inquests, and queue those that wait,
	// in order.
	turns       []turn
	held, queue []*Inquest
}

// turn is a session some of whose inquests go on.
type turn struct {
	session  uint64
	home     netip.Addr
	inquests int
}

const (
	// MaxMembers bounds the members of one inquest, this survivor among them.
	MaxMembers = 1024

	// Each member takes one range where there is no room for more, so 131,072 are never exceeded.
	maxRanges  = 131072 - maxRows
	maxRows    = 32768
	maxRunning = 4
	// share is how many times what is free one inquest may take: so another finds room, and
	// one that is alone takes most.
	share = 4
	// roomPoll is how often one that waits looks whether it is its turn, and longestTurn how long
	// it waits for that.
	roomPoll    = 50 * milli
	longestTurn = 2 * time.Minute
)

const milli = 1000 * 1000 // nanoseconds, as a time.Duration or a reliable.Time

// enter gives an inquest one of the places, or has it wait. The channels of a session fell silent
// together, and share its place: what of it is lost is known no later for their number.
func (r *Room) enter(q *Inquest) bool {
	at := r.turn(q)
	if at < 0 {
		if !slices.Contains(r.queue, q) {
			r.queue = append(r.queue, q)
		}
		if len(r.turns) >= maxRunning || r.next() != q {
			return false
		}
		at = len(r.turns)
		r.turns = append(r.turns, turn{session: q.cfg.Session, home: q.cfg.Home})
	}
	r.forget(q)
	r.turns[at].inquests++
	r.held = append(r.held, q)
	return true
}

// turn returns the place of an inquest's session among those that go on, or -1.
func (r *Room) turn(q *Inquest) int {
	return slices.IndexFunc(r.turns, func(t turn) bool { return t.session == q.cfg.Session })
}

// next returns the one whose turn is next: the first of the address that has the fewest places. So
// sessions that somebody made up don't keep a real one waiting.
func (r *Room) next() (next *Inquest) {
	least := maxRunning + 1
	for _, q := range r.queue {
		n := 0
		for _, t := range r.turns {
			if t.home == q.cfg.Home {
				n++
			}
		}
		if n < least {
			next, least = q, n
		}
	}
	return next
}

// forget takes an inquest out of those that wait and that go on.
func (r *Room) forget(q *Inquest) {
	if i := slices.Index(r.queue, q); i >= 0 {
		r.queue = slices.Delete(r.queue, i, i+1)
	}
	i := slices.Index(r.held, q)
	if i < 0 {
		return
	}
	r.held = slices.Delete(r.held, i, i+1)
	at := r.turn(q)
	if r.turns[at].inquests--; r.turns[at].inquests == 0 {
		r.turns = slices.Delete(r.turns, at, at+1)
	}
}

// admits reports whether an inquest with so many members may have one more.
func (r *Room) admits(have int) bool {
	return have+1 <= share*(maxRows-r.members-1)
}

// fits returns how many of n more ranges an inquest may take that has so many already, of which
// home are those of the address that they come from: an address takes no more than is free.
func (r *Room) fits(n, have, home int) int {
	free := maxRanges - r.ranges
	// have + n <= share*(free - n), and home + n <= free - n.
	n = min(n, (share*free-have)/(share+1), (free-home)/2)
	return max(n, 0)
}

// A budget bounds the work for DIGESTs, in all and from each address. It is in units, which cost
// about a microsecond each.
type budget struct {
	total reliable.Time
	homes [homes]reliable.Time
}

const (
	// homes is the number of budgets among which the addresses fall by their hash.
	homes = 64
	// Each has so many units a second, and so much of a second at once.
	homeUnit, homeBurst   = 1000 * milli / 16384, 500 * milli
	totalUnit, totalBurst = 1000 * milli / 65536, 250 * milli
)

// pay takes so many units for an address, and reports false where there aren't as many.
func (b *budget) pay(now reliable.Time, home uint64, units int) bool {
	at := &b.homes[home%homes]
	mine := max(*at, now) + reliable.Time(units)*homeUnit
	all := max(b.total, now) + reliable.Time(units)*totalUnit
	if mine > now+homeBurst || all > now+totalBurst {
		return false
	}
	*at, b.total = mine, all
	return true
}
