package subscriber

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// FileOffsets returns an OffsetStore in a file. A Save replaces the file as a whole, once the
// new one is on disk; on Windows it is written in place. The file belongs to one Subscriber: a
// Save after somebody else has replaced the file is refused.
//
// The file is a JSON object with format, version, crc32c of the positions, and positions: an
// array of objects with group, topic, publisher, key, session, partition, seq and offset.
// docs/LOG.md describes it.
func FileOffsets(path string) OffsetStore { return &stateFile{path: path} }

// stateFile is a file of positions.
type stateFile struct {
	path string
	// own is the file that was saved last, or nil.
	own fs.FileInfo
}

// String returns the path.
func (f *stateFile) String() string { return f.path }

const (
	stateFormat  = "crier-positions"
	stateVersion = 1
)

// state is the content of a file.
type state struct {
	Format    string          `json:"format"`
	Version   int             `json:"version"`
	Sum       string          `json:"crc32c"` // of Positions without white space, in hex
	Positions json.RawMessage `json:"positions"`
}

// filedPosition is a position in a file. Session is in hex.
type filedPosition struct {
	Group     netip.AddrPort `json:"group"`
	Topic     filedName      `json:"topic"`
	Publisher filedName      `json:"publisher"`
	Key       string         `json:"key"` // in hex
	Session   string         `json:"session"`
	Partition uint32         `json:"partition"`
	Channel   uint32         `json:"channel,omitempty"` // what earlier files call it
	Seq       uint64         `json:"seq"`
	Offset    uint64         `json:"offset"`
}

// filedName is a name, which may have any bytes: those that aren't UTF-8 are in hex, behind a
// mark.
type filedName string

const hexMark = "hex:"

func (n filedName) MarshalText() ([]byte, error) {
	if utf8.ValidString(string(n)) && !strings.HasPrefix(string(n), hexMark) {
		return []byte(n), nil
	}
	return []byte(hexMark + hex.EncodeToString([]byte(n))), nil
}

func (n *filedName) UnmarshalText(text []byte) error {
	if coded, ok := bytes.CutPrefix(text, []byte(hexMark)); ok {
		name, err := hex.DecodeString(string(coded))
		*n = filedName(name)
		return err
	}
	*n = filedName(text)
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the checksum of positions as JSON.
func checksum(positions []byte) (string, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, positions); err != nil {
		return "", err
	}
	return fmt.Sprintf("%08x", crc32.Checksum(b.Bytes(), castagnoli)), nil
}

// Save replaces the file.
func (f *stateFile) Save(positions []Position) error {
	if err := f.check(); err != nil {
		return err
	}
	var list bytes.Buffer // a position a line
	for i, p := range positions {
		line, err := json.Marshal(filedPosition{
			p.Group, filedName(p.Topic), filedName(p.Publisher),
			hex.EncodeToString([]byte(p.Key)), p.Session.String(), p.Partition, 0, p.Seq, p.Offset,
		})
		if err != nil {
			return err
		}
		if i > 0 {
			list.WriteString(",")
		}
		list.WriteString("\n  ")
		list.Write(line)
	}
	array := "[" + list.String() + "]"
	sum, err := checksum([]byte(array))
	if err != nil {
		return err
	}
	text := fmt.Sprintf("{\"format\": %q, \"version\": %d, \"crc32c\": %q, \"positions\": %s}\n",
		stateFormat, stateVersion, sum, array)
	if err := replaceFile(f.path, []byte(text)); err != nil {
		return fmt.Errorf("the state file %s can't be written (%w): make room there, or name "+
			"another file", f.path, reason(err))
	}
	f.own, err = os.Stat(f.path)
	return err
}

// reason returns an error without the name of a file. That of the file which is to replace the
// state file differs each time, and an error that stays the same is told once.
func reason(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	if at := (*os.LinkError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// check refuses to replace a file that somebody else wrote.
func (f *stateFile) check() error {
	if f.own == nil {
		return nil
	}
	switch now, err := os.Stat(f.path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !os.SameFile(now, f.own) || now.Size() != f.own.Size() ||
		!now.ModTime().Equal(f.own.ModTime()):
		return fmt.Errorf("the state file %s was written by somebody else: give each subscriber "+
			"a file of its own", f.path)
	}
	return nil
}

// Load reads the file, and writes it anew: so one that can't be written is told before anything
// is delivered.
func (f *stateFile) Load() ([]Position, error) {
	text, err := os.ReadFile(f.path)
	var positions []Position
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(f.path)); err != nil {
			return nil, fmt.Errorf("there is no folder %s for the state file: make it",
				filepath.Dir(f.path))
		}
	case err != nil:
		return nil, fmt.Errorf("the state file %s can't be read (%w): name another file", f.path,
			reason(err))
	default:
		if positions, err = f.parse(text); err != nil {
			return nil, err
		}
	}
	tidy(f.path)
	return positions, f.Save(positions)
}

// parse reads the content of the file.
func (f *stateFile) parse(text []byte) ([]Position, error) {
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, f.damaged(err)
	}
	switch {
	case s.Format != stateFormat:
		return nil, fmt.Errorf("%s isn't a state file of crier: name another file", f.path)
	case s.Version != stateVersion:
		return nil, fmt.Errorf("the state file %s has version %d, and this crier knows version "+
			"%d: use the crier that wrote it", f.path, s.Version, stateVersion)
	}
	sum, err := checksum(s.Positions)
	switch {
	case err != nil:
		return nil, f.damaged(err)
	case sum != s.Sum:
		return nil, f.damaged(fmt.Errorf("its checksum is %s, and that of its positions %s",
			s.Sum, sum))
	}
	var list []filedPosition
	if err := json.Unmarshal(s.Positions, &list); err != nil {
		return nil, f.damaged(err)
	}
	var positions []Position
	for i := range list {
		p, err := list[i].position()
		if err != nil {
			return nil, f.damaged(err)
		}
		positions = append(positions, p)
	}
	return positions, nil
}

// damaged returns the error of a file that can't be understood.
func (f *stateFile) damaged(why error) error {
	return fmt.Errorf("the state file %s is torn or damaged (%w): put a copy of it back, or remove "+
		"it and choose anew where to begin", f.path, why)
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
