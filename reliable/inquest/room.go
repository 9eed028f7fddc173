package inquest

import "crier/reliable"

// A Room bounds what all inquests of a process take together: 65,536 ranges of members, 8,192
// members, and four inquests at once. Others wait for their turn. The zero value is ready. It is
// not safe for concurrent use.
type Room struct {
	ranges, members, running int
	// queue are those that wait, in order.
	queue []*Inquest
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
	// roomPoll is how often one that waits looks whether it is its turn.
	roomPoll = 50 * milli
)

const milli = 1000 * 1000 // nanoseconds, as a time.Duration or a reliable.Time

// enter gives an inquest one of the places, or has it wait.
func (r *Room) enter(q *Inquest) bool {
	if r.running >= maxRunning || len(r.queue) > 0 && r.queue[0] != q {
		for _, w := range r.queue {
			if w == q {
				return false
			}
		}
		r.queue = append(r.queue, q)
		return false
	}
	r.forget(q)
	r.running++
	return true
}

// forget takes an inquest out of those that wait.
func (r *Room) forget(q *Inquest) {
	for i, w := range r.queue {
		if w == q {
			r.queue = append(r.queue[:i], r.queue[i+1:]...)
			return
		}
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
