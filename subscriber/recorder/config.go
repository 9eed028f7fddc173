package recorder

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/reliable/topic"
)

// DefaultGroup is the group that a zero Config listens to.
var DefaultGroup = netip.MustParseAddrPort("239.77.0.1:7700")

// Keep is how much a log keeps, as a ring of whole segments. Zero fields bound nothing:
//
//	Bytes int64         the files of all sessions together
//	Age time.Duration   how long ago a segment's last frame was recorded
type Keep = journal.Keep

// Fsync says when what was written is synced:
//
//	Mode FsyncMode        FsyncInterval, the default; FsyncEach, or FsyncNone
//	Every time.Duration   the interval; 0 means 50 ms
type Fsync = journal.Fsync

// FsyncMode says when what was written is synced.
type FsyncMode = journal.FsyncMode

// The modes of Fsync.
const (
	// FsyncInterval syncs at an interval: the loss of power takes what was written since.
	FsyncInterval FsyncMode = journal.FsyncInterval
	// FsyncEach syncs each batch: the loss of power takes nothing that was reported.
	FsyncEach FsyncMode = journal.FsyncEach
	// FsyncNone leaves it to the kernel: the loss of power takes what that hasn't written, which
	// may be that of half a minute and more.
	FsyncNone FsyncMode = journal.FsyncNone
)

// Topic is a topic that is recorded:
//
//	Name string             its name
//	Base netip.AddrPort     its home group; the zero value means that the groups follow from the name
//	Partitions []uint32     those that are recorded; nil means all
type Topic = receive.Topic

// Feed is one of several ways by which the same datagrams come: see subscriber.Feed.
type Feed = multicast.Feed

// Recovery bounds the time for which missing frames are requested: see subscriber.Recovery.
type Recovery = receive.Recovery

// Memory bounds the frames that wait for a gap to close, or for the disk. Each field's zero value
// means its default:
//
//	Buffer int        those of one session, in bytes, at least 64 KiB; 0 means 256 MiB
//	Total int         those of all sessions, in bytes; 0 means twice Buffer
//	MaxSessions int   the sessions that are followed at once; 0 means 256
type Memory = receive.Memory

// Link configures the use of the interface: see subscriber.Link.
type Link = multicast.LinkConfig

// SessionID identifies one publisher's life on one group.
type SessionID = reliable.SessionID

// Config configures a Recorder. Each field's zero value means its default. Dir or Disk is
// required.
type Config struct {
	// Topics are recorded by their names, up to 64.
	Topics []Topic
	// Groups are the multicast addresses and ports to record whatever comes by them, all of one
	// address family. Without Topics and Groups it is DefaultGroup.
	Groups []netip.AddrPort
	// Feeds, if not nil, are two to four ways by which the same datagrams come: see
	// subscriber.Config.
	Feeds []Feed
	// Interface is the network interface's name or one of its addresses. The default is the
	// loopback interface.
	Interface string
	// Source restricts the groups to one publisher's address (source-specific multicast), if
	// valid.
	Source netip.Addr
	// Name is the recorder's name for publishers, of up to 255 bytes.
	Name string

	// Dir is the directory of the log. It is made if it doesn't exist, and no other process may
	// write to it.
	Dir string
	// Keep is how much the log keeps. The zero value keeps all.
	Keep Keep
	// Segment is the size of the log's files in bytes; 0 means 64 MiB, or a 16th of Keep.Bytes
	// if that is less.
	Segment int64
	// Fsync says when the log is synced.
	Fsync Fsync

	// ServeRate bounds the repairs, in bytes a second, at least 64 KiB; 0 means 128 MiB.
	ServeRate uint64
	// Recovery bounds the time for which missing frames are requested.
	Recovery Recovery
	// Memory bounds the frames that wait, and Tail those on their way to the disk and those kept
	// behind it, in bytes, at least 2 MiB; 0 means 64 MiB. Tail is for all sessions together.
	Memory Memory
	Tail   int
	// Link configures the use of the interface.
	Link Link
	// Logger gets messages for the operator; nil means none are logged.
	Logger *slog.Logger

	// Disk, if not nil, is an open log of somebody else's, which the Recorder serves and never
	// writes: it follows no session, and needs no Dir. Sessions in Except are not served.
	Disk   Disk
	Except []SessionID
}

// A Disk does the jobs of a log.
type Disk interface {
	// States returns what the log held when it was opened.
	States() []journal.State
	// Start takes a job, and never blocks. done is called later, on another goroutine.
	Start(job *journal.Job, done func(*journal.Result))
}

func (c *Config) complete() error {
	c.Groups, c.Topics = slices.Clone(c.Groups), slices.Clone(c.Topics) // the caller keeps its own
	c.Feeds = slices.Clone(c.Feeds)
	if len(c.Groups) == 0 && len(c.Topics) == 0 {
		c.Groups = []netip.AddrPort{DefaultGroup}
		if len(c.Feeds) > 0 && c.Feeds[0].Group.IsValid() {
			c.Groups[0] = c.Feeds[0].Group
		}
	}
	for i, g := range c.Groups {
		c.Groups[i] = netip.AddrPortFrom(g.Addr().Unmap(), g.Port())
	}
	for i := range c.Topics {
		if t := &c.Topics[i]; !t.Base.IsValid() && len(c.Feeds) > 0 {
			t.Base = c.Feeds[0].Group // if they have any
		}
		if err := c.Topics[i].Check(); err != nil {
			return err
		}
		if c.Topics[i].Name == "" {
			return config.Errorf("Topics", "a topic has no name: give one, or name its "+
				"group in Groups")
		}
	}
	if c.Interface == "" && len(c.Feeds) == 0 {
		c.Interface = multicast.Loopback(c.homes()[0])
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if c.Link, err = c.Link.Complete(); err != nil {
		return err
	}
	if c.Dir == "" && c.Disk == nil {
		return config.Errorf("Dir", "a recorder needs a directory for its log")
	}
	if err := multicast.Feeds(c.Feeds).Check(); err != nil {
		return err
	}
	homes := c.homes()
	for i, group := range homes {
		if err := multicast.CheckGroup(group); err != nil {
			return err
		}
		if group.Addr().Is4() != homes[0].Addr().Is4() {
			return fmt.Errorf("the groups %v and %v are of different address families; "+
				"use one recorder for each", homes[0], group)
		}
		if slices.Contains(homes[:i], group) {
			return fmt.Errorf("the group %v is given twice, in Groups or as a topic's; give it once",
				group)
		}
	}
	return nil
}

// homes returns the groups that are joined from the start: Groups, and the home groups of Topics.
func (c *Config) homes() []netip.AddrPort {
	list := slices.Clone(c.Groups)
	for _, t := range c.Topics {
		list = append(list, topic.Home(t.Name, t.Base))
	}
	return list
}
