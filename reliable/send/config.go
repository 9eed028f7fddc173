package send

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/store"
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
	// FirstSeq and FirstOffset number the first frame and message.
	FirstSeq, FirstOffset uint64
	// Prev is the session that this one continues, and Replay the one that it publishes
	// again, if there are any. Subscribers are told: those that don't ask for replays drop all
	// frames of one.
	Prev   reliable.Link
	Replay reliable.SessionID
	// Recorders are the addresses of the recorders whose logs count for Stream.Holding; nil
	// means all.
	Recorders []netip.Addr
	// Channel is the sequence space within the session.
	Channel uint32
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
	return store.Size(c.Retention.ResendBuffer, frame.DataSize(c.Datagram))
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
	if err := c.Retention.validate(c.Datagram); err != nil {
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
