package receive

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
)

// Config configures a Receiver. Zero fields mean the defaults.
type Config struct {
	// ID is the subscriber's random id. Required.
	ID uint64
	// Seed seeds back-off and jitter.
	Seed uint64
	// Epoch is the wall clock at time 0.
	Epoch time.Time
	Start reliable.Start
	// Until ends delivery before the end of the streams.
	Until reliable.Until
	// Positions are those of a consumer. A stream of which there is one begins there.
	Positions []reliable.Position
	Order     reliable.Order
	// Overload selects the answer to a slow application.
	Overload reliable.Overload
	// Runs lets one Message event stand for several messages of a frame, which
	// costs less than an event for each: see Event.Next.
	Runs bool
	// Tape, if not nil, takes the streams as frames, for a log or for others that may ask.
	Tape Tape
	// Inquest has the survivors of a publisher that falls silent help each other before it is told:
	// see reliable.Certificate. It needs a Keeper.
	Inquest bool
	// Keeper, if not nil, holds frames for others.
	Keeper Keeper
	// Gate, if not nil, decides which messages are delivered. Streams are taken by Take then, and
	// begin where it says: Start, Positions and Logs don't matter to where.
	Gate Gate
	// Name of the subscriber, up to 255 bytes.
	Name string
	// Topics are followed from the start. Their groups follow those of Groups in Memberships.
	Topics []Topic
	// Selects says that topics are followed later, as they are found, and nothing else.
	Selects bool
	// Groups are the groups that frames come by, in the order of frame.Frame.GroupIndex.
	Groups []netip.AddrPort
	// Feeds is the number of feeds that frames come by, up to MaxFeeds; 0 means 1.
	Feeds int
	// Joined is when the subscriber began to listen.
	Joined reliable.Time
	// Recovery configures for how long missing frames are asked for.
	Recovery Recovery
	// Memory bounds the messages that wait.
	Memory Memory
	// Holders are admitted to each session: see Admit.
	Holders []Holder
	// Logs configures the use of logs beside the stream.
	Logs Logs
	// Datagram is the largest datagram to send, in bytes; 0 means 1,472.
	Datagram int
}

// Recovery configures for how long missing frames are asked for.
type Recovery = nack.Recovery

// Memory bounds the memory of a Receiver. Each field's zero value means its default.
type Memory struct {
	// Buffer bounds the frames of one session that wait for a gap to close or for the
	// application, in bytes, at least 64 KiB; 0 means 32 MiB. The partitions of a session have
	// half of it in equal parts; the first that need it take the other half.
	Buffer int
	// Total bounds the frames of all sessions that wait, and messages that span frames, in
	// bytes; 0 means four times Buffer.
	Total int
	// MaxSessions bounds the sessions that are followed at once; 0 means 1,024.
	MaxSessions int
}

// Complete checks the bounds and fills in the defaults.
func (c Memory) Complete() (Memory, error) {
	if c.Buffer == 0 {
		c.Buffer = defaultBuffer
	}
	if c.Total == 0 {
		c.Total = 4 * c.Buffer
	}
	if c.MaxSessions == 0 {
		c.MaxSessions = defaultSessions
	}
	switch {
	case c.Buffer < 64<<10:
		return c, config.Errorf("Memory.Buffer", "a buffer of %d bytes is smaller than 64 KiB",
			c.Buffer)
	case c.Total < c.Buffer:
		return c, config.Errorf("Memory.Total", "a memory bound of %d bytes is smaller than "+
			"the buffer of one session, %d", c.Total, c.Buffer)
	case c.MaxSessions < 1:
		return c, config.Errorf("Memory.MaxSessions", "a table of %d sessions is too small",
			c.MaxSessions)
	}
	return c, nil
}

// Complete checks the configuration, and fills in the defaults.
func (c Config) Complete() (Config, error) {
	if c.Datagram == 0 {
		c.Datagram = reliable.DefaultDatagram
	}
	var err error
	if c.Recovery, err = c.Recovery.Complete(); err != nil {
		return c, err
	}
	if c.Memory, err = c.Memory.Complete(); err != nil {
		return c, err
	}
	switch {
	case c.ID == 0:
		return c, config.Errorf("ID", "a subscriber needs an id that is not 0")
	case len(c.Name) > frame.MaxName:
		return c, config.Errorf("Name", "the subscriber's name has %d bytes, and may have %d",
			len(c.Name), frame.MaxName)
	case c.Datagram < frame.MinDatagram || c.Datagram > frame.MaxDatagram:
		return c, config.Errorf("Datagram", "%d bytes are outside %d to %d", c.Datagram,
			frame.MinDatagram, frame.MaxDatagram)
	case c.Overload > reliable.OverloadDropNewest:
		return c, config.Errorf("Overload", "what to do on overload, %d, is not known",
			c.Overload)
	case c.Overload == reliable.OverloadDropOldest && c.Order != reliable.InOrder:
		return c, config.Errorf("Overload", "%v needs the order %v: what has waited longest "+
			"is not known on arrival; drop the newest", c.Overload, reliable.InOrder)
	case c.Inquest && c.Keeper == nil:
		return c, config.Errorf("Inquest", "an inquest needs a Keeper, which holds frames for "+
			"others")
	case c.Gate != nil && (c.Order != reliable.InOrder || c.Tape != nil):
		return c, config.Errorf("Gate", "a gate needs the order %v, and no tape", reliable.InOrder)
	case c.Order > reliable.OnArrival:
		return c, config.Errorf("Order", "the order %d is not known", c.Order)
	}
	if c.Gate != nil {
		c.Start, c.Positions = reliable.Latest, nil
	}
	return c, nil
}
