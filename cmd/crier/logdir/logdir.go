// Package logdir opens the directory of a log for the commands that read or cut it, and finds
// sessions in it.
package logdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/multicast/files"
	"crier/reliable"
	"crier/reliable/journal"
)

// Log is a log in a directory.
type Log struct {
	*journal.Log
	Path   string
	Report *journal.Report // of the opening
	dir    *files.Dir
}

// Declare declares the flag --dir.
func Declare(flags *cli.FlagSet, path *string) {
	flags.StringVar(path, "dir", "", "the log's `DIRECTORY`, as crier record --dir has it")
	cli.Offer(flags, "dir", cli.Directories())
}

// Open opens a log to read. A recorder may write it meanwhile.
func Open(path string) (*Log, error) { return open(path, files.OpenReadOnly, true) }

// OpenAlone opens a log to change it. No other process may have it.
func OpenAlone(path string) (*Log, error) {
	l, err := Open(path) // a lock is left only where there is a log
	if err != nil {
		return nil, err
	}
	if err := l.Close(); err != nil {
		return nil, err
	}
	return open(path, files.Open, false)
}

func open(path string, dir func(string) (*files.Dir, error), readOnly bool) (*Log, error) {
	if err := check(path); err != nil {
		return nil, err
	}
	d, err := dir(path)
	if err != nil {
		return nil, err
	}
	l, report, err := journal.Open(d, journal.Config{ReadOnly: readOnly}, time.Now().UnixNano())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--dir %s: %w", path, err), d.Close())
	}
	log := &Log{Log: l, Path: path, Report: report, dir: d}
	if len(l.States()) == 0 {
		return nil, errors.Join(log.empty(), log.Close())
	}
	return log, nil
}

// check looks for what has no log in it before anything is made there.
func check(path string) error {
	if path == "" {
		return cli.Usagef("--dir is missing: name the directory of a log, as crier record --dir " +
			"has it")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no directory %s: name that of a log, as crier record --dir "+
			"has it", path)
	case err != nil:
		return fmt.Errorf("--dir %s can't be read (%w)", path, cli.BareError(err))
	case !info.IsDir():
		return fmt.Errorf("--dir %s is a file: name the directory that the log is in", path)
	}
	return nil
}

// empty returns the error of a directory without a session that can be read.
func (l *Log) empty() error {
	for _, f := range l.Report.Findings {
		switch f.Kind {
		case journal.OtherVersion:
			return fmt.Errorf("%s has a log of another version of the format, which this crier "+
				"can't read: use the crier that wrote it; nothing was changed", l.Path)
		case journal.NotSegment:
			return fmt.Errorf("%s has %s, which isn't of a log, whatever its name: name the "+
				"directory of a log; nothing was changed", l.Path, f.Name)
		case journal.Unreadable:
			return fmt.Errorf("%s has %s, which can't be read (%w)", l.Path, f.Name,
				cli.BareError(f.Err))
		}
	}
	return fmt.Errorf("%s has no log in it, or one that nothing was recorded to yet: name the "+
		"directory that crier record --dir has", l.Path)
}

// Close closes the log.
func (l *Log) Close() error { return errors.Join(l.Log.Close(), l.dir.Close()) }

// Free returns the room on the log's disk, in bytes, and whether it is known.
func (l *Log) Free() (int64, bool) {
	n, err := l.dir.Free()
	return n, err == nil
}

// Session returns the tapes of the session whose id begins so, or all tapes for an empty id.
func (l *Log) Session(id string) ([]journal.State, error) {
	if id == "" {
		return l.States(), nil
	}
	digits := strings.ToLower(strings.TrimPrefix(id, "0x"))
	if digits == "" || strings.Trim(digits, "0123456789abcdef") != "" || len(digits) > 16 {
		return nil, cli.Usagef("%q is no session's id: give its 16 hexadecimal digits, or the "+
			"first of them; crier log ls lists the sessions", id)
	}
	var found []journal.State
	for _, s := range l.States() {
		if !strings.HasPrefix(ID(s.Key.Session), digits) {
			continue
		}
		if len(found) > 0 && found[0].Key.Session != s.Key.Session {
			return nil, cli.Usagef("the ids of several sessions in %s begin with %s: %s and %s, "+
				"for example: give more of it", l.Path, digits, ID(found[0].Key.Session),
				ID(s.Key.Session))
		}
		found = append(found, s)
	}
	if found == nil {
		return nil, fmt.Errorf("%s has no session %s: crier log ls --dir %s lists those that it "+
			"has", l.Path, digits, l.Path)
	}
	return found, nil
}

// Sessions offers the ids of the sessions in a directory, for a shell.
func Sessions(path *string) cli.Values {
	return cli.WordsFrom(func() []string {
		l, err := Open(*path)
		if err != nil {
			return nil
		}
		defer l.Close()
		var ids []string
		for _, s := range l.States() {
			if id := ID(s.Key.Session); len(ids) == 0 || ids[len(ids)-1] != id {
				ids = append(ids, id)
			}
		}
		return ids
	})
}

// ID returns a session's id as users know it.
func ID(session uint64) string { return reliable.SessionID(session).String() }

// SessionName returns what words call a session, of which a list has tapes.
func SessionName(tapes []journal.State) string {
	if len(tapes) == 1 {
		return Name(&tapes[0])
	}
	return fmt.Sprintf("%s of %s", cli.Counted(uint64(len(tapes)), "partition", "partitions"),
		sessionName(&tapes[0]))
}

// Name returns what words call a tape: by its id, its publisher's name and its partition.
func Name(s *journal.State) string {
	text := sessionName(s)
	if s.Key.Channel != 0 || s.Title != nil && s.Title.Layout.Partitions > 1 {
		text += fmt.Sprintf(", partition %d", s.Key.Channel)
	}
	return text
}

// sessionName returns what words call a tape's session.
func sessionName(s *journal.State) string {
	text := "session " + ID(s.Key.Session)
	if s.Title != nil && s.Title.Publisher != "" {
		text += fmt.Sprintf(" (%s)", cli.Printable(s.Title.Publisher))
	}
	return text
}
