package publisher

import (
	"fmt"
	"strconv"

	"crier/reliable"
	"crier/reliable/config"
	"crier/subscriber/statefile"
)

// TeamPosition is how far a team has come in a partition.
type TeamPosition = reliable.TeamPosition

// TeamStore keeps the positions of teams, so that a publisher that starts again goes on with them.
// A Publisher calls Load once, in New, and then Save, one call at a time.
type TeamStore interface {
	// Load returns the positions of the last Save, or none before the first. Those of another
	// topic or publisher are an error of New.
	Load() ([]TeamPosition, error)
	// Save replaces the positions by these, all or none of them. It keeps no reference to the
	// slice.
	Save([]TeamPosition) error
}

// loadTeams returns the positions of teams of the store. Those of another publisher are an error:
// the next Save would drop them.
func (c *Config) loadTeams() ([]TeamPosition, error) {
	list, err := c.Teams.State.Load()
	if err != nil {
		return nil, err
	}
	for i := range list {
		if at := &list[i]; at.Topic != c.Topic || at.Publisher != c.Name {
			return nil, config.Errorf("Teams.State", "it has positions of team %q of %s, and this "+
				"is %s: give each publisher a store of its own", at.Team,
				publisherNamed(at.Topic, at.Publisher), publisherNamed(c.Topic, c.Name))
		}
	}
	return list, nil
}

// publisherNamed names a publisher by its topic and its own name.
func publisherNamed(topic, name string) string {
	text := "a publisher without a topic"
	if topic != "" {
		text = fmt.Sprintf("a publisher of topic %q", topic)
	}
	if name == "" {
		return text + " and without a name"
	}
	return fmt.Sprintf("%s by the name %q", text, name)
}

// FileTeams returns a TeamStore in a file. A Save replaces the file as a whole, once the new one is
// on disk; on Windows it is written in place. The file belongs to one Publisher: a Save after
// somebody else has replaced it is refused.
//
// The file is a JSON object with format, version, crc32c of the positions, and positions: an array
// of objects with the fields of a TeamPosition.
func FileTeams(path string) TeamStore {
	return &teamFile{statefile.New(path, "crier-teams", "publisher")}
}

// teamFile is a file of positions of teams.
type teamFile struct{ *statefile.File }

// filedTeam is a position of a team in a file. Session is in hex.
type filedTeam struct {
	Team      statefile.Name `json:"team"`
	Share     reliable.Share `json:"share"`
	Topic     statefile.Name `json:"topic"`
	Publisher statefile.Name `json:"publisher"`
	Session   string         `json:"session"`
	Partition uint32         `json:"partition"`
	Epoch     uint64         `json:"epoch"`
	Attempt   uint32         `json:"attempt"`
	Seq       uint64         `json:"seq"`
	Offset    uint64         `json:"offset"`
	Beyond    []uint64       `json:"beyond,omitempty"`
	Granted   uint64         `json:"granted"`
}

// Save replaces the file.
func (f *teamFile) Save(positions []TeamPosition) error {
	list := make([]filedTeam, len(positions))
	for i, p := range positions {
		list[i] = filedTeam{statefile.Name(p.Team), p.Share, statefile.Name(p.Topic),
			statefile.Name(p.Publisher), p.Session.String(), p.Partition, p.Epoch, p.Attempt, p.Seq,
			p.Offset, p.Beyond, p.Granted}
	}
	return statefile.Save(f.File, list)
}

// Load reads the file, and writes it anew: so one that can't be written is told before anything
// is granted.
func (f *teamFile) Load() ([]TeamPosition, error) {
	list, err := statefile.Load[filedTeam](f.File)
	if err != nil {
		return nil, err
	}
	var positions []TeamPosition
	for _, p := range list {
		session, err := strconv.ParseUint(p.Session, 16, 64)
		if err != nil {
			return nil, f.Damaged(err)
		}
		positions = append(positions, TeamPosition{Team: string(p.Team), Share: p.Share,
			Topic: string(p.Topic), Publisher: string(p.Publisher), Session: SessionID(session),
			Partition: p.Partition, Epoch: p.Epoch, Attempt: p.Attempt, Seq: p.Seq,
			Offset: p.Offset, Beyond: p.Beyond, Granted: p.Granted})
	}
	return positions, f.Save(positions)
}
