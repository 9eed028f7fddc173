package sim

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/reliable"
	"crier/testnet/scenario"
	"crier/testnet/world"
)

// captures holds the flags of a capture.
type captures struct {
	file, place string
}

// groupAddr is the group's address in captures: the tool's default.
var groupAddr = netip.MustParseAddrPort("239.77.0.1:7700")

// wall is the wall clock at the start of every run, which is the same: 2026-01-01
// 00:00 UTC.
var wall = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// capture writes what passes a network card, as UDP over IPv4.
type capture struct {
	run   *scenario.Run
	sub   *world.Subscriber // whose card it is
	pubAt string            // or, where that is nil, the publisher's of this name
	file  *os.File
	w     *feed.CaptureWriter
	err   error
}

// start opens the capture. It returns nil without --pcap.
func (c *captures) start(run *scenario.Run) (*capture, error) {
	if c.file == "" {
		if c.place != "" {
			return nil, cli.Usagef("--pcap-at says where --pcap captures, and there is none")
		}
		return nil, nil
	}
	p := &capture{run: run}
	for _, sub := range run.World().Subscribers() {
		if sub.String() == c.place {
			p.sub = sub
		}
	}
	pubs := run.Scenario().Publishers
	for i := range pubs {
		if c.place == "" && i == 0 || pubs[i].Name == c.place {
			p.pubAt = pubs[i].Name
		}
	}
	if p.sub == nil && p.pubAt == "" {
		return nil, cli.Usagef("--pcap-at %q is neither a publisher nor a subscriber: name one, "+
			"such as %s or %s",
			c.place, pubs[0].Name, run.World().Subscribers()[0])
	}
	var err error
	if p.file, err = os.Create(c.file); err != nil {
		return nil, fmt.Errorf("--pcap %s can't be written (%w): name a file that can", c.file,
			cli.BareError(err))
	}
	place := p.pubAt
	if p.sub != nil {
		place = p.sub.String()
	}
	about := fmt.Sprintf("%s, seed %d, in virtual time", run.Scenario().Name, run.Seed())
	p.w, err = feed.NewCaptureWriter(p.file, "crier sim", place, about)
	if err != nil {
		return nil, errors.Join(err, p.file.Close())
	}
	run.World().Observe(world.Observer{Sent: p.sent, Arrived: p.arrived, Answered: p.answered})
	return p, nil
}

// sent captures what the place sends.
func (c *capture) sent(d *world.Datagram) {
	if c.sub != nil && d.Subscriber == c.sub && !d.Nowhere || c.sub == nil && d.Subscriber == nil &&
		d.Publisher.String() == c.pubAt {
		c.write(d)
	}
}

// arrived captures what comes to the place.
func (c *capture) arrived(d *world.Datagram, sub *world.Subscriber) {
	if c.sub != nil && sub == c.sub {
		c.write(d)
	}
}

func (c *capture) answered(d *world.Datagram) {
	if c.sub == nil && d.Publisher.String() == c.pubAt {
		c.write(d)
	}
}

// ends are where a datagram comes from and goes to.
func ends(d *world.Datagram) (from, to netip.AddrPort) {
	source := groupAddr
	if d.Session != nil {
		source = d.Session.Source
	}
	switch {
	case d.Subscriber != nil:
		return d.Subscriber.Addr(), source
	case d.Target != nil:
		return source, d.Target.Addr()
	}
	return source, groupAddr
}

func (c *capture) write(d *world.Datagram) {
	if c.err != nil {
		return
	}
	from, to := ends(d)
	c.err = c.w.Write(clock(c.run.World().Now()), from, to, d.Data)
}

// clock returns a time of the run by the made-up wall clock.
func clock(t reliable.Time) time.Time { return wall.Add(time.Duration(t)) }

// close ends the file. It may be called more than once.
func (c *capture) close() error {
	if c == nil || c.file == nil {
		return nil
	}
	err := errors.Join(c.err, c.w.Flush(), c.file.Close())
	name := c.file.Name()
	c.file = nil
	if err != nil {
		return fmt.Errorf("the capture can't be written to %s (%w): make room there, or give "+
			"another file", name, cli.BareError(err))
	}
	return nil
}
