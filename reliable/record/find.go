package record

import (
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rate"
	"crier/reliable/repair"
	"crier/reliable/store"
)

const (
	// maxQuestions bounds the answers that wait, and those for which the log must be asked.
	maxQuestions = 64
	// maxAnswers is how many sessions one FIND is told of, and maxTapes how many streams of them
	// are told to one that asks for every channel.
	maxAnswers = 16
	maxTapes   = 512
	// answerRate bounds the answers to all FINDs, in bytes a second, and answerBurst those at
	// once.
	answerRate  = 64 << 10
	answerBurst = 16 << 10
	// lookRate bounds the sessions that FINDs for any session have looked at in a second, and
	// lookBurst those at once.
	lookRate  = 4 << 20
	lookBurst = 1 << 20
)

// A question is an answer on its way: a DIGEST to whoever asked, or one for each stream.
type question struct {
	to      netip.AddrPort
	request uint64
	// tape is the one that is told next, and rest are those behind it.
	tape  *tape
	rest  []*tape
	query journal.Query
	// known says that at is the answer; asked that the log is being asked for it.
	known, asked bool
	at           journal.Mark
}

// answers are the questions that wait.
type answers struct {
	list  []*question
	limit *rate.Limit
	crowd repair.Crowd
	// looks bounds the tapes that are looked at.
	looks *rate.Limit
}

func (a *answers) begin() {
	a.limit = rate.New(answerRate, answerBurst)
	a.looks = rate.New(lookRate, lookBurst)
}

// room reports whether there is a place for a question of an address. In a full list the last
// one of the address that asked most makes room: else one that asks for everything would keep
// the others from being answered.
func (a *answers) room(now reliable.Time, from netip.Addr) bool {
	if len(a.list) < maxQuestions {
		return true
	}
	whose, ok := a.crowd.Yields(now, from, len(a.list), func(i int) netip.Addr {
		return a.list[i].to.Addr()
	})
	if !ok {
		return false
	}
	for i := len(a.list) - 1; i >= 0; i-- {
		if q := a.list[i]; q.to.Addr() == whose && (q.known || !q.asked) {
			a.list = slices.Delete(a.list, i, i+1)
			return true
		}
	}
	return false
}

// find takes a FIND.
func (r *Recorder) find(from netip.AddrPort, f *frame.Frame) {
	a, q := &r.answers, f.Find
	r.stats.Finds++
	if r.closing || q == nil || !a.room(r.now, from.Addr()) {
		r.stats.Unanswered++
		return
	}
	if f.Session != 0 && f.Channel != frame.EveryChannel {
		if t := r.tapes[journal.Key{Session: f.Session, Channel: f.Channel}]; t != nil && t.begun {
			a.add(r, from, f, t)
		}
		return
	}
	if a.looks.Room(r.now) == 0 {
		r.stats.Unanswered++
		return
	}
	a.looks.Take(r.now, uint64(len(r.list)))
	// Of the end of a stream, too, all sessions tell: clocks may differ, and which one is the
	// newest is seen by what they continue.
	found := r.newest(f)
	if f.Channel == frame.EveryChannel {
		if all := r.channels(found); len(all) > 0 {
			a.add(r, from, f, all...)
		}
		return
	}
	for _, t := range found {
		a.add(r, from, f, t)
	}
}

// newest returns a tape of each session that a FIND asks for, the newest first.
func (r *Recorder) newest(f *frame.Frame) []*tape {
	match := make([]*tape, 0, maxAnswers+1)
	for _, t := range r.list {
		if !t.begun || f.Session != 0 && t.key.Session != f.Session || !t.matches(f) ||
			t.key.Channel != f.Channel && f.Channel != frame.EveryChannel ||
			len(match) == maxAnswers && compareWall(t, match[maxAnswers-1]) <= 0 ||
			slices.ContainsFunc(match, t.kin) {
			continue
		}
		i, _ := slices.BinarySearchFunc(match, t, func(o, t *tape) int {
			if compareWall(o, t) >= 0 {
				return -1
			}
			return 1
		})
		match = slices.Insert(match, i, t)
		match = match[:min(len(match), maxAnswers)]
	}
	return match
}

// kin reports whether another tape is of the same session.
func (t *tape) kin(o *tape) bool { return t.key.Session == o.key.Session }

// channels returns the tapes of all channels of the sessions that a list has one of.
func (r *Recorder) channels(of []*tape) (all []*tape) {
	for _, one := range of {
		for _, t := range r.list {
			if t.begun && t.kin(one) && len(all) < maxTapes {
				all = append(all, t)
			}
		}
	}
	return all
}

// matches reports whether a tape is of the stream that a FIND names.
func (t *tape) matches(f *frame.Frame) bool {
	if t.title == nil {
		return len(f.Name) == 0 && len(f.Find.Topic) == 0 && len(f.Find.Key) == 0
	}
	is := func(want []byte, have string) bool { return len(want) == 0 || string(want) == have }
	return is(f.Name, t.title.Publisher) && is(f.Find.Topic, t.title.Topic) &&
		is(f.Find.Key, t.title.Key)
}

