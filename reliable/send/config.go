package send

import (
	"fmt"
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/store"
	"crier/reliable/team"
	"crier/reliable/topic"
)

// Config configures a Sender. Zero fields mean the defaults.
type Config struct {
	// Session is the session's random id. Required.
	Session uint64
	// Name is the publisher's name, up to 255 bytes.
	Name string
	// Start is the start of the session, and Wall the wall clock then, in Unix
	// nanoseconds.
	Start reliable.Time
	Wall  int64
	// Topic is the stream's topic, or empty.
	Topic string
	// Layout tells the session's partitions, which are its channels, and the groups that they
	// go to; zero means one of each.
	Layout topic.Layout
	// Controls are the addresses for NACKs, if the session goes out by several feeds: one for
	// each, in their order.
	Controls []netip.AddrPort
	// FirstSeq and FirstOffset number the first frame and message of each channel.
	FirstSeq, FirstOffset uint64
	// Prev has the session that each channel continues, if they continue one: those begin at
	// its Offset. Nil means none.
	Prev []reliable.Link
	// Replay is the session that this one publishes again, if it does. Subscribers are told:
	// those that don't ask for replays drop all frames of it.
	Replay reliable.SessionID
	// Recorders are the addresses of the recorders whose logs count for Stream.Holding; nil
	// means all.
	Recorders []netip.Addr
	// Datagram is the size of a full datagram, in bytes, from 256 to 65,507; 0 means
	// 1,472. DATA frames are smaller by the overhead of a REPAIR.
	Datagram int
	// BatchWait is how long a message may wait for others to share its datagram; 0 sends
	// it at once.
	BatchWait time.Duration
	// MaxMembers bounds the table of subscribers; 0 means 4,096. Subscribers beyond it
	// are served, and share one quota.
	MaxMembers int
	// Retention bounds the frames that are kept for repair.
	Retention Retention
	// Record has all frames written to a log that outlives the process.
	Record Record
	// Ring, if not zero, is the memory of the resend buffer and its index, with the
	// lengths that RingSize returns. Otherwise New allocates it.
	Ring store.Memory
	// Flow selects the answer to messages that come faster than they can go.
	Flow Flow
	// Repair bounds repairs.
	Repair Repair
	// Teams configures the sharing of work among members of teams.
	Teams team.Config
	// Cut says that the kernel or the network card may cut a Batch out of one write.
	// Trials then find out now and then whether that damages datagrams. Seed seeds the
	// trials.
	Cut  bool
	Seed uint64
	// Uneven says that cutting is known to damage datagrams of equal length. The last
	// frame of a full batch is then a little shorter than the others.
	Uneven bool
}

// Complete returns the configuration with its defaults set, or the first mistake in it.
func (c Config) Complete() (Config, error) {
	c.setDefaults()
	var err error
	if c.Layout, err = c.Layout.Complete(); err != nil {
		return c, err
	}
	if c.Teams, err = c.Teams.Complete(); err != nil {
		return c, err
	}
	return c, c.validate()
}

func (c *Config) setDefaults() {
	if c.Datagram == 0 {
		c.Datagram = reliable.DefaultDatagram
	}
	if c.MaxMembers == 0 {
		c.MaxMembers = DefaultMaxMembers
	}
	c.Retention.setDefaults()
	c.Flow.setDefaults(c.Datagram)
	c.Repair.setDefaults()
}

// RingSize returns the lengths that c.Ring must have, for a valid configuration.
func (c Config) RingSize() (frames, index int) {
	c.setDefaults()
	frames, index = store.Size(c.ringBytes(), frame.DataSize(c.Datagram))
	return c.partitions() * frames, c.partitions() * index
}

// partitions returns the number of channels.
func (c *Config) partitions() int { return max(c.Layout.Partitions, 1) }

// ringBytes returns the size of the resend buffer of each channel, in bytes.
func (c *Config) ringBytes() int { return c.Retention.ResendBuffer / c.partitions() }

