package world

import "crier/reliable"

// TeamConfig is a subscriber's part in a team.
type TeamConfig struct {
	// Team is the name of the team; empty: none.
	Team                 string
	Share                reliable.Share
	Name                 string
	Weight, Room, Window int
	ManualDone           bool
	Orphans              reliable.Orphans
}