// compareWall orders tapes by the time at which their sessions began.
func compareWall(x, y *tape) int {
	wall := func(t *tape) int64 {
		if t.title != nil {
			return t.title.Wall
		}
		return t.state.First
	}
	switch a, b := wall(x), wall(y); {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// add notes a question about one tape or several, unless the same asker has asked it already.
func (a *answers) add(r *Recorder, from netip.AddrPort, f *frame.Frame, of ...*tape) {
	for _, q := range a.list {
		if q.to == from && q.request == f.Request && (q.tape == of[0] || len(of) > 1) {
			return
		}
	}
	if !a.room(r.now, from.Addr()) {
		r.stats.Unanswered++
		return
	}
	q := &question{to: from, request: f.Request, tape: of[0], rest: of[1:]}
	switch f.Find.What {
	case frame.FindOffset:
		q.query = journal.Query{What: journal.FindOffset, Value: f.Find.Value}
	case frame.FindTime:
		q.query = journal.Query{What: journal.FindTime, Value: f.Find.Value}
	case frame.FindOldest:
		q.query.What = journal.FindOldest
	case frame.FindEnd:
		q.query.What = journal.FindEnd
	}
	q.look()
	a.list = append(a.list, q)
}

// look finds the place that is asked for, where memory knows it.
func (q *question) look() {
	q.asked = false
	if q.known = q.query.What == 0; !q.known {
		q.at, q.known = q.tape.locate(q.query)
	}
}

// locate returns the place that a question asks for, where memory knows it.
func (t *tape) locate(q journal.Query) (at journal.Mark, known bool) {
	oldest := t.oldest()
	var e *store.Entry
	switch q.What {
	case journal.FindOldest:
		return oldest, true
	case journal.FindEnd:
		return t.next, true
	case journal.FindOffset:
		if q.Value >= t.next.Offset {
			return t.next, true
		}
		if q.Value <= oldest.Offset {
			return oldest, true
		}
		e = t.tail.Place(func(e *store.Entry) bool { return e.After > q.Value })
		if first := t.tail.First(); first == nil || q.Value < first.Start {
			e = nil
		}
	case journal.FindTime:
		e = t.tail.Place(func(e *store.Entry) bool { return e.Wall >= int64(q.Value) })
		if first := t.tail.First(); first == nil || first.Wall == 0 ||
			first.Wall >= int64(q.Value) {
			e = nil
		} else if e == nil {
			return t.next, true
		}
	}
	if e != nil {
		return journal.Mark{Seq: e.Seq, Offset: e.Start}, true
	}
	if t.state.Next.Seq == t.state.Oldest.Seq {
		return oldest, true
	}
	return journal.Mark{}, false
}

// due returns when an answer may go out.
func (a *answers) due(now reliable.Time) reliable.Time {
	for _, q := range a.list {
		if q.known {
			return max(now, a.limit.Ready())
		}
	}
	return reliable.Never
}

// next returns the next answer.
func (a *answers) next(r *Recorder) (reliable.Batch, bool) {
	if len(a.list) == 0 || r.announce.rest != nil || a.limit.Room(r.now) == 0 {
		return reliable.Batch{}, false
	}
	i := slices.IndexFunc(a.list, func(q *question) bool { return q.known })
	if i < 0 {
		return reliable.Batch{}, false
	}
	q := a.list[i]
	a.list = slices.Delete(a.list, i, i+1)
	n := &r.announce
	f := n.digest(r, q.tape)
	f.Request = q.request
	if q.query.What != 0 {
		f.Digest.At, f.Digest.AtSeq, f.Digest.AtOffset = true, q.at.Seq, q.at.Offset
	}
	if len(q.rest) > 0 { // those of others come in between
		q.tape, q.rest = q.rest[0], q.rest[1:]
		q.look()
		a.list = append(a.list, q)
	}
	n.rest = f
	b := n.part(r)
	n.rest = nil // the group hears the rest
	b.To = q.to
	a.limit.Take(r.now, uint64(len(b.Data)))
	r.stats.Answers++
	return b, true
}

// nextFind returns a job that asks the log, or nil.
func (r *Recorder) nextFind() *work {
	if r.disk.out[finds] >= maxFinds {
		return nil
	}
	for _, q := range r.answers.list {
		if !q.known && !q.asked {
			q.asked = true
			w := r.disk.take(finds, q.tape)
			w.job.Key, w.job.Find, w.find = q.tape.key, q.query, q
			return w
		}
	}
	return nil
}

// found takes the log's answer.
func (r *Recorder) found(w *work, res *journal.Result) {
	q := w.find
	q.known = true
	q.at = res.At.Mark
	if !res.At.Found {
		q.at = q.tape.oldest()
	}
}
