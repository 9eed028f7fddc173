package publisher

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
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
	// Retention bounds what is kept for repair.
	Retention Retention
	// Flow says what happens when messages come faster than they can go.
	Flow Flow
	// Repair bounds what repairs may take.
	Repair Repair
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
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

func (c *Config) validate() error {
	var err error
	if c.Link, err = c.Link.Complete(); err != nil {
		return err
	}
	if c.Retention.Disk == 0 && c.Retention.DiskDir != "" {
		return fmt.Errorf("Retention.Disk: nothing is kept on disk in %s while Disk is 0: say how many bytes may be", c.Retention.DiskDir)
	}
	if c.Retention.Disk > 0 && c.Retention.DiskDir == "" {
		return fmt.Errorf("Retention.DiskDir: a disk part of the resend buffer needs DiskDir, the directory to keep it in")
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
		return fmt.Errorf("a Datagram of %d bytes is outside %d to %d", c.Datagram, frame.MinDatagram, frame.MaxDatagram)
	}
	return nil
}
