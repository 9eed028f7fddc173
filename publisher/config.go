package publisher

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/send"
)

// DefaultGroup is the group that a zero Config publishes to.
var DefaultGroup = netip.MustParseAddrPort("239.77.0.1:7700")

// Config configures a Publisher. The zero value publishes to DefaultGroup on the
// loopback interface; each field's zero value means its default.
type Config struct {
	// Group is the multicast address and port to publish to.
	Group netip.AddrPort
	// Interface is the network interface's name or one of its addresses. The
	// default is the loopback interface: only this machine hears it.
	Interface string
	// Name is the stream's, as subscribers see it; up to 255 bytes.
	Name string
	// Session is the session's id; 0 means a random one. No two sessions may
	// have the same.
	Session SessionID
	// FirstOffset is the offset of the first message, up to 2^63.
	FirstOffset uint64
	// ResendBuffer bounds the memory that holds sent messages for repair, in
	// bytes; 0 means 64 MiB. A message larger than it is refused.
	ResendBuffer int
	// Pace says whose pace counts; the zero value is nobody's. What those that count
	// have yet to take is kept, in ResendBuffer and then on disk. With another pace
	// than nobody's, nothing is accepted in the first 100 ms, so that subscribers can
	// say where they are.
	Pace Pace
	// WhenFull says what becomes of a message for which there is no room.
	WhenFull WhenFull
	// WaitFor, if not 0, lets Publish wait until so many subscribers were heard.
	WaitFor int
	// StallTimeout is how long a subscriber that makes no progress may leave no room
	// for others; 0 means 5 s. Then it is left out of the count, and counts again
	// once it has caught up.
	StallTimeout time.Duration
	// Linger is how long Close goes on repairing after a subscriber last asked, or may
	// yet ask; 0 means 1 s. A subscriber that can't run for so long just then, or hears
	// nothing, loses what it misses.
	Linger time.Duration
	// Disk bounds what is kept on disk, in bytes, of what ResendBuffer has no room to
	// keep; 0 means nothing. DiskDir is where; it must be there. Nothing of it
	// outlives the process. A message of more than a quarter of ResendBuffer may have
	// to wait for subscribers, as without a disk.
	Disk    int64
	DiskDir string
	// MaxRate bounds what is sent, in bytes of datagrams a second, their IP and UDP
	// headers not counted; 0 means no bound. Burst is how much may go out at once, in
	// bytes; 0 means what the rate gives in 1 ms.
	MaxRate, Burst uint64
	// OnSubscriber, if set, is called when a subscriber's pace counts from now on, or
	// no longer: one call after the other, on a goroutine of its own. It may publish,
	// and call Close. While it takes its time up to 256 events wait, and more are
	// counted as MemberEventsLost. Close tells of all that waits before it returns, unless
	// a call is under way as the session ends: Close doesn't wait for that call, which
	// may be what called it, and what waits behind it is told to nobody.
	OnSubscriber func(SubscriberEvent)
	// BatchWait is how long a message may wait for others to share its
	// datagram; 0 means not at all. Under load messages share datagrams anyway.
	BatchWait time.Duration
	// Datagram is the size of a full datagram, in bytes, 256 to 65,507; 0 means
	// 1,472 over IPv4 and 1,452 over IPv6, or what the interface's MTU allows if
	// that is less. Datagrams are never fragmented.
	Datagram int
	// RepairShare is the part of the data rate that repairs may use, up to 10; 0
	// means 0.5. RepairFloor is what they may use in any case, in bytes a second; 0
	// means 16 MiB. One subscriber gets half of that while there are others. What
	// must wait longer than a Close is willing to is not repaired.
	RepairShare float64
	RepairFloor uint64
	// Link says how the interface is used.
	Link Link
	// Logger hears what an operator should know; nil means silence.
	Logger *slog.Logger

	openFile func(path string) (diskFile, error) // a test's, in place of the system's
}

// headers is what IP and UDP add to a datagram, in bytes.
func headers(group netip.AddrPort) int {
	if group.Addr().Is4() {
		return 28
	}
	return 48
}

func (c *Config) setDefaults() {
	if c.Group == (netip.AddrPort{}) {
		c.Group = DefaultGroup
	}
	c.Group = netip.AddrPortFrom(c.Group.Addr().Unmap(), c.Group.Port())
	if c.Interface == "" {
		c.Interface = multicast.Loopback(c.Group)
	}
	if c.ResendBuffer == 0 {
		c.ResendBuffer = send.DefaultResendBuffer
	}
	if c.StallTimeout == 0 {
		c.StallTimeout = send.DefaultStallTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// maxResendBuffer is more than any machine has.
const maxResendBuffer = 1 << 40

func (c *Config) validate() error {
	var err error
	if c.Link, err = c.Link.Complete(); err != nil {
		return err
	}
	if int64(c.ResendBuffer) > maxResendBuffer {
		return fmt.Errorf("ResendBuffer: a resend buffer of %d bytes is more than this machine can have; use %d at the most",
			c.ResendBuffer, int64(maxResendBuffer))
	}
	if c.Linger < 0 {
		return fmt.Errorf("Linger: to linger for %v is not possible: it is negative", c.Linger)
	}
	if c.Burst > 0 && c.MaxRate == 0 {
		return fmt.Errorf("Burst: a burst of %d bytes is one of a rate limit: give MaxRate as well", c.Burst)
	}
	if c.Disk == 0 && c.DiskDir != "" {
		return fmt.Errorf("Disk: nothing is kept on disk in %s while Disk is 0: say how many bytes may be", c.DiskDir)
	}
	if c.Disk > 0 && c.DiskDir == "" {
		return fmt.Errorf("DiskDir: a disk part of the resend buffer needs DiskDir, the directory to keep it in")
	}
	return nil
}

// fitDatagram settles the datagram size, given the interface's MTU in bytes, or 0
// where it isn't known.
func (c *Config) fitDatagram(mtu int) error {
	usual := reliable.DefaultDatagram
	if !c.Group.Addr().Is4() {
		usual = reliable.DefaultDatagram6
	}
	if mtu > 0 {
		most := mtu - headers(c.Group)
		if most < frame.MinDatagram {
			return fmt.Errorf("Datagram: the MTU of interface %s, %d bytes, leaves %d for a datagram, which has %d at least; choose another interface",
				c.Interface, mtu, most, frame.MinDatagram)
		}
		if c.Datagram > most && c.Datagram <= frame.MaxDatagram {
			return fmt.Errorf("Datagram: datagrams of %d bytes don't fit the MTU of interface %s, %d, and are never fragmented; use %d at the most",
				c.Datagram, c.Interface, mtu, most)
		}
		usual = min(usual, most)
	}
	if c.Datagram == 0 {
		c.Datagram = usual
	}
	if c.Datagram < frame.MinDatagram || c.Datagram > frame.MaxDatagram {
		return fmt.Errorf("Datagram: a datagram of %d bytes is outside %d to %d", c.Datagram, frame.MinDatagram, frame.MaxDatagram)
	}
	return nil
}
