package journal

import "errors"

// A Log is an open log. One goroutine uses it.
type Log struct {
	dir Dir
	cfg Config
}

// Open opens the log in a directory, or begins one. wall is the wall clock, in nanoseconds
// since the Unix epoch. What a crash left is put in order, and the Report tells what that
// was; nothing else in the directory is touched.
func Open(dir Dir, cfg Config, wall int64) (*Log, *Report, error) {
	return nil, nil, errors.ErrUnsupported
}

// Do does a job, and returns its result, which is a part of the job.
func (l *Log) Do(job *Job, wall int64) *Result { return &job.result }

// Due returns when the next sync is due under FsyncInterval, by the wall clock that Do is
// given; false if none is. Each Do syncs what is due, and so does one of an empty Job.
func (l *Log) Due() (wall int64, ok bool) { return 0, false }

// States returns the States of all tapes, by session and channel.
func (l *Log) States() []State { return nil }

// Close syncs and seals all segments, and closes their files. A log ByNeed is removed.
func (l *Log) Close() error { return nil }
