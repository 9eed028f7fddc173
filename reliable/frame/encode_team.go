package frame

import "crier/nack"

// listHead is the size of the longest head of an array. Those of up to 15 elements take one byte.
const listHead = 3

// uints writes numbers as short as they go.
func (e *Encoder) uints(vs ...uint64) {
	for _, v := range vs {
		_ = e.enc.EncodeUint(v)
	}
}

// shortProperty writes a number as short as it goes, unless it is 0.
func (e *Encoder) shortProperty(key, n uint64) {
	if n != 0 {
		e.uints(key, n)
	}
}

// count returns how many of the conditions hold.
func count(conditions ...bool) (n int) {
	for _, is := range conditions {
		if is {
			n++
		}
	}
	return n
}

// is returns 1 or 0.
func is(b bool) uint64 { return uint64(count(b)) }

// claim writes the fields of CLAIM.
//
//go:noinline
func (e *Encoder) claim(f *Frame) {
	b := f.Claim
	e.u64s(f.Subscriber, f.Request, b.Granted)
	e.cut(b.Team, MaxName)
	if len(f.Properties) > 0 {
		_, _ = e.w.Write(f.Properties)
	} else {
		_ = e.enc.EncodeMapLen(count(len(f.Name) > 0, b.Share != 0, b.Weight > 1, b.Room != 0,
			len(b.Host) > 0, b.PID != 0, b.Window != 0, b.Oldest, b.Forget))
		e.bytesProperty(claimName, f.Name, MaxName)
		e.shortProperty(claimShare, uint64(b.Share))
		if b.Weight > 1 {
			e.shortProperty(claimWeight, uint64(b.Weight))
		}
		e.shortProperty(claimRoom, uint64(b.Room))
		e.bytesProperty(claimHost, b.Host, MaxName)
		e.shortProperty(claimPID, uint64(b.PID))
		e.shortProperty(claimWindow, uint64(b.Window))
		e.shortProperty(claimStart, is(b.Oldest))
		e.shortProperty(claimForget, is(b.Forget))
	}
	_ = e.enc.EncodeArrayLen(len(b.Entries))
	for i := range b.Entries {
		c := &b.Entries[i]
		_ = e.enc.EncodeArrayLen(9)
		e.uints(uint64(c.Channel), c.Epoch, uint64(c.State), c.Seq, c.Done, c.Received)
		e.ranges(c.Ranges)
		e.ranges(c.Freed)
		e.ranges(c.Working)
	}
}

// claimEntrySize returns the size of an encoded ClaimEntry whose lists are empty.
func claimEntrySize(c *ClaimEntry) int {
	return 1 + uintSize(uint64(c.Channel)) + uintSize(c.Epoch) + uintSize(uint64(c.State)) +
		uintSize(c.Seq) + uintSize(c.Done) + uintSize(c.Received) + 3
}

// AppendClaim appends a CLAIM to dst, with as many of f's entries as fit in size bytes. Where
// others are left, it makes f the next part, and more is true: the caller appends the parts one
// by one, each with a Request of its own. The ranges of an entry may be in several parts. A part
// has an entry at least, and a range of it. f must have no encoded Properties. Its entries are
// cut, and so are not whole afterwards.
func (e *Encoder) AppendClaim(dst []byte, f *Frame, size int) (b []byte, more bool) {
	entries := f.Claim.Entries
	f.Claim.Entries = nil
	left := size - tagGrowth - (listHead - 1) - (len(e.Append(dst, f)) - len(dst))
	fit, rest := 0, ClaimEntry{} // rest is what is left of the last entry that fits
	for fit < len(entries) && rest.bare() {
		c := &entries[fit]
		whole, room := *c, left-claimEntrySize(c)
		if room < 0 && fit > 0 {
			break
		}
		rest = whole
		left = takeRanges(c, &rest, room, fit == 0)
		if c.bare() && !rest.bare() && fit > 0 {
			*c, rest = whole, ClaimEntry{}
			break
		}
		fit++
	}
	f.Claim.Entries = entries[:fit]
	b = e.Append(dst, f)
	if !rest.bare() {
		fit--
		entries[fit] = rest
	}
	f.Claim.Entries = entries[fit:]
	return b, len(f.Claim.Entries) > 0
}

// bare reports whether the entry has no ranges.
func (c *ClaimEntry) bare() bool { return len(c.Ranges)+len(c.Freed)+len(c.Working) == 0 }

