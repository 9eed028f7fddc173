package directory

import (
	"fmt"
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// ClashKind is the kind of a Clash.
type ClashKind uint8

const (
	// SameGroup: another topic uses a group of this one. Subscribers of either filter the
	// other's datagrams out.
	SameGroup ClashKind = 1
	// SameName: another publisher of the topic has the same name. What continues across restarts
	// is named by both, so that it can't be told whose it is.
	SameName ClashKind = 2
	// OtherLayout: another publisher of the topic has other partitions, groups or another base.
	OtherLayout ClashKind = 3
)

var clashNames = [...]string{SameGroup: "same group", SameName: "same name",
	OtherLayout: "other layout"}

// String returns the kind in words.
func (k ClashKind) String() string {
	if int(k) < len(clashNames) && clashNames[k] != "" {
		return clashNames[k]
	}
	return fmt.Sprintf("clash(%d)", uint8(k))
}

// Clash is a conflict of a publisher with another one.
type Clash struct {
	Kind ClashKind
	// Topic, Publisher, Session and Addr name the other publisher.
	Topic, Publisher string
	Session          reliable.SessionID
	Addr             netip.AddrPort
	// Layout is the other's layout.
	Layout topic.Layout
	// Group is the group that both use, in a SameGroup.
	Group netip.AddrPort
}

// maxClashes bounds the clashes that wait to be told.
const maxClashes = 8

// clashes finds the clashes of one publisher.
type clashes struct {
	topic, publisher string
	layout           topic.Layout
	groups           map[netip.AddrPort]bool
	waiting          []Clash
	found            uint64
}

func (c *clashes) init(cfg *AnnouncerConfig) {
	c.topic, c.publisher, c.layout = cfg.Topic, cfg.Publisher, cfg.Layout
	c.groups = map[netip.AddrPort]bool{}
	for _, g := range cfg.Layout.All(cfg.Topic) {
		c.groups[g] = true
	}
}

// layoutOf returns the layout in an announcement, or false if there can be none like it.
func layoutOf(b *frame.AnnounceBody) (topic.Layout, bool) {
	l := topic.Layout{Partitions: int(b.Partitions), Groups: int(b.Groups), Base: b.Base}
	whole, err := l.Complete()
	return whole, err == nil && l.Partitions > 0 && l.Groups > 0
}

// check looks at the announcement of a publisher that is new.
func (c *clashes) check(from netip.AddrPort, f *frame.Frame) {
	l, ok := layoutOf(f.Announce)
	if name := string(f.Topic); !ok || topic.Check(name) != nil {
		return
	}
	one := Clash{Topic: string(f.Topic), Publisher: string(f.Name),
		Session: reliable.SessionID(f.Session), Addr: addressOf(from, f), Layout: l}
	if one.Topic == c.topic {
		if one.Publisher == c.publisher && c.publisher != "" {
			one.Kind = SameName
			c.add(one)
		}
		if l != c.layout {
			one.Kind = OtherLayout
			c.add(one)
		}
		return
	}
	for _, g := range l.All(one.Topic) {
		if c.groups[g] {
			one.Kind, one.Group = SameGroup, g
			c.add(one)
			return
		}
	}
}

// addressOf returns the address by which a publisher is known: that of its session, or else the
// source of its announcements.
func addressOf(from netip.AddrPort, f *frame.Frame) netip.AddrPort {
	if f.Control.IsValid() {
		return f.Control
	}
	return from
}

func (c *clashes) add(one Clash) {
	c.found++
	if len(c.waiting) < maxClashes {
		c.waiting = append(c.waiting, one)
	}
}

func (c *clashes) take() (Clash, bool) {
	if len(c.waiting) == 0 {
		return Clash{}, false
	}
	one := c.waiting[0]
	c.waiting = append(c.waiting[:0], c.waiting[1:]...)
	return one, true
}
