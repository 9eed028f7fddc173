package frame

import (
	"time"

	"crier/nack"
)

// spareBodies are what a Frame's next CLAIM, GRANT or TEAM reuses, with all that they hold.
type spareBodies struct {
	claim ClaimBody
	grant GrantBody
	team  TeamBody
	// ranges are those of all entries of the CLAIM.
	ranges []nack.Range
	// announced are the teams of an ANNOUNCE.
	announced []AnnouncedTeam
}

// bodies returns the bodies that a frame reuses.
func (f *Frame) bodies() *spareBodies {
	if f.spare == nil {
		f.spare = new(spareBodies)
	}
	return f.spare
}

// The keys of CLAIM's properties.
const (
	claimName = iota
	claimShare
	claimWeight
	claimRoom
	claimHost
	claimPID
	claimWindow
	claimStart
	claimForget
)

// The keys of GRANT's properties. 4 is reserved.
const (
	grantLease    = 0
	grantMembers  = 1
	grantRefused  = 2
	grantShare    = 3
	grantWork     = 5
	grantPassed   = 6
	grantFinished = 7
)

// The keys of TEAM's properties.
const (
	teamLease = iota
	teamShare
	teamGivenUp
	teamRedelivered
	teamRefused
)

// short reads an unsigned integer of any width, which must fit in to.
func short[T ~uint8 | ~uint32 | ~uint64](d *Decoder, to *T) bool {
	v, ok := d.uint()
	*to = T(v)
	return ok && uint64(*to) == v
}

// shortTime reads a duration in an unsigned integer of any width.
func (d *Decoder) shortTime(to *time.Duration) bool {
	v, ok := d.uint()
	*to = time.Duration(v)
	return ok && v <= maxTime
}

// flagProperty reads a number that is 0 or 1.
func (d *Decoder) flagProperty(to *bool) bool {
	v, ok := d.uint()
	*to = v == 1
	return ok && v <= 1
}

// channel reads the number of a channel.
func (d *Decoder) channel(to *uint32) bool { return short(d, to) && *to < MaxChannels }

// claim parses the fields of CLAIM.
func (d *Decoder) claim(f *Frame) bool {
	spare := f.bodies()
	b := &spare.claim
	*b = ClaimBody{Weight: 1, Entries: b.Entries[:0]}
	f.Name = nil
	if !d.u64s(&f.Subscriber, &f.Request) || !d.time(&b.Granted) || !d.bin(&b.Team, MaxName) ||
		len(b.Team) == 0 {
		return false
	}
	start := d.r.at
	pairs, ok := d.mapLen()
	for ; ok && pairs > 0; pairs-- {
		ok = d.claimProperty(f, b)
	}
	f.Properties = d.r.b[start:d.r.at:d.r.at]
	n, isList := d.arrayLen()
	if !ok || !isList || n > d.r.left() {
		return false
	}
	spare.ranges = spare.ranges[:0]
	for ; n > 0; n-- {
		b.Entries = append(b.Entries, ClaimEntry{})
		if !d.claimEntry(&b.Entries[len(b.Entries)-1], &spare.ranges) {
			return false
		}
	}
	f.Claim = b
	return true
}

// claimProperty reads a key of CLAIM's properties and its value.
func (d *Decoder) claimProperty(f *Frame, b *ClaimBody) bool {
	at := d.r.at
	key, ok := d.uint()
	if !ok {
		d.r.at = at
		key, value := d.skip(), d.skip()
		return key && value
	}
	switch key {
	case claimName:
		return d.bin(&f.Name, MaxName)
	case claimShare:
		return short(d, &b.Share)
	case claimWeight:
		return short(d, &b.Weight) && b.Weight > 0
	case claimRoom:
		return short(d, &b.Room)
	case claimHost:
		return d.bin(&b.Host, MaxName)
	case claimPID:
		return short(d, &b.PID)
	case claimWindow:
		return short(d, &b.Window)
	case claimStart:
		return d.flagProperty(&b.Oldest)
	case claimForget:
		return d.flagProperty(&b.Forget)
	}
	return d.skip()
}

// claimEntry reads an entry of CLAIM, whose ranges it appends to those of all entries.
func (d *Decoder) claimEntry(e *ClaimEntry, all *[]nack.Range) bool {
	more, ok := d.list(9)
	return ok && d.channel(&e.Channel) && short(d, &e.Epoch) && short(d, &e.State) &&
		short(d, &e.Seq) && short(d, &e.Done) && short(d, &e.Received) &&
		d.entryRanges(&e.Ranges, all) && d.entryRanges(&e.Freed, all) &&
		d.entryRanges(&e.Working, all) && d.skips(more)
}

// entryRanges reads ranges behind those that were read before.
func (d *Decoder) entryRanges(to, all *[]nack.Range) bool {
	from := len(*all)
	ok := d.moreRanges(all)
	if past := len(*all); past > from {
		*to = (*all)[from:past:past]
	}
	return ok
}