// takeRanges leaves the entry with the ranges that fit in left bytes, but one at least if some is
// set, and rest with the others. It returns the bytes left.
func takeRanges(c, rest *ClaimEntry, left int, some bool) int {
	lists := [...][2]*[]nack.Range{{&c.Ranges, &rest.Ranges}, {&c.Freed, &rest.Freed},
		{&c.Working, &rest.Working}}
	for _, list := range lists {
		all := *list[0]
		if len(all) > 15/2 {
			left -= listHead - 1
		}
		fit := fitRanges(all, left)
		if some && fit == 0 {
			fit = min(len(all), 1)
		}
		some = some && fit == 0
		*list[0], *list[1] = all[:fit], all[fit:]
		left -= rangesSize(all[:fit])
	}
	return left
}

// rangesSize returns the size of encoded ranges without the list's head.
func rangesSize(ranges []nack.Range) (n int) {
	at := uint64(0)
	for _, r := range ranges {
		n += uintSize(r.From-at) + uintSize(r.Len())
		at = r.To
	}
	return n
}

// grant writes the fields of GRANT.
//
//go:noinline
func (e *Encoder) grant(f *Frame) {
	b := f.Grant
	e.u64s(f.Subscriber, f.Request, b.Stamp)
	e.cut(b.Team, MaxName)
	if len(f.Properties) > 0 {
		_, _ = e.w.Write(f.Properties)
	} else {
		_ = e.enc.EncodeMapLen(count(b.Lease > 0, b.Members != 0, b.Refused != 0, b.Share != 0,
			b.WorkTime > 0, len(b.Passed) > 0, b.Finished))
		e.shortProperty(grantLease, nanos(b.Lease))
		e.shortProperty(grantMembers, uint64(b.Members))
		e.shortProperty(grantRefused, uint64(b.Refused))
		e.shortProperty(grantShare, uint64(b.Share))
		e.shortProperty(grantWork, nanos(b.WorkTime))
		e.shortProperty(grantFinished, is(b.Finished))
		if len(b.Passed) > 0 {
			_ = e.enc.EncodeUint(grantPassed)
			_ = e.enc.EncodeArrayLen(len(b.Passed))
			for _, p := range b.Passed {
				_ = e.enc.EncodeArrayLen(3)
				e.uints(uint64(p.Channel), p.From, p.Offset)
			}
		}
	}
	_ = e.enc.EncodeArrayLen(len(b.Entries))
	for i := range b.Entries {
		g := &b.Entries[i]
		_ = e.enc.EncodeArrayLen(7)
		e.uints(uint64(g.Channel), g.Epoch, uint64(g.State), g.Seq, g.From, g.To,
			uint64(g.Attempt))
	}
}

// grantEntrySize returns the size of an encoded GrantEntry.
func grantEntrySize(g *GrantEntry) int {
	return 1 + uintSize(uint64(g.Channel)) + uintSize(g.Epoch) + uintSize(uint64(g.State)) +
		uintSize(g.Seq) + uintSize(g.From) + uintSize(g.To) + uintSize(uint64(g.Attempt))
}

// AppendGrant appends a GRANT to dst, with as many of f's entries as fit in size bytes, but one at
// least. Where others are left, it makes f the next part, and more is true: the caller appends
// the parts one by one. What is passed is divided too: each part tells of the offsets before the
// next one's entries, so f's entries must ascend by channel and From. f must have no encoded
// Properties.
func (e *Encoder) AppendGrant(dst []byte, f *Frame, size int) (b []byte, more bool) {
	g := f.Grant
	entries, passed := g.Entries, g.Passed
	g.Entries = nil
	left := size - tagGrowth - (listHead - 1) - (len(e.Append(dst, f)) - len(dst))
	// The part may tell of other offsets than the whole does, with longer numbers.
	left -= 8 * len(passed)
	fit := 0
	for ; fit < len(entries); fit++ {
		if left -= grantEntrySize(&entries[fit]); left < 0 && fit > 0 {
			break
		}
	}
	g.Entries = entries[:fit]
	if fit == len(entries) || len(passed) == 0 {
		b = e.Append(dst, f)
		g.Entries = entries[fit:]
		return b, fit < len(entries)
	}
	next := &entries[fit]
	at := 0 // the first of passed that has something left for the next part
	for at < len(passed) && passed[at].Channel < next.Channel {
		at++
	}
	g.Passed = passed[:at]
	if at < len(passed) && passed[at].Channel == next.Channel {
		p := &passed[at]
		end := p.Offset
		p.Offset = min(max(next.From, p.From), end)
		g.Passed = passed[:at+1]
		b = e.Append(dst, f)
		p.From, p.Offset = p.Offset, end
	} else {
		b = e.Append(dst, f)
	}
	g.Entries, g.Passed = entries[fit:], passed[at:]
	return b, true
}

