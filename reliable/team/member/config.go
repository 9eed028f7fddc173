package member

import (
	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/survivor"
)

// Config configures a Member. Zero fields mean the defaults.
type Config struct {
	// Team is the name of the team, up to 255 bytes. Empty means none: all else but Receive and
	// History is left alone then.
	Team string
	// Share selects how the team shares its work. Required with a team.
	Share reliable.Share
	// Name is the member's name in the team, up to 255 bytes; empty means that of Receive, which
	// must not be empty then. Its partitions follow from it.
	Name string
	// Host is the name of the member's machine, up to 255 bytes, and PID the number of its process
	// there: for people to read.
	Host string
	PID  uint32
	// Weight is the member's part of the work compared to that of others, from 1 to 1,000; 0
	// means 1.
	Weight int
	// Room is how many messages the member takes at once where work is shared by message, from 1
	// to 1,024; 0 means 8.
	Room int
	// Window is how many messages of a partition may be handed out beyond what is confirmed as
	// done, where work is shared by partition, from 1 to 1,048,576; 0 means 16,384. As many may
	// come twice, marked, if the member fails.
	Window int
	// Start is where a team that is new to a publisher begins: reliable.Latest or reliable.Oldest.
	// In a session that began after its first member it begins at the beginning.
	Start reliable.Start
	// Orphans selects what becomes of messages that are in hand when their publisher falls silent.
	Orphans reliable.Orphans
	// Worker is that of the Grants.
	Worker reliable.Worker
	// Receive configures the Receiver. Its Gate is the Member's.
	Receive receive.Config
	// History configures what is kept for others.
	History survivor.History
}

const (
	defaultRoom, maxRoom     = 8, 1024
	defaultWindow, maxWindow = 1 << 14, 1 << 20
	maxWeight                = 1000
)

// Complete checks the bounds, and fills in the defaults. An error is a *config.Error, whose Field
// is that of the mistake, but for those about Receive and History.
func (c Config) Complete() (Config, error) {
	if c.Team == "" {
		return c, nil
	}
	if c.Name == "" {
		c.Name = c.Receive.Name
	}
	set(&c.Weight, 1)
	set(&c.Room, defaultRoom)
	set(&c.Window, defaultWindow)
	switch {
	case len(c.Team) > frame.MaxName:
		return c, config.Errorf("Team", "the team's name has %d bytes, and may have %d",
			len(c.Team), frame.MaxName)
	case c.Share != reliable.ByPartition && c.Share != reliable.ByMessage:
		return c, config.Errorf("Share", "a team shares its work by partition or by message: "+
			"give one of them")
	case c.Name == "":
		return c, config.Errorf("Name", "a member of a team needs a name, which none of the "+
			"others has")
	case len(c.Name) > frame.MaxName:
		return c, config.Errorf("Name", "the member's name has %d bytes, and may have %d",
			len(c.Name), frame.MaxName)
	case len(c.Host) > frame.MaxName:
		return c, config.Errorf("Host", "the host's name has %d bytes, and may have %d",
			len(c.Host), frame.MaxName)
	case c.Weight < 1 || c.Weight > maxWeight:
		return c, config.Errorf("Weight", "a weight of %d is outside 1 to %d", c.Weight, maxWeight)
	case c.Room < 1 || c.Room > maxRoom:
		return c, config.Errorf("Room", "room for %d messages is outside 1 to %d", c.Room, maxRoom)
	case c.Window < 1 || c.Window > maxWindow:
		return c, config.Errorf("Window", "a window of %d messages is outside 1 to %d", c.Window,
			maxWindow)
	case c.Start != reliable.Latest && c.Start != reliable.Oldest:
		return c, config.Errorf("Start", "a team begins at its publisher's latest or oldest "+
			"message, and not at %v", c.Start)
	case c.Orphans > reliable.OrphansReport:
		return c, config.Errorf("Orphans", "what to do with orphans, %d, is not known", c.Orphans)
	}
	return c, nil
}

func set(field *int, to int) {
	if *field == 0 {
		*field = to
	}
}