// ringName names the resend buffer of a channel, in errors.
func (c *Config) ringName() string {
	if n := c.partitions(); n > 1 {
		return fmt.Sprintf("the resend buffer of one of %d partitions", n)
	}
	return "the resend buffer"
}

// ring returns a channel's part of the given memory.
func (c *Config) ring(channel uint32) store.Memory {
	if c.Ring.Frames == nil && c.Ring.Index == nil {
		return store.Memory{}
	}
	frames, index := store.Size(c.ringBytes(), frame.DataSize(c.Datagram))
	i := int(channel)
	return store.Memory{Frames: c.Ring.Frames[i*frames : (i+1)*frames : (i+1)*frames],
		Index: c.Ring.Index[i*index : (i+1)*index : (i+1)*index]}
}

// share returns a channel's share of so many bytes, of which 0 means none or no bound.
func (c *Config) share(bytes int64) int64 {
	if bytes == 0 {
		return 0
	}
	return max(bytes/int64(c.partitions()), 1)
}

// told returns what subscribers are told of the layout: the number of groups, and their base.
// It is 0 groups for a session without topic and partitions, which needs none.
func (c *Config) told() (groups uint32, base netip.AddrPort) {
	if c.Topic == "" && c.Layout.Partitions == 1 {
		return 0, base
	}
	return uint32(c.Layout.Groups), c.Layout.Base
}

// prev returns the session that a channel continues, or the zero Link.
func (c *Config) prev(channel uint32) reliable.Link {
	if int(channel) < len(c.Prev) {
		return c.Prev[channel]
	}
	return reliable.Link{}
}

// first returns the offset of a channel's first message.
func (c *Config) first(channel uint32) uint64 {
	if prev := c.prev(channel); prev != (reliable.Link{}) {
		return prev.Offset
	}
	return c.FirstOffset
}

// fitRing reports whether the given memory has the right lengths.
func (c *Config) fitRing() bool {
	if c.Ring.Frames == nil && c.Ring.Index == nil {
		return true
	}
	frames, index := c.RingSize()
	return len(c.Ring.Frames) == frames && len(c.Ring.Index) == index
}

func (c *Config) validate() error {
	switch {
	case c.Session == 0:
		return config.Errorf("Session", "a session needs an id that is not 0")
	case len(c.Name) > frame.MaxName:
		return config.Errorf("Name", "the publisher's name has %d bytes, and may have %d",
			len(c.Name), frame.MaxName)
	case c.Datagram < frame.MinDatagram || c.Datagram > frame.MaxDatagram:
		return config.Errorf("Datagram", "%d bytes are outside %d to %d", c.Datagram,
			frame.MinDatagram, frame.MaxDatagram)
	case c.BatchWait < 0:
		return config.Errorf("BatchWait", "a batch wait of %v is negative", c.BatchWait)
	case c.MaxMembers < 1:
		return config.Errorf("MaxMembers", "a table of %d subscribers is too small", c.MaxMembers)
	case c.FirstSeq > 1<<63 || c.FirstOffset > 1<<63:
		return config.Errorf("FirstOffset", "sequence numbers and offsets start at 2^63 at most, "+
			"so that they never wrap")
	}
	if c.Topic != "" {
		if err := topic.Check(c.Topic); err != nil {
			return config.Errorf("Topic", "%v", err)
		}
	}
	if n := len(c.Prev); n > 0 && n != c.partitions() {
		return config.Errorf("Prev", "%d sessions are continued by %d partitions: name one for each",
			n, c.partitions())
	}
	for i := range c.Prev {
		if c.Prev[i].Offset > 1<<63 {
			return config.Errorf("Prev", "offsets start at 2^63 at most, so that they never wrap")
		}
	}
	if err := c.Retention.validate(c.Datagram, c.partitions()); err != nil {
		return err
	}
	if err := c.Flow.validate(c.Datagram, c.MaxMembers); err != nil {
		return err
	}
	if err := c.Repair.validate(); err != nil {
		return err
	}
	if !c.fitRing() {
		return config.Errorf("Ring", "the lengths differ from those that RingSize returns")
	}
	return nil
}
