package inquest

import (
	"net/netip"
	"slices"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/mix"
	"crier/reliable/repair"
)

// A table is the members but this survivor, by their ids.
type table struct {
	room *Room
	// ids are ascending, and at[i] is the row of ids[i].
	ids  []uint64
	at   []int32
	rows []row
	// free are rows that nobody has.
	free []int32
	// ranges is how many of the Room's the members take.
	ranges int

	crowd repair.Crowd
	// turned are the ids that found no place, by their hash; more is their number.
	turned []uint64
	more   int
}

// turnedBits is the size of the table of ids that found no place.
const turnedBits = 8192

// len returns the number of members.
func (t *table) len() int { return len(t.ids) }

// member returns the i-th member in the order of ids. It is valid until one is admitted.
func (t *table) member(i int) *row { return &t.rows[t.at[i]] }

// find returns the row of an id, or nil.
func (t *table) find(id uint64) *row {
	if i, ok := slices.BinarySearch(t.ids, id); ok {
		return t.member(i)
	}
	return nil
}

// admit returns a row for a new member, or nil if there is no place for it. In a full table it
// takes that of a member of the address with most places, if that has more than the newcomer's
// would: else a stranger could fill them. Among addresses with as many, recorders and then the
// lowest ids stay, so that all keep the same.
func (t *table) admit(now reliable.Time, id uint64, from netip.AddrPort, role frame.Role) *row {
	if t.len() >= MaxMembers-1 || !t.room.admits(t.len()) {
		victim := t.yields(now, id, from, role)
		if victim < 0 {
			t.turn(id)
			return nil
		}
		t.turn(t.ids[victim])
		t.remove(victim)
	}
	i, _ := slices.BinarySearch(t.ids, id)
	if len(t.free) == 0 {
		t.free = append(t.free, int32(len(t.rows)))
		t.rows = append(t.rows, row{})
	}
	at := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	t.ids, t.at = slices.Insert(t.ids, i, id), slices.Insert(t.at, i, at)
	t.rows[at] = row{id: id, addr: from, role: role, state: away}
	t.room.members++
	return &t.rows[at]
}

// yields returns which member gives its place to a newcomer, or -1.
func (t *table) yields(now reliable.Time, id uint64, from netip.AddrPort, role frame.Role) int {
	for i := range t.ids {
		if m := t.member(i); m.state == away && m.told {
			return i
		}
	}
	home, crowded := t.crowd.Yields(now, from.Addr(), t.len(), func(i int) netip.Addr {
		return t.member(i).addr.Addr()
	})
	for i := t.len() - 1; i >= 0; i-- { // the highest id first
		m := t.member(i)
		switch {
		case crowded && m.addr.Addr() == home:
			return i
		case crowded || m.role == frame.Recorder:
		case role == frame.Recorder || m.id > id:
			return i
		default:
			return -1
		}
	}
	return -1
}

// turn counts an id that found no place.
func (t *table) turn(id uint64) {
	if t.turned == nil {
		t.turned = make([]uint64, turnedBits/64)
	}
	bit := mix.Uint64(id) % turnedBits
	if word := &t.turned[bit/64]; *word&(1<<(bit%64)) == 0 {
		*word |= 1 << (bit % 64)
		t.more++
	}
}

// remove takes the i-th member out.
func (t *table) remove(i int) {
	at := t.at[i]
	n := t.rows[at].ranges()
	t.ranges, t.room.ranges = t.ranges-n, t.room.ranges-n
	t.rows[at] = row{}
	t.room.members--
	t.free = append(t.free, at)
	t.ids, t.at = slices.Delete(t.ids, i, i+1), slices.Delete(t.at, i, i+1)
}

// clear gives everything back.
func (t *table) clear() {
	for t.len() > 0 {
		t.remove(t.len() - 1)
	}
	t.rows, t.free = nil, nil
}

// homeRanges returns how many ranges the members of an address take.
func (t *table) homeRanges(home netip.Addr) (n int) {
	for i := range t.ids {
		if m := t.member(i); m.more != nil && m.addr.Addr() == home {
			n += m.ranges()
		}
	}
	return n
}

// tell takes what a part of a DIGEST says about [From, To), after oldest and next were set to
// the DIGEST's. Numbers that were not told of before are unknown.
func (t *table) tell(m *row, f *frame.Frame, oldest, next uint64, known bool) {
	d := f.Digest
	had := m.ranges()
	whole := d.From == m.oldest && d.To == m.next
	if whole && len(f.Ranges) == 0 {
		if m.more != nil {
			m.more.absent, m.more.unknown = nil, nil
		}
	} else {
		if m.more == nil {
			m.more = new(more)
		}
		absent, unknown := m.more.absent, m.more.unknown
		part := []nack.Range{{From: d.From, To: d.To}}
		if whole {
			absent, unknown = append(absent[:0], f.Ranges...), nil
		} else {
			told := nack.Range{From: oldest, To: next}.Clip(m.oldest, m.next)
			if !known || told.Len() == 0 {
				told, absent = nack.Range{From: m.next, To: m.next}, absent[:0]
			}
			unknown = clip(unknown, m.oldest, m.next)
			unknown = nack.Subtract(nil, nack.Normalize(append(unknown,
				nack.Range{From: m.oldest, To: told.From},
				nack.Range{From: told.To, To: m.next})), part)
			absent = clip(absent, m.oldest, m.next)
			absent = nack.Normalize(append(nack.Subtract(nil, absent, part), f.Ranges...))
		}
		m.more.absent, m.more.unknown = absent, unknown
	}
	t.bound(m, had)
}

// bound keeps what a member takes within the Room's bounds: what lies beyond is unknown.
func (t *table) bound(m *row, had int) {
	n := m.ranges()
	if n > had && n > t.smallest() {
		home := t.homeRanges(m.addr.Addr()) - n
		fits := t.room.fits(n-had, t.ranges, home+had) + had
		if fits < n {
			e := m.more
			if keep := max(fits-len(e.unknown)-1, 0); keep < len(e.absent) {
				rest := nack.Range{From: e.absent[keep].From, To: m.next}
				e.unknown = nack.Normalize(append(e.unknown, rest))
				e.absent = clip(e.absent[:keep:keep], 0, rest.From)
			}
			if n = m.ranges(); n > max(fits, 1) { // only the unknown ones are left
				e.absent = nil
				e.unknown = []nack.Range{{From: min(m.oldest, m.next), To: m.next}}
				n = 1
			}
		}
	}
	t.ranges, t.room.ranges = t.ranges+n-had, t.room.ranges+n-had
}

// smallest is how many ranges each member may have while half of the Room is free, without
// a look at the others of its address.
func (t *table) smallest() int {
	if t.room.ranges < maxRanges/2 {
		return 16
	}
	return 1
}

// clip cuts ascending ranges to [from, to), in place.
func clip(list []nack.Range, from, to uint64) []nack.Range {
	kept := list[:0]
	for _, r := range list {
		if r = r.Clip(from, to); r.Len() > 0 {
			kept = append(kept, r)
		}
	}
	return kept
}
