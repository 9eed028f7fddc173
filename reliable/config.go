package reliable

import (
	"fmt"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// Time is an instant, in nanoseconds since a start that the driver chose; it is
// never negative.
type Time = nack.Time

// Never is later than every other Time.
const Never = nack.Never

// Defaults, and limits that are not configured.
const (
	// DefaultDatagram is the size of a full datagram over IPv4 on Ethernet: 1,500
	// bytes less 28 of headers. Over IPv6 it is DefaultDatagram6.
	DefaultDatagram  = 1472
	DefaultDatagram6 = 1452

	// DefaultResendBuffer bounds what a Sender holds for repair, in bytes.
	DefaultResendBuffer = 64 << 20
	// DefaultBuffer bounds what a Receiver holds of one session, in bytes.
	DefaultBuffer = 32 << 20
	// DefaultMaxSessions bounds the sessions that a Receiver follows.
	DefaultMaxSessions = 1024
	// DefaultMaxMembers bounds a Sender's table of subscribers.
	DefaultMaxMembers = 4096

	// DefaultStallTimeout is how long a subscriber may hold the others back.
	DefaultStallTimeout = 5 * time.Second
	// DefaultLinger is how long a closed session goes on after the last request.
	DefaultLinger = time.Second
	// maxRate bounds the rate limit, in bytes a second; confirmPart is the part of it
	// that CONFIRMs may use.
	maxRate     = 1 << 40
	confirmPart = 16
	// DefaultRepairFloor is the rate that repairs may always use, in bytes a second;
	// what goes to subscribers that are behind may use as much again.
	DefaultRepairFloor = 16 << 20
	// catchBurst is how much may go to subscribers that are behind at once, in
	// bytes.
	catchBurst = 256 << 10

	// minSilence is how long a session may be quiet before it is silent, where
	// five announced heartbeat intervals are less.
	minSilence       = 2 * time.Second
	silenceIntervals = 5

	// maxInterval is the longest heartbeat interval believed, so that silence is
	// always noticed, and maxGroup the largest group.
	maxInterval = 2 * time.Second
	maxGroup    = 1 << 20

	// heartbeatFirst is when the first heartbeat follows the last data: a lost
	// tail is found that soon. Each further one waits twice as long, up to
	// heartbeatLast.
	heartbeatFirst = time.Millisecond
	heartbeatLast  = 400 * time.Millisecond
	// heartbeatData is how often a heartbeat goes out while data does.
	heartbeatData = 100 * time.Millisecond
	// announceEvery is how often SESSION is repeated.
	announceEvery = time.Second
	// byeLast is the longest time between two BYEs.
	byeLast = 100 * time.Millisecond

	// drainMax is how long a closed session still repairs, at the most, unless it
	// lingers longer.
	drainMax = 30 * time.Second

	// statusPerSecond is how many STATUS all subscribers of a session send
	// together, as RTCP scales its reports (RFC 3550, section 6.2); one sends no
	// more than one each statusMin.
	statusPerSecond = 100
	statusMin       = 500 * time.Millisecond

	// arenaSize is the room for datagrams that are made to be sent once.
	arenaSize = 64 << 10
	// maxBatch is the most bytes in one Batch: what one offloaded send carries.
	maxBatch = 65507
	// maxSegments is the most datagrams in one Batch.
	maxSegments = 64
	// maxRepairs is the most repairs in one Batch: data waits for no more.
	maxRepairs = 16
)

// SenderConfig configures a Sender. Zero fields mean the defaults.
type SenderConfig struct {
	// Session is the session's random id. Required.
	Session uint64
	// Name of the stream, up to 255 bytes.
	Name string
	// Start is the session's start; Wall is the wall clock then, in Unix
	// nanoseconds.
	Start Time
	Wall  int64
	// FirstSeq and FirstOffset number the first frame and message.
	FirstSeq, FirstOffset uint64
	// Channel is the sequence space within the session.
	Channel uint32
	// Datagram is the size of a full datagram, in bytes, 256 to 65,507; 0
	// means 1,472. DATA frames are smaller by what a REPAIR adds.
	Datagram int
	// ResendBuffer bounds the frames that are held for repair, in bytes, and their
	// number by one for each 256 bytes; 0 means 64 MiB. It must hold 8 full frames. An
	// index of 24 bytes for each comes on top.
	ResendBuffer int
	// Memory, if not zero, is what the resend buffer and its index lie in; RingSize
	// says how long they are. Otherwise NewSender makes them.
	Memory RingMemory
	// BatchWait is how long a message may wait for others to share its
	// datagram; 0 sends it at once.
	BatchWait time.Duration
	// RepairShare is the part of the data rate that repairs may use, more than 0
	// to 10; 0 means 0.5. RepairFloor is the rate that they may always use, in
	// bytes a second; 0 means 16 MiB a second.
	RepairShare float64
	RepairFloor uint64
	// MaxMembers bounds the table of subscribers; 0 means 4,096. Subscribers
	// beyond it are served, and share one quota.
	MaxMembers int

	// Pace says whose pace counts: what subscribers that count have yet to take is
	// kept. The zero value is nobody's. With another one, nothing is accepted in
	// the first 100 ms, so that subscribers can say where they are.
	Pace Pace
	// WhenFull says what becomes of a message that finds no room.
	WhenFull WhenFull
	// WaitFor, if not 0, accepts nothing before so many subscribers have said where
	// they are.
	WaitFor int
	// StallTimeout is how long a subscriber that makes no progress may leave no
	// room for others, before it is left out of the count; 0 means 5 s.
	StallTimeout time.Duration
	// Linger is how long a closed session goes on repairing after the last request;
	// 0 means 1 s. A subscriber that can't run for so long loses what it misses.
	Linger time.Duration
	// Disk bounds what is kept on disk when the ring is full, in bytes, where each
	// frame has DiskHead besides a stride; 0 means
	// there is none.
	Disk int64
	// Cut says that the kernel or the network card may cut a Batch out of one write.
	// Then it is tried now and then whether that does damage; Seed seeds the trials.
	Cut  bool
	Seed uint64
	// Uneven says that it is known to do damage where all datagrams are equally long:
	// the last frame of a full batch is a little shorter than the others.
	Uneven bool
	// MaxRate bounds what is sent, in bytes of datagrams a second; 0 means no bound.
	// HEARTBEAT and the like don't wait for it: data and repairs leave room for them.
	// Burst is how much may go out at once, in bytes; 0 means what the rate gives in
	// 1 ms, and two datagrams at least.
	MaxRate, Burst uint64
}

func (c *SenderConfig) setDefaults() {
	if c.Datagram == 0 {
		c.Datagram = DefaultDatagram
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
		c.Burst = max(2*uint64(c.Datagram), min(c.MaxRate/1000, maxBatch))
	}
}

// fitMemory says whether the memory that was given is as long as it must be.
func (c *SenderConfig) fitMemory() bool {
	if c.Memory.Frames == nil && c.Memory.Index == nil {
		return true
	}
	frames, index := c.RingSize()
	return len(c.Memory.Frames) == frames && len(c.Memory.Index) == index
}

func (c *SenderConfig) validate() error {
	stride := frame.DataSize(c.Datagram)
	switch {
	case c.Session == 0:
		return fmt.Errorf("reliable: a session needs an id that is not 0")
	case len(c.Name) > frame.MaxName:
		return fmt.Errorf("reliable: the stream's name has %d bytes, and may have %d", len(c.Name), frame.MaxName)
	case c.Datagram < frame.MinDatagram || c.Datagram > frame.MaxDatagram:
		return fmt.Errorf("reliable: a datagram of %d bytes is outside %d to %d", c.Datagram, frame.MinDatagram, frame.MaxDatagram)
	case c.ResendBuffer < minSlots*stride:
		return fmt.Errorf("reliable: a resend buffer of %d bytes is too small: %d frames of %d bytes need %d",
			c.ResendBuffer, minSlots, stride, minSlots*stride)
	case !c.fitMemory():
		return fmt.Errorf("reliable: the memory for a resend buffer has other lengths than RingSize says")
	case c.BatchWait < 0:
		return fmt.Errorf("reliable: a batch wait of %v is negative", c.BatchWait)
	case !(c.RepairShare >= 0 && c.RepairShare <= 10):
		return fmt.Errorf("reliable: a repair share of %v is outside 0 to 10", c.RepairShare)
	case c.MaxMembers < 1:
		return fmt.Errorf("reliable: a table of %d subscribers is too small", c.MaxMembers)
	case c.StallTimeout < 0:
		return fmt.Errorf("reliable: a stall timeout of %v is negative", c.StallTimeout)
	case c.Linger < 0:
		return fmt.Errorf("reliable: to linger for %v is not possible: it is negative", c.Linger)
	case c.WhenFull > Drop:
		return fmt.Errorf("reliable: what to do when full, %d, is not known", c.WhenFull)
	case c.WaitFor < 0 || c.WaitFor > c.MaxMembers:
		return fmt.Errorf("reliable: waiting for %d subscribers is outside 0 to %d", c.WaitFor, c.MaxMembers)
	case c.Disk < 0 || c.Disk > 0 && c.Disk < int64(stride+DiskHead):
		return fmt.Errorf("reliable: %d bytes on disk hold no frame: use 0 for none, or %d at least", c.Disk, stride+DiskHead)
	case c.MaxRate > maxRate || c.MaxRate > 0 && c.MaxRate < uint64(c.Datagram):
		return fmt.Errorf("reliable: a rate of %d bytes a second is outside %d to %d", c.MaxRate, c.Datagram, uint64(maxRate))
	case c.Burst > maxBurst:
		return fmt.Errorf("reliable: a burst of %d bytes is more than %d", c.Burst, maxBurst)
	case c.FirstSeq > 1<<63 || c.FirstOffset > 1<<63:
		return fmt.Errorf("reliable: sequence numbers and offsets start at 2^63 at the most, so that they never wrap")
	}
	if err := c.Pace.validate(); err != nil {
		return fmt.Errorf("reliable: %w", err)
	}
	return nil
}

// Start says where a Receiver begins in a session that is older than itself.
type Start uint8

const (
	// Latest begins with the first message that is heard.
	Latest Start = iota
	// Oldest begins with the oldest message that the publisher still holds.
	Oldest
)

// Order says when a message is delivered.
type Order uint8

const (
	// InOrder delivers each session's messages by offset.
	InOrder Order = iota
	// OnArrival delivers a message as soon as it is there; one that spans frames when
	// all before it has come or is lost.
	OnArrival
)

// ReceiverConfig configures a Receiver. Zero fields mean the defaults.
type ReceiverConfig struct {
	// ID is the subscriber's random id. Required.
	ID uint64
	// Seed seeds back-off and jitter.
	Seed uint64
	// Name of the subscriber, up to 255 bytes.
	Name string
	// Joined is when the subscriber began to listen.
	Joined Time
	// Channel is the sequence space that is listened to.
	Channel uint32
	Start   Start
	Order   Order
	// NoRecovery asks for nothing: what is lost on the way is reported lost.
	NoRecovery bool
	// Overload says what to do when the application is slow.
	Overload Overload
	// MaxWait bounds how long a gap may hold back what lies behind it; 0 means
	// no bound.
	MaxWait time.Duration
	// Silence is how long a publisher may be quiet, and requests unanswered,
	// before the session is silent; 0 means 2 s. Five announced heartbeat
	// intervals are waited for in any case.
	Silence time.Duration
	// Buffer bounds what is held of one session, in bytes, waiting for a gap to
	// close or for the application; 0 means 32 MiB.
	Buffer int
	// MaxMemory bounds what is held of all sessions, and of messages that span
	// frames, in bytes; 0 means four times Buffer.
	MaxMemory int
	// MaxSessions bounds the sessions that are followed; 0 means 1,024.
	MaxSessions int
	// Datagram is the largest datagram to send, in bytes; 0 means 1,472.
	Datagram int
	// Runs lets one Message event stand for several messages of a frame, which
	// costs less than an event for each: see Event.Next.
	Runs bool
}

func (c *ReceiverConfig) setDefaults() {
	if c.Silence == 0 {
		c.Silence = minSilence
	}
	if c.Buffer == 0 {
		c.Buffer = DefaultBuffer
	}
	if c.MaxMemory == 0 {
		c.MaxMemory = 4 * c.Buffer
	}
	if c.MaxSessions == 0 {
		c.MaxSessions = DefaultMaxSessions
	}
	if c.Datagram == 0 {
		c.Datagram = DefaultDatagram
	}
}

func (c *ReceiverConfig) validate() error {
	switch {
	case c.ID == 0:
		return fmt.Errorf("reliable: a subscriber needs an id that is not 0")
	case len(c.Name) > frame.MaxName:
		return fmt.Errorf("reliable: the subscriber's name has %d bytes, and may have %d", len(c.Name), frame.MaxName)
	case c.MaxWait < 0:
		return fmt.Errorf("reliable: a max wait of %v is negative", c.MaxWait)
	case c.Silence < 0:
		return fmt.Errorf("reliable: a silence time of %v is negative", c.Silence)
	case c.Buffer < 64<<10:
		return fmt.Errorf("reliable: a buffer of %d bytes is smaller than 64 KiB", c.Buffer)
	case c.MaxMemory < c.Buffer:
		return fmt.Errorf("reliable: a memory bound of %d bytes is smaller than the buffer of one session, %d", c.MaxMemory, c.Buffer)
	case c.MaxSessions < 1:
		return fmt.Errorf("reliable: a table of %d sessions is too small", c.MaxSessions)
	case c.Datagram < frame.MinDatagram || c.Datagram > frame.MaxDatagram:
		return fmt.Errorf("reliable: a datagram of %d bytes is outside %d to %d", c.Datagram, frame.MinDatagram, frame.MaxDatagram)
	case c.Overload > OverloadDropNewest:
		return fmt.Errorf("reliable: an answer to a slow application, %d, is not known", c.Overload)
	case c.Overload == OverloadDropOldest && c.Order != InOrder:
		return fmt.Errorf("reliable: what has waited longest can't be dropped where messages are delivered on arrival; drop the newest")
	case c.Start > Oldest || c.Order > OnArrival:
		return fmt.Errorf("reliable: an unknown start (%d) or order (%d)", c.Start, c.Order)
	}
	return nil
}
