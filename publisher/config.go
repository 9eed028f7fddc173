package publisher

import (
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/send"
	"crier/reliable/topic"
)

// DefaultGroup is the group that a zero Config publishes to.
var DefaultGroup = netip.MustParseAddrPort("239.77.0.1:7700")

// Config configures a Publisher. The zero value publishes to DefaultGroup on the
// loopback interface; each field's zero value means its default.
type Config struct {
	// Topic is the name of what is published: 1 to 255 bytes of UTF-8 without control
	// characters, '*' and ','. Subscribers find the groups by it. Empty means none: then
	// subscribers need the Group.
	Topic string
	// Partitions is the number of partitions, up to 256; 0 means 1. Each is a stream of its
	// own, with its own offsets. Several need a Topic or a Group. They have equal parts of
	// Retention.ResendBuffer.
	Partitions int
	// Groups is the number of multicast groups that the partitions are spread over, up to 256
	// and as many as there are partitions; 0 means as many as that, but 16 at most. The home
	// group, from which subscribers learn of the others, is one more.
	Groups int
	// NoAnnounce keeps the Topic out of the directory: crier ls doesn't show it, and patterns
	// don't find it. Subscribers that name it find it all the same.
	NoAnnounce bool
	// Group is the multicast address and port to publish to: with several Groups, the home
	// group, which the others follow, each one address further. The zero value means groups
	// that follow from the Topic's name, or else DefaultGroup.
	Group netip.AddrPort
	// Interface is the network interface's name or one of its addresses. The default is
	// the loopback interface, which only this machine hears.
	Interface string
	// Feeds, if not nil, are two to four ways on which the same datagrams go out, each with an
	// interface, in place of Interface: a subscriber with the same Feeds takes what comes first.
	// One that takes no more, or is down, doesn't hold up the others. Feeds have a Group each, in
	// place of Group, or none of them has.
	Feeds []Feed
	// Name is the publisher's name, which subscribers see, of up to 255 bytes.
	Name string
	// Session is the session's id; 0 means a random one. No two sessions may have the
	// same id.
	Session SessionID
	// FirstOffset is the offset of the first message, up to 2^63.
	FirstOffset uint64
	// Continue selects whether the session goes on with the offsets of the stream's last
	// one: that of a publisher with the same Name on the Group, whose end recorders,
	// subscribers and the own log tell. New asks them before it opens the session, for 0.3
	// to 5 s. The default is ContinueNever.
	Continue Continue
	// Recorders are the addresses whose answers count for Continue, and whose logs count for
	// Recorded; nil means all.
	Recorders []netip.Addr
	// Replay is the session that this one publishes again, if it does. All its
	// frames are marked: subscribers that don't ask for replays drop them.
	Replay SessionID
	// OnSubscriber, if set, is called when a subscriber's pace counts from now on, or no
	// longer. Calls come one at a time, on a goroutine of their own. OnSubscriber may
	// publish, and call Close. During a call, up to 256 events wait, and further ones are
	// counted as MemberEventsLost. Close returns after the calls for all waiting events.
	// If a call is under way as the session ends, Close doesn't wait for it, since that
	// call may have called Close, and the events behind it are dropped.
	OnSubscriber func(SubscriberEvent)
	// BatchWait is how long a message may wait for others to share its datagram; 0 means
	// no wait. Under load, messages share datagrams anyway.
	BatchWait time.Duration
	// Datagram is the size of a full datagram, in bytes, from 256 to 65,507. 0 means
	// 1,472 over IPv4 and 1,452 over IPv6, or the limit of the interface's MTU if that is
	// less. Datagrams are never fragmented.
	Datagram int
	// Retention bounds the messages kept for repair.
	Retention Retention
	// Flow selects the answer to messages that come faster than they can be sent.
	Flow Flow
	// Repair bounds repairs.
	Repair Repair
	// Teams configures how messages are shared among subscribers in teams.
	Teams Teams
	// Record selects a log of the session on this machine.
	Record Record
	// Recorded selects what the method Recorded waits for.
	Recorded Recorded
	// Link configures the use of the interface.
	Link Link
	// Logger gets messages for the operator; nil means none are logged.
	Logger *slog.Logger

	layout topic.Layout

	// wrap, if not nil, wraps the files on disk in tests.
	wrap func(journal.File) journal.File
}

// Defaults returns a Config whose Retention, Flow, Repair and Teams are those of the zero value, in full.
func Defaults() Config {
	whole, _ := send.Config{Session: 1}.Complete() // which has no mistake
	cfg := Config{Retention: whole.Retention, Flow: whole.Flow, Repair: whole.Repair}
	cfg.Teams.take(whole.Teams)
	return cfg
}

// headers returns the size of the IP and UDP headers of a datagram, in bytes.
func headers(group netip.AddrPort) int {
	if group.Addr().Is4() {
		return 28
	}
	return 48
}

// Feed is one of several ways that carry the same datagrams:
//
//	Group netip.AddrPort   the group there; the zero value means that all feeds have the same
//	Interface string       the interface's name or one of its addresses
type Feed = multicast.Feed

