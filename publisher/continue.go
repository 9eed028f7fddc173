package publisher

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/restart"
)

// Continue selects whether the session goes on with the offsets of the stream's last one.
type Continue = reliable.Continue

// The ways to begin a session.
const (
	// ContinueNever begins at FirstOffset.
	ContinueNever = reliable.ContinueNever
	// ContinueAlways begins where the stream's last session ended, each partition at its own end,
	// or fails.
	ContinueAlways = reliable.ContinueAlways
	// ContinueOrNew begins where the stream's last session ended, or at FirstOffset if
	// nobody knows of one.
	ContinueOrNew = reliable.ContinueOrNew
)

// Previous names the session that another one continues, and its end.
type Previous = reliable.Link

// EndUnknownError is returned by New with ContinueAlways if nobody told where the stream ended.
type EndUnknownError struct {
	Name  string
	Group netip.AddrPort
}

func (e *EndUnknownError) Error() string {
	return fmt.Sprintf("nobody on %v knows where the stream of publisher %q ended: no recorder "+
		"and no subscriber that heard it, and no log of this host; start one of them first, or "+
		"begin a new stream with ContinueOrNew (crier pub --continue=or-new)", e.Group, e.Name)
}

// RunningError is returned by New with Continue if a session of the stream still runs.
type RunningError struct {
	Name    string
	Session SessionID
	// Witness is the address of who heard the session, Role its part (publisher, which is
	// the session's own, recorder or peer), and Heard how long before its word it heard it.
	Witness netip.AddrPort
	Role    string
	Heard   time.Duration
}

func (e *RunningError) Error() string {
	said := fmt.Sprintf("%s %v heard it %v ago", e.Role, e.Witness, e.Heard.Round(time.Millisecond))
	switch e.Role {
	case frame.Publisher.String():
		said = fmt.Sprintf("it sends from %v", e.Witness)
	case frame.Peer.String():
		said = fmt.Sprintf("a subscriber at %v heard it %v ago", e.Witness,
			e.Heard.Round(time.Millisecond))
	}
	return fmt.Sprintf("publisher %q still runs as session %v: %s; stop it first, or choose "+
		"another name", e.Name, e.Session, said)
}

// past is what a Publisher knows of earlier sessions.
type past struct {
	// record is the own log, or nil. prev is the session to go on with, by partition, or nil if it
	// isn't known.
	record *kept
	prev   []Previous
	// teams are the positions of teams.
	teams []TeamPosition
}

// openPast opens the own log, if there is one, and finds the session to go on with, whose end
// becomes the configuration's FirstOffset.
func openPast(cfg *Config) (past, error) {
	var p past
	var err error
	var known []restart.Known
	if cfg.Record.Dir != "" {
		if p.record, err = openRecord(cfg); err != nil {
			return past{}, err
		}
		known = p.record.known()
	}
	if cfg.Teams.State != nil && !cfg.Teams.Off {
		if p.teams, err = cfg.loadTeams(); err != nil {
			p.close()
			return past{}, err
		}
	}
	if p.prev, err = cfg.goOn(known); err != nil {
		p.close()
		return past{}, err
	}
	if cfg.layout.Partitions <= 1 && p.prev != nil {
		cfg.FirstOffset = p.prev[0].Offset
	}
	return p, nil
}

// in returns the session to go on with, and its end in a partition, or zero.
func (p *past) in(partition uint32) Previous {
	if int64(partition) >= int64(len(p.prev)) {
		return Previous{}
	}
	return p.prev[partition]
}

// close closes the log after an error.
func (p *past) close() {
	if p.record != nil {
		p.record.close()
	}
}

// known returns the sessions in the log, as far as it is known whose they are.
func (k *kept) known() (list []restart.Known) {
	for _, s := range k.States() {
		if s.Title != nil {
			list = append(list, restart.Known{Session: SessionID(s.Key.Session),
				Channel: s.Key.Channel, Title: *s.Title, Seq: s.Next.Seq, Offset: s.Next.Offset})
		}
	}
	return list
}

