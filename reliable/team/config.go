package team

import (
	"time"

	"crier/reliable/config"
)

// Limits that aren't configured.
const (
	minLease, maxLease = 200 * time.Millisecond, time.Minute
	// claimsPerSecond bounds the CLAIMs of a team: leases of large ones are longer.
	claimsPerSecond = 500
	// leasePart is the part of a lease by which the Arbiter waits longer than the member holds.
	leasePart = 16
	// deafTime is for how long a member that heard nothing is granted nothing.
	deafTime = 10 * time.Second

	mostTeams, mostMembers = 1024, 4096
	maxAttempts            = 1 << 16
)

// Config configures an Arbiter. Zero fields mean the defaults.
type Config struct {
	// Off refuses all members: the publisher grants nothing.
	Off bool
	// Lease is for how long a member holds what it was granted without a word from the
	// publisher, from 200 ms to a minute; 0 means 2 s. With more than 250 members at 2 s it is
	// longer: 8 ms for each.
	Lease time.Duration
	// WorkTime is how long a member may work on a message, where work is shared by message,
	// before another one gets it, from 10 ms to a day; 0 means 30 s.
	WorkTime time.Duration
	// Attempts is how often a message is granted, where work is shared by message, before it
	// is given up; 0 means 5.
	Attempts int
	// FinishWait is how long a member may take to give back a partition; 0 means 30 s.
	FinishWait time.Duration
	// Settle is the time from a team's first CLAIM to its first grants, and Debounce that from
	// a change of its members to what moves for it; 0 means 500 ms and 200 ms. Negative ones mean
	// none.
	Settle, Debounce time.Duration
	// Expiry is how long a team without members is kept; 0 means for ever.
	Expiry time.Duration
	// MaxTeams bounds the teams, and MaxMembers the members of each, of which 256 at most share
	// by partition; 0 means 64 and 1,024.
	MaxTeams, MaxMembers int
}

// Complete returns the configuration with its defaults set, or the first mistake in it.
func (c Config) Complete() (Config, error) {
	set(&c.Lease, 2*time.Second)
	set(&c.WorkTime, 30*time.Second)
	set(&c.FinishWait, 30*time.Second)
	set(&c.Settle, 500*time.Millisecond)
	set(&c.Debounce, 200*time.Millisecond)
	set(&c.Attempts, 5)
	set(&c.MaxTeams, 64)
	set(&c.MaxMembers, 1024)
	switch {
	case c.Lease < minLease || c.Lease > maxLease:
		return c, config.Errorf("Teams.Lease", "a lease of %v is outside %v to %v", c.Lease,
			minLease, maxLease)
	case c.WorkTime < 10*time.Millisecond || c.WorkTime > 24*time.Hour:
		return c, config.Errorf("Teams.WorkTime", "%v for a message are outside 10ms to 24h",
			c.WorkTime)
	case c.Attempts < 1 || c.Attempts > maxAttempts:
		return c, config.Errorf("Teams.Attempts", "%d attempts are outside 1 to %d", c.Attempts,
			maxAttempts)
	case c.FinishWait < 0:
		return c, config.Errorf("Teams.FinishWait", "%v to give back a partition is negative",
			c.FinishWait)
	case c.Expiry < 0:
		return c, config.Errorf("Teams.Expiry", "an expiry of %v is negative", c.Expiry)
	case c.MaxTeams < 1 || c.MaxTeams > mostTeams:
		return c, config.Errorf("Teams.MaxTeams", "%d teams are outside 1 to %d", c.MaxTeams,
			mostTeams)
	case c.MaxMembers < 1 || c.MaxMembers > mostMembers:
		return c, config.Errorf("Teams.MaxMembers", "%d members are outside 1 to %d", c.MaxMembers,
			mostMembers)
	}
	return c, nil
}

func set[T int | time.Duration](field *T, to T) {
	if *field == 0 {
		*field = to
	}
}