func (c *Config) setDefaults() {
	c.Feeds = slices.Clone(c.Feeds) // the caller keeps its own
	for i, f := range c.Feeds {
		c.Feeds[i].Group = netip.AddrPortFrom(f.Group.Addr().Unmap(), f.Group.Port())
	}
	if c.Group == (netip.AddrPort{}) && len(c.Feeds) > 0 {
		c.Group = c.Feeds[0].Group
	}
	if c.Group == (netip.AddrPort{}) && c.Topic == "" && c.Partitions <= 1 {
		c.Group = DefaultGroup
	}
	c.Group = netip.AddrPortFrom(c.Group.Addr().Unmap(), c.Group.Port())
	c.layout = topic.Layout{Partitions: c.Partitions, Groups: c.Groups, Base: c.Group}
	if !c.Group.IsValid() {
		c.Group = topic.Home(c.Topic, netip.AddrPort{})
	}
	if c.Interface == "" && len(c.Feeds) == 0 {
		c.Interface = multicast.Loopback(c.Group)
	}
	if c.Recorded.Recorders == 0 {
		c.Recorded.Recorders = 1
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

func (c *Config) validate() error {
	var err error
	if c.Link, err = c.Link.Complete(); err != nil {
		return err
	}
	if c.Topic != "" {
		if err := topic.Check(c.Topic); err != nil {
			return config.Errorf("Topic", "%v", err)
		}
	}
	if c.Topic != "" || c.Partitions != 0 || c.Groups != 0 {
		if c.layout, err = c.layout.Complete(); err != nil {
			return err
		}
	}
	if c.Topic == "" && !c.layout.Base.IsValid() {
		return config.Errorf("Partitions", "%d partitions need groups that subscribers can "+
			"compute: give a Topic, or a Group", c.Partitions)
	}
	if err := c.validateFeeds(); err != nil {
		return err
	}
	if c.Continue > ContinueOrNew {
		return config.Errorf("Continue", "%d is no way to begin a session", c.Continue)
	}
	if c.Recorded.Recorders < 0 {
		return config.Errorf("Recorded.Recorders", "%d recorders can't hold a message: use 1 or "+
			"more", c.Recorded.Recorders)
	}
	if c.Record.Dir != "" && (c.Retention.Disk > 0 || c.Retention.DiskDir != "") {
		return config.Errorf("Retention.Disk", "the log in %s (Record.Dir) is the disk part of "+
			"the resend buffer already: leave Disk and DiskDir out", c.Record.Dir)
	}
	if c.Record.Dir == "" && c.Record != (Record{}) {
		return config.Errorf("Record.Dir", "a log needs a directory to be kept in")
	}
	if c.Retention.Disk == 0 && c.Retention.DiskDir != "" {
		return config.Errorf("Retention.Disk", "nothing is kept on disk in %s while Disk is 0: "+
			"say how many bytes may be", c.Retention.DiskDir)
	}
	if c.Retention.Disk > 0 && c.Retention.DiskDir == "" {
		return config.Errorf("Retention.DiskDir", "a disk part of the resend buffer needs "+
			"DiskDir, the directory to keep it in")
	}
	return nil
}

// validateFeeds checks the feeds and what excludes them. What needs one interface then has the
// first.
func (c *Config) validateFeeds() error {
	feeds := multicast.Feeds(c.Feeds)
	if err := feeds.CheckAlone(c.Interface); err != nil || feeds == nil {
		return err
	}
	if feeds[0].Group.IsValid() && c.Group != feeds[0].Group {
		return config.Errorf("Group", "the group %v stands beside Feeds with groups of their own: "+
			"leave it out", c.Group)
	}
	for i, f := range feeds {
		for _, before := range feeds[:i] {
			if f.Interface == before.Interface && f.Group.Port() == before.Group.Port() &&
				(c.reaches(before.Group.Addr(), f.Group.Addr()) ||
					c.reaches(f.Group.Addr(), before.Group.Addr())) {
				return config.Errorf("feeds", "%v and %v overlap: each takes %d groups, from its "+
					"own on; leave as many between them, or use two interfaces", before, f,
					c.layout.Groups+1)
			}
		}
	}
	c.Interface = feeds[0].Interface
	return nil
}

// reaches reports whether a home group, with the data groups behind it, takes an address.
func (c *Config) reaches(home, addr netip.Addr) bool {
	if c.layout.Groups < 2 { // then the home group carries all
		return false
	}
	for range c.layout.Groups {
		if home = home.Next(); home == addr {
			return true
		}
	}
	return false
}

// fitDatagram fits the datagram size to the interface's MTU in bytes, or 0 if that is
// unknown.
func (c *Config) fitDatagram(mtu int) error {
	usual := reliable.DefaultDatagram
	if !c.Group.Addr().Is4() {
		usual = reliable.DefaultDatagram6
	}
	if mtu > 0 {
		most := mtu - headers(c.Group)
		if most < frame.MinDatagram {
			return config.Errorf("Datagram", "the MTU of interface %s, %d bytes, leaves %d for a "+
				"datagram, which has at least %d; choose another interface",
				c.Interface, mtu, most, frame.MinDatagram)
		}
		if c.Datagram > most && c.Datagram <= frame.MaxDatagram {
			return config.Errorf("Datagram", "datagrams of %d bytes don't fit the MTU of "+
				"interface %s, %d, and are never fragmented; use at most %d", c.Datagram,
				c.Interface, mtu, most)
		}
		usual = min(usual, most)
	}
	if c.Datagram == 0 {
		c.Datagram = usual
	}
	return nil
}