// team writes the fields of TEAM.
//
//go:noinline
func (e *Encoder) team(f *Frame) {
	b := f.Team
	e.u64s(f.Request)
	_ = e.enc.EncodeUint32(b.Part)
	_ = e.enc.EncodeUint32(b.Parts)
	e.cut(b.Team, MaxName)
	if len(f.Properties) > 0 {
		_, _ = e.w.Write(f.Properties)
	} else {
		_ = e.enc.EncodeMapLen(count(b.Lease > 0, b.Share != 0, b.GivenUp != 0,
			b.Redelivered != 0, b.Refused != 0))
		e.shortProperty(teamLease, nanos(b.Lease))
		e.shortProperty(teamShare, uint64(b.Share))
		e.shortProperty(teamGivenUp, b.GivenUp)
		e.shortProperty(teamRedelivered, b.Redelivered)
		e.shortProperty(teamRefused, uint64(b.Refused))
	}
	_ = e.enc.EncodeArrayLen(len(b.Members))
	for i := range b.Members {
		m := &b.Members[i]
		_ = e.enc.EncodeArrayLen(9)
		e.cut(m.Name, MaxName)
		e.uints(m.Subscriber)
		e.address(m.Address)
		e.uints(uint64(m.Index), uint64(m.Weight), uint64(m.Room), uint64(m.Outstanding), m.Done,
			nanos(m.Age))
	}
	_ = e.enc.EncodeArrayLen(len(b.Rows))
	for i := range b.Rows {
		r := &b.Rows[i]
		_ = e.enc.EncodeArrayLen(7)
		e.uints(uint64(r.Channel), uint64(r.Owner), r.Epoch, r.Done, r.Newest, uint64(r.Attempt),
			uint64(r.State))
	}
}

// teamMemberSize bounds the size of an encoded TeamMember.
func teamMemberSize(m *TeamMember) int {
	return 1 + binHead + min(len(m.Name), MaxName) + 20 + uintSize(m.Subscriber) +
		uintSize(uint64(m.Index)) + uintSize(uint64(m.Weight)) + uintSize(uint64(m.Room)) +
		uintSize(uint64(m.Outstanding)) + uintSize(m.Done) + uintSize(nanos(m.Age))
}

// teamRowSize returns the size of an encoded TeamRow.
func teamRowSize(r *TeamRow) int {
	return 1 + uintSize(uint64(r.Channel)) + uintSize(uint64(r.Owner)) + uintSize(r.Epoch) +
		uintSize(r.Done) + uintSize(r.Newest) + uintSize(uint64(r.Attempt)) +
		uintSize(uint64(r.State))
}

// fitTeam returns how many of the members, and of the rows behind them, fit in left bytes, but one
// of them at least.
func fitTeam(members []TeamMember, rows []TeamRow, left int) (m, r int) {
	for ; m < len(members); m++ {
		if left -= teamMemberSize(&members[m]); left < 0 && m > 0 {
			return m, 0
		}
	}
	for ; r < len(rows); r++ {
		if left -= teamRowSize(&rows[r]); left < 0 && m+r > 0 {
			return m, r
		}
	}
	return m, r
}

// AppendTeam appends a TEAM to dst, with as many of f's members and rows as fit in size bytes, but
// one at least. Where others are left, it makes f the next part, and more is true: the caller
// appends the parts one by one. The first has Parts 0, and AppendTeam numbers them. f must have
// no encoded Properties.
func (e *Encoder) AppendTeam(dst []byte, f *Frame, size int) (b []byte, more bool) {
	t := f.Team
	members, rows := t.Members, t.Rows
	t.Members, t.Rows = nil, nil
	left := size - tagGrowth - 2*(listHead-1) - (len(e.Append(dst, f)) - len(dst))
	if t.Parts == 0 {
		for m, r := members, rows; t.Parts == 0 || len(m)+len(r) > 0; t.Parts++ {
			i, j := fitTeam(m, r, left)
			m, r = m[i:], r[j:]
		}
	}
	m, r := fitTeam(members, rows, left)
	t.Members, t.Rows = members[:m], rows[:r]
	b = e.Append(dst, f)
	t.Members, t.Rows = members[m:], rows[r:]
	t.Part++
	return b, len(t.Members)+len(t.Rows) > 0
}
