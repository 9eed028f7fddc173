package nack

const (
	// confirmFrame is the approximate size of a CONFIRM with its headers, and
	// confirmRange that of each range in it, in bytes. The budget is charged with both.
	confirmFrame = 64
	confirmRange = 4
	// confirmBurst is the number of bytes of CONFIRM that may go out at once.
	confirmBurst = 128 << 10
)

// confirm adds a frame to the CONFIRM for the group. A NACK that was sent before the last
// CONFIRM of the frame has crossed it, just as a NACK may cross a repair. Requests from
// later on are confirmed again, as far as the budget goes.
func (r *Responder) confirm(now Time, m *mark, sent Time) {
	if m.wasConfirmed() {
		crossed := sent <= m.confirmedAt
		if sent == Never {
			crossed = now.Sub(m.confirmedAt) < r.roundTrip()
		}
		if crossed {
			return
		}
	}
	cost := uint64(0)
	if last := len(r.answer.Confirm) - 1; last < 0 || r.answer.Confirm[last].To != m.seq {
		cost = confirmRange
	}
	if !r.confirming {
		cost += confirmFrame
		r.budget.confirms.fill(now)
	}
	if r.budget.confirms.tokens < cost {
		r.stats.Unconfirmed++
		return
	}
	r.budget.confirms.take(cost)
	m.confirmedAt, r.confirming = now, true
	r.answer.Confirm = join(r.answer.Confirm, Range{m.seq, m.seq + 1})
}
