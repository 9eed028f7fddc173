package subscriber

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/topic"
)

// DefaultGroup is the group that a zero Config listens to.
var DefaultGroup = netip.MustParseAddrPort("239.77.0.1:7700")

// Start selects where to begin in a session that is older than the subscriber.
type Start = reliable.Start

var (
	// Latest begins with the first message heard. It is the default.
	Latest = reliable.Latest
	// Oldest begins with the oldest message that the publisher or a recorder still holds.
	Oldest = reliable.Oldest
	// Resume goes on behind the saved position of Config.Offsets. A session without one
	// begins as with Latest.
	Resume = reliable.Resume
	// ResumeOldest is Resume, but a session without a saved position begins as with Oldest.
	ResumeOldest = reliable.ResumeOldest
)

// AtOffset begins with the message at an offset.
func AtOffset(offset uint64) Start { return reliable.AtOffset(offset) }

// AtTime begins with the first message of a datagram that was made at a time or later, by the
// publisher's wall clock.
func AtTime(t time.Time) Start { return reliable.AtTime(t) }

// ParseStart parses latest, oldest, offset:N, time:T, resume and resume:oldest. T is as in
// RFC 3339, or a negative duration: that long before now.
func ParseStart(text string, now time.Time) (Start, error) { return reliable.ParseStart(text, now) }

// Until selects where to end in a session. The zero Until is its end.
type Until = reliable.Until

// UntilOffset ends before the message at an offset.
func UntilOffset(offset uint64) Until { return reliable.UntilOffset(offset) }

// UntilTime ends before the first message of a datagram that was made at a time or later, by
// the publisher's wall clock.
func UntilTime(t time.Time) Until { return reliable.UntilTime(t) }

// ParseUntil parses offset:N and time:T, with T as for ParseStart.
func ParseUntil(text string, now time.Time) (Until, error) { return reliable.ParseUntil(text, now) }

// Order selects when a message is delivered.
type Order = reliable.Order

const (
	// InOrder delivers each session's messages by offset. It is the default.
	InOrder Order = reliable.InOrder
	// OnArrival delivers a message as soon as it is complete.
	OnArrival Order = reliable.OnArrival
)

// Config configures a Subscriber. The zero value listens to DefaultGroup on the
// loopback interface; each field's zero value means its default.
type Config struct {
	// Topic is the name of what to listen to, or a pattern: '*' stands for any characters, and
	// all topics that match are followed, up to 64 at once, and those that appear later as well.
	// Empty means whatever is heard on Groups.
	Topic string
	// Partitions are those that are wanted, each from 0 to 255; nil means all. A partition that
	// a session hasn't is logged.
	Partitions []uint32
	// Groups are the multicast addresses and ports to listen to, all of one
	// address family. With a Topic, it is one at most: the home group, which the topic's other
	// groups follow, each one address further. None means the groups that follow from the name.
	Groups []netip.AddrPort
	// Feeds, if not nil, are two to four ways by which the same datagrams come, each with an
	// interface. What one of them lacks another fills. They take the place of Interface, and
	// their groups, if they have any, that of Groups.
	Feeds []Feed
	// Interface is the network interface's name or one of its addresses. The
	// default is the loopback interface.
	Interface string
	// Source restricts the groups to one publisher's address (source-specific
	// multicast), if valid.
	Source netip.Addr
	// Name is the subscriber's name for publishers, of up to 255 bytes. In a team it is what the
	// shares of the work follow: no two live members have the same, and a member that keeps its
	// name over a restart gets the same partitions. There the default is host and process number.
	Name string
	// Handler, if set, takes the events, one call at a time. It runs on the goroutine that
	// read the datagram, on the timer's goroutine for events that time causes, and on that
	// of Close for the last events. It should return soon: meanwhile that goroutine reads
	// nothing, and the kernel's buffer fills. It must not call Close. The event is valid
	// during the call. Without a Handler, range over Messages.
	Handler func(*Event)
	// Start selects where to begin in sessions that are older than the subscriber. With
	// Offsets, the zero Start is Resume.
	Start Start
	// Until, if not zero, ends each session before an offset or a time.
	Until Until
	// Team, if not empty, is the name of a team, of up to 255 bytes, whose members share the
	// messages of the Topic. Its publishers grant each message to one of them: see Share. In a team
	// a Handler runs on a goroutine of its own.
	Team string
	// Share selects how the members share the messages; 0 means ByPartition. All members of a team
	// have the same.
	Share Share
	// Weight is this member's part of the work compared to that of others, 1 to 1,000; 0 means 1.
	Weight int
	// Room is how many messages this member takes at once, where work is shared by message, 1 to
	// 1,024; 0 means 8.
	Room int
	// Window is how many messages of a partition may be handed out beyond those of which the
	// publisher knows that they are done, where work is shared by partition, 1 to 1,048,576; 0
	// means 16,384. As many may come twice when this member is lost.
	Window int
	// ManualDone leaves it to the application to call Done or, where messages are shared, Release
	// of each message of a team, on any goroutine: Close waits for them for up to 30 s. A message
	// of which neither is called holds up its partition's position, and so whatever is kept for
	// the team; where messages are shared, it is granted again after the work time. Without
	// ManualDone a message is done at the end of its step, unless it was released before; one whose
	// step breaks off (break, return, panic) isn't done: the next range begins with it, marked.
	ManualDone bool
	// Orphans selects what becomes of orphans: messages that this member was granted, and has yet
	// to hand out, when their publisher has fallen silent and the lease has run out.
	Orphans Orphans
	// Offsets, if set, keeps the positions of what is acknowledged, from which a later
	// Subscriber resumes. A Start other than Resume and ResumeOldest, or an Until, works a
	// stretch through again, and leaves the positions as they are.
	Offsets OffsetStore
	// Acknowledge configures which messages count as done.
	Acknowledge Acknowledge
	// Logs configures the use of recorders.
	Logs Logs
	// Order selects when messages are delivered.
	Order Order
	// Overload selects the answer to an application that takes messages more slowly than
	// they come.
	Overload Overload
	// WarnLag, if not 0, is the number of messages that the application may be behind.
	// When it is further behind, a warning is logged and OnLag is called with true. When
	// it is less than half as far behind, both happen again, with false. OnLag is called
	// on a goroutine of its own, and must not call Close.
	WarnLag uint64
	OnLag   func(lag Lag, behind bool)
	// Recovery bounds the time for which missing messages are requested.
	Recovery Recovery
	// Memory bounds the messages that wait.
	Memory Memory
	// History bounds what is kept of the messages that were delivered, of all sessions together,
	// in bytes, at least 128 KiB. When a publisher falls silent, subscribers that keep a history
	// help each other: they hold an inquest, whose end is SessionSilent with a Certificate. 0 means
	// DefaultHistory. A negative number keeps nothing, and neither asks other subscribers nor
	// answers them. The same goes for a Source, and for Recovery.Off.
	History int
	// Link configures the use of the interface.
	Link Link
	// Logger gets messages for the operator; nil means none are logged.
	Logger *slog.Logger

	// base is the home group of Topic; if it isn't valid, all groups follow from the name.
	base netip.AddrPort
}

