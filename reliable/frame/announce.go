package frame

import (
	"math"
	"net/netip"
	"time"
)

// AnnounceBody holds the fields of ANNOUNCE that no other kind has. The frame's Session is the
// publisher's, and its Request the number of the FIND that it answers, or 0. Time, Wall, Control,
// Topic and Name are those of SESSION.
type AnnounceBody struct {
	// Partitions and Groups are the numbers of the topic's partitions and groups.
	Partitions, Groups uint32
	// Base is the group that the topic's groups count from. It isn't valid if they follow
	// from the topic's name.
	Base netip.AddrPort
	// Interval is the longest time until the next ANNOUNCE to the group, or 0 in the last one.
	Interval time.Duration
	// Host is the name of the publisher's machine, or empty. PID is the number of its
	// process there, or 0.
	Host []byte
	PID  uint32
	// Bytes and Messages are what the publisher sent in the last second.
	Bytes, Messages uint64
	// Subscribers is the known number of subscribers.
	Subscribers uint32
	// Teams are up to MaxAnnouncedTeams of those that share the topic's messages. Decode
	// reuses the slice.
	Teams []AnnouncedTeam
}

// AnnouncedTeam is a team in an ANNOUNCE.
type AnnouncedTeam struct {
	Name  []byte
	Share Share
	// Members is the number of its members, and Lag that of messages that it hasn't done.
	Members uint32
	Lag     uint64
}

// announcedTeams reads an array of [name, share, members, lag].
func (d *Decoder) announcedTeams(to *[]AnnouncedTeam) bool {
	n, ok := d.arrayLen()
	if !ok || n > MaxAnnouncedTeams {
		return false
	}
	for *to = (*to)[:0]; n > 0; n-- {
		var t AnnouncedTeam
		more, ok := d.list(4)
		if !ok || !d.bin(&t.Name, MaxName) || !short(d, &t.Share) || !short(d, &t.Members) ||
			!short(d, &t.Lag) || !d.skips(more) {
			return false
		}
		*to = append(*to, t)
	}
	return true
}

// announcedTeams writes the property that lists teams.
func (e *Encoder) announcedTeams(teams []AnnouncedTeam) {
	_ = e.enc.EncodeUint(keyTeamList)
	_ = e.enc.EncodeArrayLen(len(teams))
	for i := range teams {
		t := &teams[i]
		_ = e.enc.EncodeArrayLen(4)
		e.cut(t.Name, MaxName)
		e.uints(uint64(t.Share), uint64(t.Members), t.Lag)
	}
}

// announce parses the fields of ANNOUNCE.
func (d *Decoder) announce(f *Frame) bool {
	var b AnnounceBody
	spare := f.bodies()
	spare.announced = spare.announced[:0]
	p := properties{announced: &spare.announced}
	if !d.time(&f.Time) || !d.wall(&f.Wall) || !d.address(&f.Control) ||
		!d.bin(&f.Topic, MaxName) || len(f.Topic) == 0 {
		return false
	}
	more, ok := d.list(2)
	if !ok || !d.u32to(&b.Partitions) || !d.u32to(&b.Groups) || !d.skips(more) ||
		b.Partitions > MaxChannels || b.Groups == 0 || b.Groups > b.Partitions ||
		!d.group(&b.Base) || !d.duration(&b.Interval) || !d.properties(f, &p) ||
		p.pid > math.MaxUint32 || p.members > math.MaxUint32 {
		return false
	}
	f.Name, f.Request = p.name, p.request
	b.Host, b.PID = p.host, uint32(p.pid)
	b.Bytes, b.Messages, b.Subscribers = p.bytes, p.msgs, uint32(p.members)
	if len(spare.announced) > 0 {
		b.Teams = spare.announced
	}
	whole := b
	f.Announce = &whole
	return true
}

// announce writes the fields of ANNOUNCE.
//
//go:noinline
func (e *Encoder) announce(f *Frame) {
	b := f.Announce
	e.u64s(f.Time, nanos(f.Wall))
	e.address(f.Control)
	e.cut(f.Topic, MaxName)
	_ = e.enc.EncodeArrayLen(2)
	_ = e.enc.EncodeUint32(b.Partitions)
	_ = e.enc.EncodeUint32(b.Groups)
	e.address(b.Base)
	e.u64s(nanos(b.Interval))
	e.properties(f.Properties, &properties{
		name: f.Name, host: b.Host, pid: uint64(b.PID), request: f.Request,
		rates: b.Bytes != 0 || b.Messages != 0, bytes: b.Bytes, msgs: b.Messages,
		members: uint64(b.Subscribers), announced: &b.Teams,
	})
}