// grant parses the fields of GRANT.
func (d *Decoder) grant(f *Frame) bool {
	b := &f.bodies().grant
	*b = GrantBody{Passed: b.Passed[:0], Entries: b.Entries[:0]}
	if !d.u64s(&f.Subscriber, &f.Request) || !d.time(&b.Stamp) || !d.bin(&b.Team, MaxName) ||
		len(b.Team) == 0 {
		return false
	}
	start := d.r.at
	pairs, ok := d.mapLen()
	for ; ok && pairs > 0; pairs-- {
		ok = d.grantProperty(b)
	}
	f.Properties = d.r.b[start:d.r.at:d.r.at]
	n, isList := d.arrayLen()
	if !ok || !isList || n > d.r.left() {
		return false
	}
	for ; n > 0; n-- {
		b.Entries = append(b.Entries, GrantEntry{})
		e := &b.Entries[len(b.Entries)-1]
		more, ok := d.list(7)
		if !ok || !d.channel(&e.Channel) || !short(d, &e.Epoch) || !short(d, &e.State) ||
			!short(d, &e.Seq) || !short(d, &e.From) || !short(d, &e.To) ||
			!short(d, &e.Attempt) || e.To != 0 && e.To <= e.From || !d.skips(more) {
			return false
		}
	}
	f.Grant = b
	return true
}

// grantProperty reads a key of GRANT's properties and its value.
func (d *Decoder) grantProperty(b *GrantBody) bool {
	at := d.r.at
	key, ok := d.uint()
	if !ok {
		d.r.at = at
		key, value := d.skip(), d.skip()
		return key && value
	}
	switch key {
	case grantLease:
		return d.shortTime(&b.Lease)
	case grantMembers:
		return short(d, &b.Members)
	case grantRefused:
		return short(d, &b.Refused)
	case grantShare:
		return short(d, &b.Share)
	case grantWork:
		return d.shortTime(&b.WorkTime)
	case grantPassed:
		return d.passed(b)
	case grantFinished:
		return d.flagProperty(&b.Finished)
	}
	return d.skip()
}

// passed reads an array of [channel, from, to].
func (d *Decoder) passed(b *GrantBody) bool {
	n, ok := d.arrayLen()
	if !ok || n > MaxChannels {
		return false
	}
	for b.Passed = b.Passed[:0]; n > 0; n-- {
		var p ChannelOffset
		more, ok := d.list(3)
		if !ok || !d.channel(&p.Channel) || !short(d, &p.From) || !short(d, &p.Offset) ||
			p.From > p.Offset || !d.skips(more) {
			return false
		}
		b.Passed = append(b.Passed, p)
	}
	return true
}

// team parses the fields of TEAM.
func (d *Decoder) team(f *Frame) bool {
	b := &f.bodies().team
	*b = TeamBody{Members: b.Members[:0], Rows: b.Rows[:0]}
	if !d.u64s(&f.Request) || !d.u32to(&b.Part) || !d.u32to(&b.Parts) || b.Part >= b.Parts ||
		!d.bin(&b.Team, MaxName) || len(b.Team) == 0 {
		return false
	}
	start := d.r.at
	pairs, ok := d.mapLen()
	for ; ok && pairs > 0; pairs-- {
		ok = d.teamProperty(b)
	}
	f.Properties = d.r.b[start:d.r.at:d.r.at]
	n, isList := d.arrayLen()
	if !ok || !isList || n > d.r.left() {
		return false
	}
	for ; n > 0; n-- {
		b.Members = append(b.Members, TeamMember{})
		m := &b.Members[len(b.Members)-1]
		more, ok := d.list(9)
		if !ok || !d.bin(&m.Name, MaxName) || !short(d, &m.Subscriber) || !d.address(&m.Address) ||
			!short(d, &m.Index) || !short(d, &m.Weight) || !short(d, &m.Room) ||
			!short(d, &m.Outstanding) || !short(d, &m.Done) || !d.shortTime(&m.Age) ||
			!d.skips(more) {
			return false
		}
	}
	if n, isList = d.arrayLen(); !isList || n > d.r.left() {
		return false
	}
	for ; n > 0; n-- {
		b.Rows = append(b.Rows, TeamRow{})
		r := &b.Rows[len(b.Rows)-1]
		more, ok := d.list(7)
		if !ok || !d.channel(&r.Channel) || !short(d, &r.Owner) || !short(d, &r.Epoch) ||
			!short(d, &r.Done) || !short(d, &r.Newest) || !short(d, &r.Attempt) ||
			!short(d, &r.State) || !d.skips(more) {
			return false
		}
	}
	f.Team = b
	return true
}

// teamProperty reads a key of TEAM's properties and its value.
func (d *Decoder) teamProperty(b *TeamBody) bool {
	at := d.r.at
	key, ok := d.uint()
	if !ok {
		d.r.at = at
		key, value := d.skip(), d.skip()
		return key && value
	}
	switch key {
	case teamLease:
		return d.shortTime(&b.Lease)
	case teamShare:
		return short(d, &b.Share)
	case teamGivenUp:
		return short(d, &b.GivenUp)
	case teamRedelivered:
		return short(d, &b.Redelivered)
	case teamRefused:
		return short(d, &b.Refused)
	}
	return d.skip()
}
