package nack

// What a CONFIRM costs its budget, about: a frame with its headers, a range in it,
// and what may go out at once.
const (
	confirmFrame = 64
	confirmRange = 4
	confirmBurst = 128 << 10
)

// confirm lets the group be told that a frame is coming. A NACK that was sent
// before the group was last told has crossed that, as one crosses a repair; what is
// asked for since then is told again, as far as the budget goes.
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
		r.confirms.fill(now)
	}
	if r.confirms.tokens < cost {
		r.stats.Unconfirmed++
		return
	}
	r.confirms.take(cost)
	m.confirmedAt, r.confirming = now, true
	r.answer.Confirm = join(r.answer.Confirm, Range{m.seq, m.seq + 1})
}
