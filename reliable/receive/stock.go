package receive

import (
	"crier/nack"
	"crier/reliable/inquest"
)

// stock fills in what is held of the stream here, for others: what the Keeper has, and what waits
// in the window. It appends the numbers that are not to absent.
func (st *stream) stock(own *inquest.Own, absent []nack.Range) []nack.Range {
	w, k := &st.win, st.r.cfg.Keeper
	id, channel := st.session.id, st.channel
	own.Next = inquest.Place{Seq: w.high, Offset: st.stats.NextOffset}
	seq, offset, ok := k.Oldest(id, channel)
	if ok = ok && seq < w.next; ok {
		absent = k.Absent(id, channel, nack.Range{From: seq, To: w.next}, absent)
	}
	absent = st.absentAhead(absent)
	switch {
	case ok:
		own.Oldest = inquest.Place{Seq: seq, Offset: min(offset, own.Next.Offset)}
	case len(absent) == 1 && absent[0] == nack.Range{From: w.next, To: w.high}:
		own.Oldest, absent = own.Next, absent[:0] // nothing
	default:
		own.Oldest = inquest.Place{Seq: w.next, Offset: st.cursor.offset}
	}
	own.Position.Seq = w.high
	if first, missing := st.asked.firstMissing(); missing {
		own.Position.Seq = max(first, w.next)
	}
	own.Full = w.lostBehind(own.Position.Seq)
	if limit := st.room.limited; limit != 0 && st.asked.missing(limit) != limit {
		own.Full = true
	}
	return absent
}

// absentAhead appends the numbers that are missing or given up, from the next frame on.
func (st *stream) absentAhead(absent []nack.Range) []nack.Range {
	w := &st.win
	from := w.next
	if st.cursor.frame != nil && !w.has(from) {
		from++
	}
	for seq := from; seq < w.high; {
		to := seq
		for to < w.high && !w.has(to) {
			if w.count == 0 || to-w.next >= uint64(len(w.slots)) {
				to = w.high
				break
			}
			to++
		}
		if to > seq {
			absent = append(absent, nack.Range{From: seq, To: to})
		}
		if to == w.high {
			break
		}
		seq = to + 1
	}
	return absent
}

// beginning returns where an inquest begins that begins now: the first number that isn't here, and
// the offset of the message that starts there.
func (st *stream) beginning() inquest.Place {
	w := &st.win
	first, missing := st.asked.firstMissing()
	switch {
	case !missing:
		return inquest.Place{Seq: w.high, Offset: st.stats.NextOffset}
	case first > w.next && w.has(first-1):
		f := st.r.copies.take()
		at := w.at(first-1).decoded(&st.r.dec, f).EndOffset()
		st.r.copies.put(f, false)
		return inquest.Place{Seq: first, Offset: at}
	}
	return inquest.Place{Seq: max(first, w.next), Offset: st.cursor.offset}
}

// lostBehind reports whether a frame beyond a number was given up.
func (w *window) lostBehind(seq uint64) bool {
	n := len(w.lost)
	return n > w.first && w.lost[n-1].to > seq
}

// end returns one past the frames that there is room for.
func (m *room) end() uint64 {
	if m.limited == 0 {
		return m.stream.win.high
	}
	return min(m.limited, m.stream.win.high)
}
