package receive

import (
	"fmt"
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// ReceiverConfig configures a Receiver. Zero fields mean the defaults.
type Config struct {
	// ID is the subscriber's random id. Required.
	ID uint64
	// Seed seeds back-off and jitter.
	Seed uint64
	// Name of the subscriber, up to 255 bytes.
	Name string
	// Epoch is the wall clock at time 0.
	Epoch time.Time
	// Groups are the groups that frames come by, in the order of frame.Frame.Feed.
	Groups []netip.AddrPort
	// Joined is when the subscriber began to listen.
	Joined reliable.Time
	// Channel is the sequence space that is listened to.
	Channel uint32
	Start   reliable.Start
	Order   reliable.Order
	// NoRecovery asks for nothing: what is lost on the way is reported lost.
	NoRecovery bool
	// Overload says what to do when the application is slow.
	Overload reliable.Overload
	// MaxWait bounds how long a gap may delay what lies behind it; 0 means
	// no bound.
	MaxWait time.Duration
	// Silence is how long a publisher may be quiet, and requests unanswered,
	// before the session is silent; 0 means 2 s. Five announced heartbeat
	// intervals are waited for in any case.
	Silence time.Duration
	// Buffer bounds the frames of one session that wait for a gap to close or for the
	// application, in bytes; 0 means 32 MiB.
	Buffer int
	// MaxMemory bounds the frames of all sessions that wait, and messages that span
	// frames, in bytes; 0 means four times Buffer.
	MaxMemory int
	// MaxSessions bounds the sessions that are followed; 0 means 1,024.
	MaxSessions int
	// Holders are admitted to each session: see Admit.
	Holders []Holder
	// Keeper, if not nil, is handed the frames that are taken, for others that may ask.
	Keeper Keeper
	// Datagram is the largest datagram to send, in bytes; 0 means 1,472.
	Datagram int
	// Runs lets one Message event stand for several messages of a frame, which
	// costs less than an event for each: see Event.Next.
	Runs bool
}

// Keeper keeps frames beyond their delivery. Keep is called for each DATA frame that a
// session takes, as it comes, and again where it found no room at first. The frame is the
// caller's: what is kept of it must be copied.
type Keeper interface {
	Keep(session uint64, f *frame.Frame)
}

func (c *Config) setDefaults() {
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
		c.Datagram = reliable.DefaultDatagram
	}
}

// Check says what is wrong with the configuration, as New would.
func (c Config) Check() error {
	c.setDefaults()
	return c.validate()
}

func (c *Config) validate() error {
	switch {
	case c.ID == 0:
		return fmt.Errorf("ID: a subscriber needs an id that is not 0")
	case len(c.Name) > frame.MaxName:
		return fmt.Errorf("the subscriber's Name has %d bytes, and may have %d", len(c.Name),
			frame.MaxName)
	case c.MaxWait < 0:
		return fmt.Errorf("Recovery.MaxWait: a max wait of %v is negative", c.MaxWait)
	case c.Silence < 0:
		return fmt.Errorf("Recovery.Silence: a silence time of %v is negative", c.Silence)
	case c.Buffer < 64<<10:
		return fmt.Errorf("Memory.Session: a buffer of %d bytes is smaller than 64 KiB", c.Buffer)
	case c.MaxMemory < c.Buffer:
		return fmt.Errorf("Memory.All: a memory bound of %d bytes is smaller than "+
			"the buffer of one session, %d", c.MaxMemory, c.Buffer)
	case c.MaxSessions < 1:
		return fmt.Errorf("Memory.Sessions: a table of %d sessions is too small", c.MaxSessions)
	case c.Datagram < frame.MinDatagram || c.Datagram > frame.MaxDatagram:
		return fmt.Errorf("a Datagram of %d bytes is outside %d to %d", c.Datagram,
			frame.MinDatagram, frame.MaxDatagram)
	case c.Overload > reliable.OverloadDropNewest:
		return fmt.Errorf("Flow.Overload: an answer to a slow application, %d, is not known", c.Overload)
	case c.Overload == reliable.OverloadDropOldest && c.Order != reliable.InOrder:
		return fmt.Errorf("Flow.Overload: what has waited longest can't be dropped " +
			"where messages are delivered on arrival; drop the newest")
	case c.Start > reliable.Oldest || c.Order > reliable.OnArrival:
		return fmt.Errorf("an unknown Start (%d) or Order (%d)", c.Start, c.Order)
	}
	return nil
}