func (c *Config) setDefaults() {
	c.Groups = slices.Clone(c.Groups) // the caller keeps its slices
	c.Partitions = slices.Clone(c.Partitions)
	c.Feeds = slices.Clone(c.Feeds)
	for i, f := range c.Feeds {
		c.Feeds[i].Group = netip.AddrPortFrom(f.Group.Addr().Unmap(), f.Group.Port())
	}
	if len(c.Groups) == 0 && len(c.Feeds) > 0 && c.Feeds[0].Group.IsValid() {
		c.Groups = []netip.AddrPort{c.Feeds[0].Group}
	}
	if len(c.Groups) > 0 && c.Topic != "" {
		c.base = c.Groups[0]
	}
	switch {
	case len(c.Groups) > 0:
	case topic.IsPattern(c.Topic):
		c.Groups = []netip.AddrPort{topic.Directory}
	case c.Topic != "":
		c.Groups = []netip.AddrPort{topic.Home(c.Topic, netip.AddrPort{})}
	default:
		c.Groups = []netip.AddrPort{DefaultGroup}
	}
	for i, g := range c.Groups {
		c.Groups[i] = netip.AddrPortFrom(g.Addr().Unmap(), g.Port())
	}
	if c.Interface == "" && len(c.Feeds) == 0 {
		c.Interface = multicast.Loopback(c.Groups[0])
	}
	if c.Offsets != nil && c.Start == Latest {
		c.Start = Resume
	}
	c.setTeamDefaults()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// validate checks the groups; the sockets and the receiver check the rest.
func (c *Config) validate() error {
	var err error
	if c.Link, err = c.Link.Complete(); err != nil {
		return err
	}
	if c.Acknowledge, err = c.Acknowledge.Complete(); err != nil {
		return err
	}
	if c.resumes() && c.Order != InOrder {
		return config.Errorf("Offsets", "positions need the order %v: one can't tell what was "+
			"delivered %v", InOrder, c.Order)
	}
	if err := c.validateTopic(); err != nil {
		return err
	}
	if err := c.validateFeeds(); err != nil {
		return err
	}
	if err := c.validateTeam(); err != nil {
		return err
	}
	for i, group := range c.Groups {
		if err := multicast.CheckGroup(group); err != nil {
			return err
		}
		if group.Addr().Is4() != c.Groups[0].Addr().Is4() {
			return fmt.Errorf("the Groups %v and %v are of different address families; "+
				"use one subscriber for each", c.Groups[0], group)
		}
		if slices.Contains(c.Groups[:i], group) {
			return fmt.Errorf("the group %v is in Groups twice; give it once", group)
		}
	}
	return nil
}
