package team

import (
	"cmp"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
)

// A draft is what is left to tell a member of the messages that it works on.
type draft struct {
	of      *member
	request uint64
	entries []frame.GrantEntry
	// spans are the offsets of each channel for which the entries are all that the member has.
	spans []span
}

// A span has the number of its channel's entries.
type span struct {
	frame.ChannelOffset
	entries int
}

// maxUnits bounds the entries and spans in a GRANT of a team that shares by message.
const maxUnits = 30

// draw collects what a member is to be told: all that it holds, if that hasn't been said for a
// while, or what it has not shown that it knows.
func (w *work) draw(lease reliable.Time, m *member) {
	a := w.team.arbiter
	d := &a.draft
	d.of, d.request, d.entries, d.spans = m, m.extended, d.entries[:0], d.spans[:0]
	full := lease >= m.full
	if full {
		m.full = lease.Add(w.fullEvery())
	}
	i := m.mine.first
	if !full { // those that it has shown come first
		for i = m.mine.last; i != 0; i = w.items[i-1].links[inMember].prev {
			if one := &w.items[i-1]; one.stamp != 0 && one.stamp <= m.granted {
				break
			}
		}
		if i == 0 {
			i = m.mine.first
		} else {
			i = w.items[i-1].links[inMember].next
		}
	}
	sorted := true
	for ; i != 0; i = w.items[i-1].links[inMember].next {
		one := &w.items[i-1]
		if one.stamp == 0 {
			one.stamp = a.stamp(lease)
		}
		if !one.known && one.request < d.request { // the member may count from that CLAIM on
			one.request = d.request
			w.prolong(lease, i)
		}
		e := frame.GrantEntry{Channel: one.channel, Epoch: one.epoch, Seq: one.seq,
			From: one.offset, To: one.offset + 1, Attempt: one.attempt}
		if n := len(d.entries); n > 0 {
			last := &d.entries[n-1]
			if last.Channel == e.Channel && last.To == e.From && last.Epoch == e.Epoch &&
				last.Attempt == e.Attempt {
				last.To++
				continue
			}
			sorted = sorted && less(last, &e)
		}
		d.entries = append(d.entries, e)
	}
	if m.room == 0 || lease < w.team.settled {
		w.place()
		sorted = false
	}
	if !sorted {
		slices.SortFunc(d.entries, func(x, y frame.GrantEntry) int {
			return cmp.Or(cmp.Compare(x.Channel, y.Channel), cmp.Compare(x.From, y.From))
		})
	}
	at := 0
	for channel := range w.channels {
		n := at
		for n < len(d.entries) && d.entries[n].Channel == uint32(channel) {
			n++
		}
		c := &w.channels[channel]
		if n > at || full || m.told[channel] < c.passed {
			one := span{frame.ChannelOffset{Channel: uint32(channel), From: m.passed[channel],
				Offset: c.passed}, n - at}
			if full {
				one.From = 0
			}
			d.spans = append(d.spans, one)
			m.told[channel] = c.passed
		}
		at = n
	}
	m.informed = w.assigned
}

// place adds to a draft where each channel is to be followed from on: a member that says that it
// has no room may not follow them yet.
func (w *work) place() {
	d := &w.team.arbiter.draft
	for channel := range w.channels {
		c := &w.channels[channel]
		d.entries = append(d.entries, frame.GrantEntry{Channel: uint32(channel),
			State: frame.Prepare, From: c.passed, Attempt: 1,
			Seq: w.team.arbiter.streams.Locate(uint32(channel), c.passed)})
	}
}

// less reports whether an entry comes before another one.
func less(x, y *frame.GrantEntry) bool {
	return x.Channel < y.Channel || x.Channel == y.Channel && x.From < y.From
}

// fill adds to the GRANT of a member what it is to be told, as far as it has room, and reports
// whether there is more.
func (w *work) fill() (more bool) {
	d, g := &w.team.arbiter.draft, &w.team.arbiter.grant
	room := maxUnits
	for len(d.spans) > 0 && room > 1 {
		s := &d.spans[0]
		room--
		n := min(s.entries, room)
		g.Entries = append(g.Entries, d.entries[:n]...)
		d.entries = d.entries[:copy(d.entries, d.entries[n:])]
		room -= n
		one := s.ChannelOffset
		if s.entries -= n; s.entries > 0 {
			one.Offset = max(one.From, g.Entries[len(g.Entries)-1].To)
			s.From = one.Offset
		}
		if one.From < one.Offset {
			g.Passed = append(g.Passed, one)
		}
		if s.entries > 0 {
			return true
		}
		d.spans = d.spans[:copy(d.spans, d.spans[1:])]
	}
	return len(d.spans) > 0
}
