package team

import "crier/reliable/frame"

const (
	// maxEntries bounds the entries of a GRANT, so that it fits into a datagram.
	maxEntries = 24
	// maxBeyond bounds the ranges beyond the done position that are remembered for a partition, so
	// that its entries fit into one GRANT.
	maxBeyond = 16
)

// fillRows adds to the GRANT what a member holds from channel from on, as far as it has room, and
// reports whether there is more.
func (t *team) fillRows(m *member) (more bool) {
	g := &t.arbiter.grant
	for channel := m.from; channel < uint32(len(t.rows)); channel++ {
		r := &t.rows[channel]
		state := r.state
		switch {
		case r.owner == m && r.extended == m.extended:
		case r.owner != m && r.target == m && r.prepared != 0:
			state = frame.Prepare
		default:
			continue
		}
		if len(g.Entries) > 0 && len(g.Entries)+len(r.beyond)+2 > maxEntries {
			m.from = channel
			return true
		}
		g.Entries = r.entries(g.Entries, channel, state)
	}
	m.from = 0
	return false
}

// entries appends the entries of a partition: those of what may have been handed out before, and
// of the rest, without what is done.
func (r *row) entries(list []frame.GrantEntry, channel uint32, state frame.GrantState,
) []frame.GrantEntry {
	from := r.done
	for i := 0; ; i++ {
		to, next := ^uint64(0), uint64(0)
		if i < len(r.beyond) {
			to, next = r.beyond[i].From, r.beyond[i].To
		}
		if from < r.marked {
			end := min(to, r.marked)
			list = append(list, frame.GrantEntry{Channel: channel, Epoch: r.epoch, State: state,
				Seq: r.seq, From: from, To: end, Attempt: r.attempt})
			from = end
		}
		if from < to {
			list = append(list, frame.GrantEntry{Channel: channel, Epoch: r.epoch, State: state,
				Seq: r.seq, From: from, To: to, Attempt: 1})
		}
		if i == len(r.beyond) {
			list[len(list)-1].To = 0 // it has no end
			return list
		}
		from = next
	}
}
