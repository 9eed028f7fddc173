package send

import (
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rate"
	"crier/reliable/store"
)

// Config configures a Sender. Zero fields mean the defaults.
type Config struct {
	// Session is the session's random id. Required.
	Session uint64
	// Name is the name of the stream, up to 255 bytes.
	Name string
	// Start is the start of the session, and Wall the wall clock then, in Unix
	// nanoseconds.
	Start reliable.Time
	Wall  int64
	// FirstSeq and FirstOffset number the first frame and message.
	FirstSeq, FirstOffset uint64
	// Channel is the sequence space within the session.
	Channel uint32
	// Datagram is the size of a full datagram, in bytes, from 256 to 65,507; 0 means
	// 1,472. DATA frames are smaller by what a REPAIR adds.
	Datagram int
	// ResendBuffer bounds the frames that are held for repair, in bytes; 0 means 64 MiB.
	// It must hold 8 full frames. The number of frames is bounded to one for each 256
	// bytes. An index of 24 bytes a frame comes on top.
	ResendBuffer int
	// Memory, if not zero, is the memory of the resend buffer and its index, with the
	// lengths that RingSize returns. Otherwise New allocates it.
	Memory store.Memory
	// BatchWait is how long a message may wait for others to share its datagram; 0 sends
	// it at once.
	BatchWait time.Duration
	// RepairShare is the part of the data rate that repairs may use, up to 10; 0 means
	// 0.5. RepairFloor is the rate that they may always use, in bytes a second; 0 means
	// 16 MiB a second.
	RepairShare float64
	RepairFloor uint64
	// MaxMembers bounds the table of subscribers; 0 means 4,096. Subscribers beyond it
	// are served, and share one quota.
	MaxMembers int

	// Pace selects the subscribers whose pace counts: frames that they have yet to take
	// are kept. The zero value selects none. With another value, no message is accepted
	// in the first 100 ms, so that subscribers can report their positions.
	Pace reliable.Pace
	// WhenFull selects what happens to a message that finds no room.
	WhenFull reliable.WhenFull
	// WaitFor, if not 0, is the number of subscribers that must report their positions
	// before a message is accepted.
	WaitFor int
	// StallTimeout is how long a subscriber without progress may leave no room for others
	// before it is evicted from the count; 0 means 5 s.
	StallTimeout time.Duration
	// Linger is how long a closed session goes on repairing after the last request; 0
	// means 1 s. A subscriber that is stopped for that long loses the frames that it
	// misses.
	Linger time.Duration
	// Disk bounds the frames kept on disk when the ring is full, in bytes; 0 means that
	// there is no disk. Each frame takes a stride and store.RecordHead.
	Disk int64
	// Cut says that the kernel or the network card may cut a Batch out of one write.
	// Trials then find out now and then whether that damages datagrams. Seed seeds the
	// trials.
	Cut  bool
	Seed uint64
	// Uneven says that cutting is known to damage datagrams of equal length. The last
	// frame of a full batch is then a little shorter than the others.
	Uneven bool
	// MaxRate bounds the traffic, in bytes of datagrams a second; 0 means no bound.
	// HEARTBEAT and other control frames don't wait for it: data and repairs leave room
	// for them. Burst is the number of bytes that may go out at once; 0 means as many as
	// the rate gives in 1 ms, and at least two datagrams.
	MaxRate, Burst uint64
}

func (c *Config) setDefaults() {
	if c.Datagram == 0 {
		c.Datagram = reliable.DefaultDatagram
	}
	if c.ResendBuffer == 0 {
		c.ResendBuffer = DefaultResendBuffer
	}
	if c.MaxMembers == 0 {
		c.MaxMembers = DefaultMaxMembers
	}
	if c.RepairFloor == 0 {
		c.RepairFloor = DefaultRepairFloor
	}
	if c.StallTimeout == 0 {
		c.StallTimeout = DefaultStallTimeout
	}
	if c.Linger == 0 {
		c.Linger = DefaultLinger
	}
	if c.Burst == 0 {
		c.Burst = max(2*uint64(c.Datagram), min(c.MaxRate/1000, reliable.MaxBatch))
	}
}

// fitMemory reports whether the given memory has the right lengths.
func (c *Config) fitMemory() bool {
	if c.Memory.Frames == nil && c.Memory.Index == nil {
		return true
	}
	frames, index := c.RingSize()
	return len(c.Memory.Frames) == frames && len(c.Memory.Index) == index
}

func (c *Config) validate() error {
	stride := frame.DataSize(c.Datagram)
	switch {
	case c.Session == 0:
		return fmt.Errorf("a Session needs an id that is not 0")
	case len(c.Name) > frame.MaxName:
		return fmt.Errorf("the stream's Name has %d bytes, and may have %d", len(c.Name),
			frame.MaxName)
	case c.Datagram < frame.MinDatagram || c.Datagram > frame.MaxDatagram:
		return fmt.Errorf("a Datagram of %d bytes is outside %d to %d", c.Datagram,
			frame.MinDatagram, frame.MaxDatagram)
	case c.ResendBuffer < store.MinFrames*stride:
		return fmt.Errorf("Retention.Memory: a resend buffer of %d bytes is too small: "+
			"%d frames of %d bytes need %d",
			c.ResendBuffer, store.MinFrames, stride, store.MinFrames*stride)
	case !c.fitMemory():
		return fmt.Errorf("Memory: the lengths differ from those that RingSize returns")
	case c.BatchWait < 0:
		return fmt.Errorf("BatchWait: a batch wait of %v is negative", c.BatchWait)
	case !(c.RepairShare >= 0 && c.RepairShare <= 10):
		return fmt.Errorf("Repair.Share: a repair share of %v is outside 0 to 10", c.RepairShare)
	case c.MaxMembers < 1:
		return fmt.Errorf("MaxMembers: a table of %d subscribers is too small", c.MaxMembers)
	case c.StallTimeout < 0:
		return fmt.Errorf("Flow.StallTimeout: a stall timeout of %v is negative", c.StallTimeout)
	case c.Linger < 0:
		return fmt.Errorf("Repair.Linger: to linger for %v is not possible: it is negative",
			c.Linger)
	case c.WhenFull > reliable.Drop:
		return fmt.Errorf("Flow.WhenFull: what to do when full, %d, is not known", c.WhenFull)
	case c.WaitFor < 0 || c.WaitFor > c.MaxMembers:
		return fmt.Errorf("Flow.WaitFor: waiting for %d subscribers is outside 0 to %d", c.WaitFor,
			c.MaxMembers)
	case c.Disk < 0 || c.Disk > 0 && c.Disk < int64(stride+store.RecordHead):
		return fmt.Errorf("Retention.Disk: %d bytes on disk hold no frame: "+
			"use 0 for none, or at least %d",
			c.Disk, stride+store.RecordHead)
	case c.MaxRate > maxRate || c.MaxRate > 0 && c.MaxRate < uint64(c.Datagram):
		return fmt.Errorf("Flow.MaxRate: a rate of %d bytes a second is outside %d to %d",
			c.MaxRate,
			c.Datagram, uint64(maxRate))
	case c.Burst > rate.MaxBurst:
		return fmt.Errorf("Flow.Burst: a burst of %d bytes is more than %d", c.Burst, rate.MaxBurst)
	case c.FirstSeq > 1<<63 || c.FirstOffset > 1<<63:
		return fmt.Errorf("FirstOffset: sequence numbers and offsets start at 2^63 at most, " +
			"so that they never wrap")
	}
	if err := c.Pace.Validate(); err != nil {
		return fmt.Errorf("Flow.Pace: %w", err)
	}
	return nil
}
