package journal

import (
	"time"

	"crier/reliable/config"
)

// A Log is an open log. One goroutine uses it.
type Log struct {
	dir Dir
	cfg Config

	tapes map[Key]*tape
	// order has all tapes, by their keys.
	order []*tape
	// bare are tapes without segments, from the one that has been for longest.
	bare []*tape
	// bytes is the size of all segments, and segments their number.
	bytes    int64
	segments int
	// files are the segments whose files are open, and tick counts uses.
	files []*segment
	tick  uint64

	// dirty are tapes with something to sync, since since.
	dirty []*tape
	since int64
	// aged is when ages were looked at last.
	aged int64
	// touched are the tapes that the job changes.
	touched []*tape
	// room is what the job dropped for room.
	room struct {
		segments int
		bytes    int64
		squeezed bool
	}

	plan plan
	walk walker
}

// maxSegments bounds the files of a log.
const maxSegments = 65536

// The bounds of a segment's size that is chosen by itself.
const (
	leastSegment = 1 << 20
	mostSegment  = 64 << 20
	segmentPart  = 16
)

// settle fills in what a configuration leaves out, or names its fault.
func (c *Config) settle() error {
	keep := c.Keep.Bytes
	switch {
	case keep < 0:
		return config.Errorf("Keep.Bytes", "%d is negative", keep)
	case c.Keep.Age < 0:
		return config.Errorf("Keep.Age", "%v is negative", c.Keep.Age)
	case c.Segment == 0:
		c.Segment = mostSegment
		if keep > 0 {
			c.Segment = max(leastSegment, min(mostSegment, keep/segmentPart))
		}
	case c.Segment < MinSegment || c.Segment > MaxSegment:
		return config.Errorf("Segment", "%d bytes is not from %d to %d", c.Segment,
			MinSegment, MaxSegment)
	}
	if keep > 0 && keep < c.Segment {
		return config.Errorf("Keep.Bytes", "%d bytes are less than a segment: "+
			"keep at least %d bytes", keep, c.Segment)
	}
	if c.Fsync.Every == 0 {
		c.Fsync.Every = 50 * time.Millisecond
	}
	return nil
}

// Due returns when the next sync is due under FsyncInterval, by the wall clock that Do is
// given; false if none is. Each Do syncs what is due, and so does one of an empty Job.
func (l *Log) Due() (wall int64, ok bool) {
	if len(l.dirty) == 0 || l.cfg.Fsync.Mode != FsyncInterval {
		return 0, false
	}
	return l.since + int64(l.cfg.Fsync.Every), true
}

// States returns the States of all tapes, by session and channel.
func (l *Log) States() []State {
	states := make([]State, 0, len(l.order))
	for _, t := range l.order {
		if len(t.segs) > 0 {
			states = append(states, t.state())
		}
	}
	return states
}

// Bytes returns the size of all segments together.
func (l *Log) Bytes() int64 { return l.bytes }

// Do does a job, and returns its result, which is a part of the job. wall is the wall
// clock, in nanoseconds since the Unix epoch.
func (l *Log) Do(job *Job, wall int64) *Result {
	r := &job.result
	*r = Result{Job: job, Others: r.Others[:0], Frames: r.Frames[:0], Holes: r.Holes[:0],
		Damaged: r.Damaged[:0], Buffer: job.Buffer}
	l.room.segments, l.room.bytes, l.room.squeezed = 0, 0, false
	if l.cfg.ReadOnly {
		l.look(job, r)
		return r
	}
	var t *tape
	if job.Key != (Key{}) {
		t = l.tapeOf(job)
	}
	if t != nil {
		l.write(t, job, r, wall)
	}
	l.syncs(t, job, r, wall)
	l.age(wall)
	l.look(job, r)
	for _, other := range l.touched {
		if other == t {
			r.Again = t.back
		} else {
			r.Others = append(r.Others, other.state())
		}
		other.touched, other.back = false, false
	}
	l.touched = l.touched[:0]
	r.Dropped, r.DroppedBytes, r.Squeezed = l.room.segments, l.room.bytes, l.room.squeezed
	r.LogBytes = l.bytes
	return r
}

// tapeOf returns the tape of a job, and makes it if the job needs it.
func (l *Log) tapeOf(job *Job) *tape {
	if job.Title != nil || len(job.Records) > 0 {
		return l.tape(job.Key)
	}
	return l.tapes[job.Key]
}

// touch marks a tape that the job changes.
func (l *Log) touch(t *tape) {
	if !t.touched {
		t.touched = true
		l.touched = append(l.touched, t)
	}
}

// write does the part of a job that changes its tape.
func (l *Log) write(t *tape, job *Job, r *Result, wall int64) {
	fail := func(err error) {
		if err != nil && r.Err == nil {
			r.Err = err
			if isFull(err) {
				r.Full = true
			} else {
				r.Failed = true
			}
		}
	}
	switch {
	case job.Reset:
		fail(l.reset(t))
	case l.cfg.ByNeed:
		fail(l.trim(t, job.Trim))
	}
	if job.Title != nil {
		l.entitle(t, job.Title, wall)
	}
	if len(job.Records) > 0 && r.Err == nil {
		told, err := l.append(t, job.Records, wall)
		if fail(err); err == nil {
			r.Err = told
		}
	}
}

// look does the part of a job that reads.
func (l *Log) look(job *Job, r *Result) {
	t := l.tapes[job.Key]
	if t == nil {
		r.State.Key = job.Key
		return
	}
	if job.Read.Len() > 0 {
		l.read(t, job.Read, r)
	}
	if job.Find.What != 0 {
		l.seek(t, job.Find, r)
	}
	r.State = t.state()
}
