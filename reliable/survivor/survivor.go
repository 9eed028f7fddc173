package survivor

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/reliable/repair"
	"crier/reliable/store"
)

// History configures what is kept for others, and how it is served.
type History struct {
	// Bytes bounds the memory for it, of all sessions together, in bytes, at least 128 KiB. 0 keeps
	// nothing: the Survivor is a Receiver, and nobody else is asked when a publisher is gone.
	Bytes int
	// ServeRate bounds the repairs, in bytes a second, at least 64 KiB; 0 means 16 MiB.
	ServeRate uint64
	// Memory, if not nil, is used for frames before Go's heap, for as long as the Survivor is.
	Memory []byte
}

const (
	defaultServeRate = 16 << 20
	minServeRate     = 64 << 10
	// marks is the number of requested frames of a stream that are told apart.
	marks = 1 << 14
)

// Complete checks the bounds, and fills in the defaults.
func (h History) Complete() (History, error) {
	if h.ServeRate == 0 {
		h.ServeRate = defaultServeRate
	}
	switch {
	case h.Bytes < 0 || h.Bytes > 0 && h.Bytes < store.MinHistories:
		return h, config.Errorf("History", "a history of %d bytes is smaller than 128 KiB", h.Bytes)
	case h.ServeRate < minServeRate:
		return h, config.Errorf("History", "%d bytes a second are less than 64 KiB", h.ServeRate)
	}
	return h, nil
}

// A Survivor is a Receiver that keeps frames for others, and serves them.
type Survivor struct {
	*receive.Receiver
	// kept is nil where nothing is kept, and so is service.
	kept    *store.Histories
	service *repair.Service
	now     reliable.Time
	closed  bool
	sending sender
	// unserved counts NACKs that weren't answered.
	unserved uint64
}

// A sender is whom the batch that is being sent belongs to.
type sender uint8

const (
	nobody sender = iota
	receiver
	service
)

// New returns a Survivor that has heard nothing yet. It sets the Inquest and Keeper of the
// Receiver's configuration.
func New(cfg receive.Config, h History) (*Survivor, error) {
	h, err := h.Complete()
	if err != nil {
		return nil, err
	}
	s := &Survivor{now: cfg.Joined}
	if h.Bytes > 0 {
		s.kept = store.NewHistories(h.Bytes)
		s.kept.Furnish(h.Memory)
		cfg.Inquest, cfg.Keeper = true, keeper{s.kept, s}
	}
	if s.Receiver, err = receive.New(cfg); err != nil {
		return nil, err
	}
	if h.Bytes > 0 {
		datagram := cfg.Datagram
		if datagram == 0 {
			datagram = reliable.DefaultDatagram
		}
		s.service = repair.NewService(repair.ServiceConfig{
			Responder: cfg.ID, Datagram: datagram, Marks: marks, Rate: h.ServeRate, Recent: true,
		})
	}
	return s, nil
}

// keeper makes Histories the Keeper of a subscriber.
type keeper struct {
	*store.Histories
	of *Survivor
}

// Keep keeps nothing of what is still delivered after the end.
func (k keeper) Keep(session uint64, channel uint32, f *frame.Frame) {
	if !k.of.closed {
		k.Histories.Keep(session, channel, f)
	}
}

func (keeper) Role() frame.Role { return frame.Peer }

// SetDatagram is that of the Receiver, for repairs as well.
func (s *Survivor) SetDatagram(size int) {
	s.Receiver.SetDatagram(size)
	if s.service != nil {
		s.service.SetDatagram(size)
	}
}

// Handle is that of the Receiver, and takes NACKs.
func (s *Survivor) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	s.now = max(s.now, now)
	if f.Kind == frame.Nack && s.service != nil {
		s.serve(from, f)
		return
	}
	s.Receiver.Handle(now, from, f)
}

// serve takes a NACK.
func (s *Survivor) serve(from netip.AddrPort, f *frame.Frame) {
	if s.closed || !s.Serves(s.now, f.Session, f.Channel, from, f.Subscriber) {
		s.unserved++
		return
	}
	if s.service.Handle(s.now, from, f) {
		return
	}
	key := journal.Key{Session: f.Session, Channel: f.Channel}
	if !s.service.Begin(s.now, from.Addr(), key, s.shelf(key)) {
		s.unserved++
		return
	}
	s.service.Handle(s.now, from, f)
}

// Advance lets time pass.
func (s *Survivor) Advance(now reliable.Time) {
	s.now = max(s.now, now)
	s.Receiver.Advance(now)
	if s.service != nil {
		s.service.Advance(now)
	}
}

// Deadline returns when to call Advance, and then Next.
func (s *Survivor) Deadline() reliable.Time {
	at := s.Receiver.Deadline()
	if s.service != nil && !s.closed {
		at = min(at, s.service.Deadline(s.now))
	}
	return at
}

// Next returns the next datagrams to send, and false if there are none now. The batch must be
// handed back with Sent before the next call. One to an invalid address is for the first group.
func (s *Survivor) Next(now reliable.Time) (reliable.Batch, bool) {
	if s.sending != nobody {
		return reliable.Batch{}, false
	}
	s.now = max(s.now, now)
	if b, ok := s.Receiver.Next(now); ok {
		s.sending = receiver
		return b, true
	}
	if s.service == nil || s.closed {
		return reliable.Batch{}, false
	}
	b, of, ok := s.service.Next(now)
	if ok {
		s.sending = service
		if !b.To.IsValid() {
			b.To = s.DataGroup(of.Session, of.Channel)
		}
	}
	return b, ok
}

// Sent hands a batch back.
func (s *Survivor) Sent(b reliable.Batch) {
	switch s.sending {
	case receiver:
		s.Receiver.Sent(b)
	case service:
		s.service.Sent(b)
	}
	s.sending = nobody
}

// Close is that of the Receiver. Nothing is served any more.
func (s *Survivor) Close(now reliable.Time) {
	s.closed = true
	s.Receiver.Close(now)
	if s.kept != nil {
		s.kept.Clear()
	}
}
