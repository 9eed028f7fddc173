package record

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/receive"
)

// Config configures a Recorder. Zero fields mean the defaults.
type Config struct {
	// ID is the recorder's random id, as a subscriber and as a holder. Required.
	ID uint64
	// Seed seeds back-off and jitter.
	Seed uint64
	// Name of the recorder, up to 255 bytes.
	Name string
	// Epoch is the wall clock at time 0, and Joined when the recorder began to listen.
	Epoch  time.Time
	Joined reliable.Time
	// Topics are recorded, in all their partitions or some. Their groups follow those of Groups in
	// Memberships.
	Topics []receive.Topic
	// Groups are the groups that frames come by, in the order of frame.Frame.GroupIndex.
	Groups []netip.AddrPort
	// Datagram is the largest datagram to send, in bytes; 0 means 1,472.
	Datagram int

	// States are what the log held when it was opened.
	States []journal.State
	// Fsync says when the log syncs. With FsyncEach a publisher that keeps the recorder's pace
	// waits until frames are synced, else until they are written.
	Fsync journal.Fsync
	// Aging is how often the log gets a job at least, so that it drops what is too old though
	// nothing comes; 0 means never.
	Aging time.Duration
	// ServeOnly follows no session: the recorder serves what the log held when it was opened,
	// but for the sessions in Except.
	ServeOnly bool
	Except    []reliable.SessionID

	// NoInquest takes no part in the inquests of survivors: their words don't reach the group, as
	// where that is for one source.
	NoInquest bool

	// Recovery configures for how long missing frames are asked for.
	Recovery receive.Recovery
	// Memory bounds the frames that wait for a gap to close, or for the disk. Its Buffer is
	// 256 MiB if it is zero, and MaxSessions 256.
	Memory receive.Memory
	// Tail bounds the memory for frames on their way to the disk, and for those that are kept
	// behind it to be repeated, in bytes, at least 2 MiB; 0 means 64 MiB. It is for all sessions
	// together.
	Tail int
	// ServeRate bounds the repairs, in bytes a second, at least 64 KiB; 0 means 128 MiB.
	ServeRate uint64
}

// Defaults of a Config.
const (
	DefaultTail      = 64 << 20
	DefaultServeRate = 128 << 20

	minTail         = 2 << 20
	minServeRate    = 64 << 10
	defaultBuffer   = 256 << 20
	defaultSessions = 256
)

// Complete checks the configuration, and fills in the defaults.
func (c Config) Complete() (Config, error) {
	if c.Datagram == 0 {
		c.Datagram = reliable.DefaultDatagram
	}
	if c.Memory.Buffer == 0 {
		c.Memory.Buffer = defaultBuffer
	}
	if c.Memory.Total == 0 {
		c.Memory.Total = 2 * c.Memory.Buffer
	}
	if c.Memory.MaxSessions == 0 {
		c.Memory.MaxSessions = defaultSessions
	}
	if c.Tail == 0 {
		c.Tail = DefaultTail
	}
	if c.ServeRate == 0 {
		c.ServeRate = DefaultServeRate
	}
	switch {
	case c.ID == 0:
		return c, config.Errorf("ID", "a recorder needs an id that is not 0")
	case len(c.Name) > frame.MaxName:
		return c, config.Errorf("Name", "the recorder's name has %d bytes, and may have %d",
			len(c.Name), frame.MaxName)
	case c.Tail < minTail:
		return c, config.Errorf("Tail", "a tail of %d bytes is smaller than 2 MiB", c.Tail)
	case c.ServeRate < minServeRate:
		return c, config.Errorf("ServeRate", "%d bytes a second are less than 64 KiB", c.ServeRate)
	}
	var err error
	if c.Recovery, err = c.Recovery.Complete(); err != nil {
		return c, err
	}
	c.Memory, err = c.Memory.Complete()
	return c, err
}
