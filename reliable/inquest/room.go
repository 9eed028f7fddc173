package inquest

import (
	"slices"
	"time"

	"crier/reliable"
)

// A Room bounds what all inquests of a process take together: 65,536 ranges of members, 8,192
// members, and four inquests at once. Others wait for their turn. The zero value is ready. It is
// not safe for concurrent use.
type Room struct {
	ranges, members int
	// held are those that go on, and queue those that wait, in order.
	held, queue []*Inquest
}

const (
	// MaxMembers bounds the members of one inquest, this survivor among them.
	MaxMembers = 1024

	// Each member takes one range where there is no room for more, so 65,536 are never exceeded.
	maxRanges  = 65536 - maxRows
	maxRows    = 8192
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

// enter gives an inquest one of the places, or has it wait.
func (r *Room) enter(q *Inquest) bool {
	if !slices.Contains(r.queue, q) {
		r.queue = append(r.queue, q)
	}
	if len(r.held) >= maxRunning || r.next() != q {
		return false
	}
	r.forget(q)
	r.held = append(r.held, q)
	return true
}

// next returns the one whose turn is next: the first of the address that has the fewest places. So
// sessions that somebody made up don't keep a real one waiting.
func (r *Room) next() (next *Inquest) {
	least := maxRunning + 1
	for _, q := range r.queue {
		n := 0
		for _, h := range r.held {
			if h.cfg.Home == q.cfg.Home {
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
	is := func(o *Inquest) bool { return o == q }
	r.held, r.queue = slices.DeleteFunc(r.held, is), slices.DeleteFunc(r.queue, is)
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
