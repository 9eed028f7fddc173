package subscriber

import (
	"encoding/hex"
	"net/netip"
	"strconv"

	"crier/subscriber/statefile"
)

// FileOffsets returns an OffsetStore in a file. A Save replaces the file as a whole, once the
// new one is on disk; on Windows it is written in place. The file belongs to one Subscriber: a
// Save after somebody else has replaced the file is refused.
//
// The file is a JSON object with format, version, crc32c of the positions, and positions: an
// array of objects with group, topic, publisher, key, session, partition, seq and offset.
// docs/LOG.md describes it.
func FileOffsets(path string) OffsetStore {
	return &stateFile{statefile.New(path, "crier-positions", "subscriber")}
}

// stateFile is a file of positions.
type stateFile struct{ *statefile.File }

// filedPosition is a position in a file. Session is in hex.
type filedPosition struct {
	Group     netip.AddrPort `json:"group"`
	Topic     statefile.Name `json:"topic"`
	Publisher statefile.Name `json:"publisher"`
	Key       string         `json:"key"` // in hex
	Session   string         `json:"session"`
	Partition uint32         `json:"partition"`
	Channel   uint32         `json:"channel,omitempty"` // what earlier files call it
	Seq       uint64         `json:"seq"`
	Offset    uint64         `json:"offset"`
}

// Save replaces the file.
func (f *stateFile) Save(positions []Position) error {
	list := make([]filedPosition, len(positions))
	for i, p := range positions {
		list[i] = filedPosition{
			p.Group, statefile.Name(p.Topic), statefile.Name(p.Publisher),
			hex.EncodeToString([]byte(p.Key)), p.Session.String(), p.Partition, 0, p.Seq, p.Offset,
		}
	}
	return statefile.Save(f.File, list)
}

// Load reads the file, and writes it anew: so one that can't be written is told before anything
// is delivered.
func (f *stateFile) Load() ([]Position, error) {
	list, err := statefile.Load[filedPosition](f.File)
	if err != nil {
		return nil, err
	}
	var positions []Position
	for i := range list {
		p, err := list[i].position()
		if err != nil {
			return nil, f.Damaged(err)
		}
		positions = append(positions, p)
	}
	return positions, f.Save(positions)
}

// position returns the position.
func (p *filedPosition) position() (Position, error) {
	session, err := strconv.ParseUint(p.Session, 16, 64)
	if err != nil {
		return Position{}, err
	}
	key, err := hex.DecodeString(p.Key)
	return Position{
		Group: p.Group, Topic: string(p.Topic), Publisher: string(p.Publisher), Key: string(key),
		Session: SessionID(session), Partition: max(p.Partition, p.Channel), Seq: p.Seq,
		Offset: p.Offset,
	}, err
}
