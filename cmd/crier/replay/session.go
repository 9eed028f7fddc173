package replay

import (
	"crier/cmd/crier/logdir"
	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/playback"
)

// session plays the tapes of a session, one for each partition, in the order in which their frames
// were made.
type session struct {
	log   *logdir.Log
	parts []*part
	// last was returned by next, or is nil.
	last *part
	// until is a time before which no other part has anything; of those with the same time the
	// lowest partition is first.
	until int64
}

// part is a tape of a session, and its next event.
type part struct {
	state  *journal.State
	reader *playback.Reader
	event  reliable.Event
	over   bool
}

// framesAhead is how many frames of a session are read at once, for all its partitions.
const framesAhead = 1024

// open returns a session's tapes, each with its first event.
func (o *options) open(log *logdir.Log, tapes []journal.State) (*session, error) {
	s := &session{log: log}
	for i := range tapes {
		p := &part{state: &tapes[i]}
		var err error
		if p.reader, err = playback.NewReader(log, tapes[i], o.start, o.until); err != nil {
			return nil, readError(log, p.state, err)
		}
		p.reader.Ahead(framesAhead / len(tapes))
		if err := p.read(log); err != nil {
			return nil, err
		}
		s.parts = append(s.parts, p)
	}
	return s, nil
}

// read takes the next event.
func (p *part) read(log *logdir.Log) error {
	ok, err := p.reader.Next(&p.event)
	if err != nil {
		return readError(log, p.state, err)
	}
	p.over = !ok
	return nil
}

// next returns the part whose event is next, or nil at the end. The event is valid until the next
// call.
func (s *session) next() (*part, error) {
	if p := s.last; p != nil {
		if err := p.read(s.log); err != nil {
			return nil, err
		}
		if !p.over && int64(p.reader.Since()) < s.until {
			return p, nil
		}
	}
	s.last, s.until = nil, 1<<63-1
	for _, p := range s.parts {
		if p.over {
			continue
		}
		at := int64(p.reader.Since())
		switch {
		case s.last == nil:
			s.last = p
		case at < int64(s.last.reader.Since()):
			s.until, s.last = int64(s.last.reader.Since()), p
		default:
			s.until = min(s.until, at)
		}
	}
	return s.last, nil
}