// goOn returns the ends of the stream's last session, by partition, which the group and the own log
// know. It returns nil where the session begins anew.
func (c *Config) goOn(known []restart.Known) ([]Previous, error) {
	if c.Continue == ContinueNever {
		return nil, nil
	}
	if c.Name == "" {
		return nil, config.Errorf("Name",
			"a stream that goes on needs the name of its publisher")
	}
	s := &search{group: c.Group, done: make(chan struct{})}
	begin := time.Now()
	var err error
	if s.machine, err = restart.New(restart.Config{
		ID: randomID(), Topic: c.Topic, Publisher: c.Name, Channels: c.layout.Partitions,
		Known: known, Recorders: c.Recorders, Wall: begin.UnixNano(),
	}); err != nil {
		return nil, err
	}
	loop, err := s.open(c, begin)
	if err != nil {
		return nil, err
	}
	loop.Run()
	<-s.done
	if err := loop.Close(); err != nil {
		return nil, err
	}
	r := s.machine.Result()
	switch w := r.Witness; {
	case r.Running:
		return nil, &RunningError{Name: c.Name, Session: w.Session, Witness: w.From,
			Role: w.Role.String(), Heard: w.Heard}
	case r.Prev == nil && c.Continue == ContinueAlways:
		return nil, &EndUnknownError{c.Name, c.Group}
	case r.Prev == nil:
		c.Logger.Info("crier: nobody knows of an earlier session of the stream: it begins anew",
			"offset", c.FirstOffset)
	default:
		c.Logger.Info("crier: the stream goes on where its last session ended",
			"previous_session", r.Session, "offset", r.Prev[0].Offset)
	}
	return r.Prev, nil
}

// search adapts a restart.Search to multicast.Machine. It listens to the group, and to the
// address that it asks from.
type search struct {
	machine *restart.Search
	group   netip.AddrPort
	dec     frame.Decoder
	frame   frame.Frame
	batch   reliable.Batch
	ending  sync.Once
	done    chan struct{} // closed when the search is over
}

// open opens the sockets of a search.
func (s *search) open(c *Config, begin time.Time) (*multicast.Loop, error) {
	group, err := c.Link.Group(multicast.GroupConfig{
		Group: c.Group, Interface: c.Interface, Logger: c.Logger,
	})
	if err != nil {
		return nil, err
	}
	back, err := c.Link.Socket(multicast.SocketConfig{
		Interface: c.Interface, Group: c.Group, Logger: c.Logger,
	})
	if err != nil {
		return nil, closing(err, group)
	}
	timer, err := c.Link.Network.Timer()
	if err != nil {
		return nil, closing(err, group, back)
	}
	return multicast.NewLoop(multicast.LoopConfig{
		Machine: s, Out: back, In: []multicast.Conn{group}, Timer: timer, Start: begin,
		Logger: c.Logger,
	}), nil
}

// closing closes the sockets that were open before an error.
func closing(err error, open ...multicast.Conn) error {
	errs := []error{err}
	for _, c := range open {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

func (s *search) Receive(now int64, ps []multicast.Packet) (int, bool) {
	for i := range ps {
		if s.dec.Decode(ps[i].Data, &s.frame) == nil {
			s.machine.Handle(reliable.Time(now), ps[i].From, &s.frame)
		}
	}
	return len(ps), false
}

func (s *search) Advance(now int64) {
	s.machine.Advance(reliable.Time(now))
	s.end()
}

// end tells whoever waits that the search is over, if it is.
func (s *search) end() {
	if s.machine.Done() {
		s.ending.Do(func() { close(s.done) })
	}
}

func (s *search) Deadline(int64) int64 { return int64(s.machine.Deadline()) }

func (s *search) Next(now int64, _ bool) (multicast.Datagrams, bool) {
	var ok bool
	if s.batch, ok = s.machine.Next(reliable.Time(now)); !ok {
		s.end()
		return multicast.Datagrams{}, false
	}
	return multicast.Datagrams{To: s.group, Data: s.batch.Data, Segment: s.batch.Segment}, true
}

func (s *search) Sent() { s.machine.Sent(s.batch) }
