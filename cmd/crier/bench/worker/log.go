package worker

import (
	"fmt"
	"os"

	"crier/cmd/crier/bench/job"
	"crier/reliable/journal"
)

// A log is where a worker records.
type log struct {
	dir   string
	keep  int64
	fsync journal.Fsync
}

// newLog makes a directory for a log.
func newLog(t *job.Task) (*log, error) {
	l := &log{keep: t.Recording.Keep}
	if err := l.fsync.UnmarshalText([]byte(t.Recording.Fsync)); err != nil {
		return nil, err
	}
	var err error
	if l.dir, err = os.MkdirTemp(t.Recording.Dir, "crier-bench-"); err != nil {
		return nil, fmt.Errorf("no log can be kept in %s: %w", t.Recording.Dir, err)
	}
	return l, nil
}

func (l *log) remove() { os.RemoveAll(l.dir) }
