package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// Holders that are expected: a stream that begins in the past may be asked for before any
// holder's DIGEST came. What its publisher denies meanwhile isn't lost yet: it waits with an
// answerer that is never asked, until a holder is known, or none answers.

// expect has missing frames wait for holders, while they are looked for.
func (st *stream) expect(now reliable.Time) {
	a, r := &st.asked, st.r
	if !r.cfg.Logs.Ask || len(a.list) > 1 {
		return
	}
	st.waits = &quest{of: st.session.asks(), session: st.session.id, channel: st.channel,
		stream: st, holders: true, what: frame.FindOldest, due: now}
	r.finder.open(st.waits)
	a.admit(now, Holder{})
	a.expected = a.list[len(a.list)-1]
	st.session.wary = true
	a.expected.req.SetLimit(now, 0)
}

// welcome has a holder asked for what waited for one.
func (a *answerers) welcome(now reliable.Time) {
	if a.expected != nil {
		a.taken = a.expected.req.Take(0, endless, a.taken[:0])
		for _, m := range a.taken {
			a.place(now, m)
		}
	}
}

// endExpected gives up what waited for holders, where none has it.
func (a *answerers) endExpected(now reliable.Time) {
	q := a.expected
	if q == nil || a.stream.aftermath != nil {
		return // or it waits for survivors
	}
	a.taken = q.req.Take(0, endless, a.taken[:0])
	a.expected, q.gone = nil, true
	for _, m := range a.taken {
		a.place(now, m)
	}
	if len(a.list) == 2 {
		a.list = a.only[:]
	}
}
