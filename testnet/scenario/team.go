package scenario

import (
	"errors"
	"fmt"

	"crier/reliable"
	"crier/reliable/team/member"
	"crier/testnet/world"
)

// part returns the part of the group's k-th member in its team.
func (g *Group) part(k int) member.Config {
	if g.Team == "" {
		return member.Config{}
	}
	cfg := member.Config{Team: g.Team, Share: g.Share, Name: memberName(g, k), Weight: g.Weight,
		Room: g.Room, Window: g.Window, Start: g.Start}
	if cfg.Share == 0 {
		cfg.Share = reliable.ByPartition
	}
	if g.Orphans == "report" {
		cfg.Orphans = reliable.OrphansReport
	}
	return cfg
}

// finish returns what the group's application does with a message that it has worked on; nil: it is
// done with each.
func (g *Group) finish() func(ev *reliable.Event) world.Finish {
	if g.Poison == 0 {
		return nil
	}
	each := uint64(g.Poison)
	return func(ev *reliable.Event) world.Finish {
		return world.Finish{LetGo: ev.Offset%each == each-1}
	}
}

// validateTeam returns the first rule of teams that the group breaks.
func (g *Group) validateTeam() (string, error) {
	if g.Team == "" {
		for _, one := range []struct {
			key   string
			given bool
		}{
			{"share", g.Share != 0}, {"weight", g.Weight != 0}, {"room", g.Room != 0},
			{"window", g.Window != 0}, {"orphans", g.Orphans != ""}, {"poison", g.Poison != 0},
			{"tell-every", g.TellEvery != 0},
		} {
			if one.given {
				return "." + one.key, fmt.Errorf("%s is of a team, and there is none: give its name",
					one.key)
			}
		}
		return "", nil
	}
	byMessage := g.Share == reliable.ByMessage
	switch {
	case g.Topic == "":
		return ".team", errors.New("a team shares a topic, and there is none: give its name")
	case !oneOf(g.Orphans, "deliver", "report"):
		return ".orphans", fmt.Errorf("%q is neither deliver nor report", g.Orphans)
	case g.Poison < 0:
		return ".poison", errors.New("it must not be negative")
	case g.Poison > 0 && !byMessage:
		return ".poison", errors.New("a message is given back where work is shared by message: say " +
			"share: message")
	case g.TellEvery > 0 && !byMessage:
		return ".tell-every", errors.New("a message has its time where work is shared by message: " +
			"say share: message")
	case g.Room != 0 && !byMessage:
		return ".room", errors.New("a member has room for messages where work is shared by " +
			"message: say share: message")
	case g.Weight < 0 || g.Room < 0 || g.Window < 0:
		return "", errors.New("weight, room and window must not be negative")
	case g.SaveAfter != 0:
		return ".save-after", errors.New("a team's publishers keep its positions: leave out " +
			"save-after")
	}
	return "", nil
}
