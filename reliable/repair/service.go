package repair

import (
	"net/netip"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rate"
	"crier/reliable/store"
	"crier/reliable/topic"
)

const (
	// MaxServed bounds the sessions that are served at once, and maxStreams their streams. One
	// that nobody asked for in restTime makes room for another.
	MaxServed  = 64
	maxStreams = topic.MaxPartitions + MaxServed
	restTime   = time.Second
	// servedFor is how long a stream that nobody asks for is served.
	servedFor = 30 * time.Second
	// A burst of repairs is what the rate allows in 5 ms, or minBurst bytes.
	bursts   = 200
	minBurst = 256 << 10
)

// ServiceConfig configures a Service.
type ServiceConfig struct {
	// Responder is the id of the holder that repeats the frames.
	Responder uint64
	// Datagram is the size of a full datagram, in bytes.
	Datagram int
	// Marks is the number of requested frames of a stream that are told apart.
	Marks uint64
	// Rate bounds the repairs of all streams, in bytes a second.
	Rate uint64
	// Recent is that of Config.
	Recent bool
}

// A Service repeats frames of several streams in their publishers' place: it is a [Holder] for
// each stream that somebody asks for. All of them share one budget and one rate.
type Service struct {
	cfg    ServiceConfig
	budget *nack.Budget
	limit  *rate.Limit
	list   []*served
	crowd  Crowd // of the list
	// taken says that a batch is being sent, of the stream sending, or of one that isn't served
	// any more.
	taken   bool
	sending *served
	// past counts the repairs of streams that aren't served any more.
	past Stats
}

// served is a stream that somebody asked for.
type served struct {
	key    journal.Key
	holder *Holder
	// asked is when somebody asked last, and by the address that asked first.
	asked reliable.Time
	by    netip.Addr
}

// NewService returns a Service that was asked for nothing yet.
func NewService(cfg ServiceConfig) *Service {
	burst := max(cfg.Rate/bursts, minBurst)
	return &Service{
		cfg: cfg, limit: rate.New(cfg.Rate, burst),
		budget: nack.NewBudget(nack.BudgetConfig{Floor: cfg.Rate, Burst: burst}),
	}
}

// SetDatagram sets the size of a full datagram, in bytes, for all that is asked for from now on.
func (s *Service) SetDatagram(size int) {
	for s.cfg.Datagram != size && len(s.list) > 0 {
		s.end(0)
	}
	s.cfg.Datagram = size
}

// find returns the index of a stream that is served, or -1.
func (s *Service) find(key journal.Key) int {
	return slices.IndexFunc(s.list, func(v *served) bool { return v.key == key })
}

// Handle takes a NACK, and reports false if its stream isn't served: see Begin.
func (s *Service) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) bool {
	i := s.find(journal.Key{Session: f.Session, Channel: f.Channel})
	if i < 0 {
		return false
	}
	s.list[i].asked = now
	s.list[i].holder.Handle(now, from, f)
	return true
}

// Begin begins to serve a stream out of a store, for a subscriber at an address, and reports
// whether there is room.
func (s *Service) Begin(now reliable.Time, by netip.Addr, key journal.Key, of store.Store) bool {
	another := !slices.ContainsFunc(s.list, func(v *served) bool {
		return v.key.Session == key.Session
	}) && s.sessions() >= MaxServed
	if another || len(s.list) >= maxStreams {
		i := slices.IndexFunc(s.list, func(v *served) bool {
			return now.Sub(v.asked) > restTime && v != s.sending
		})
		if i < 0 {
			if i = s.yields(now, by); i < 0 {
				return false
			}
		}
		if gone := s.list[i].key.Session; another {
			s.endSession(gone)
		} else {
			s.end(i)
		}
	}
	s.list = append(s.list, &served{key: key, asked: now, by: by, holder: NewHolder(Config{
		Session: key.Session, Channel: key.Channel, Responder: s.cfg.Responder,
		Datagram: s.cfg.Datagram, Marks: s.cfg.Marks, Budget: s.budget, Limit: s.limit,
		Recent: s.cfg.Recent,
	}, of)})
	return true
}

// sessions returns the number of sessions that are served.
func (s *Service) sessions() (n int) {
	for i, v := range s.list {
		if !slices.ContainsFunc(s.list[:i], func(o *served) bool {
			return o.key.Session == v.key.Session
		}) {
			n++
		}
	}
	return n
}

// yields returns the index of the stream that makes room though it was asked for lately, or -1:
// it is served for the address for which most are.
func (s *Service) yields(now reliable.Time, by netip.Addr) int {
	whose, ok := s.crowd.Yields(now, by, len(s.list), func(i int) netip.Addr {
		return s.list[i].by
	})
	if !ok {
		return -1
	}
	return slices.IndexFunc(s.list, func(v *served) bool { return v.by == whose && v != s.sending })
}

// End ends the service of a stream until Begin is called for it again.
func (s *Service) End(key journal.Key) {
	if i := s.find(key); i >= 0 {
		s.end(i)
	}
}

// endSession ends the service of all streams of a session.
func (s *Service) endSession(session uint64) {
	for i := len(s.list) - 1; i >= 0; i-- {
		if s.list[i].key.Session == session {
			s.end(i)
		}
	}
}

func (s *Service) end(i int) {
	v := s.list[i]
	st := v.holder.Stats()
	s.past.Add(&st)
	if s.sending == v {
		s.sending = nil
	}
	s.list = slices.Delete(s.list, i, i+1)
}

// Advance lets time pass.
func (s *Service) Advance(now reliable.Time) {
	for i := len(s.list) - 1; i >= 0; i-- {
		v := s.list[i]
		if v.holder.Advance(now); v.holder.Idle() && now.Sub(v.asked) > servedFor {
			s.end(i)
		}
	}
}

// Deadline returns when to call Next again.
func (s *Service) Deadline(now reliable.Time) reliable.Time {
	at := reliable.Never
	for _, v := range s.list {
		at = min(at, v.holder.Deadline(now))
	}
	if at != reliable.Never && s.limit.Room(now) == 0 {
		at = max(at, s.limit.Ready())
	}
	return at
}

// Next returns the next datagrams to send, of the streams in turn, and whose they are; or false if
// there are none now. Those to an invalid address are for the stream's group. The batch must be
// handed back with Sent before the next call.
func (s *Service) Next(now reliable.Time) (b reliable.Batch, of journal.Key, ok bool) {
	if s.taken {
		return b, of, false
	}
	for range s.list {
		v := s.list[0]
		s.list = append(append(s.list[:0], s.list[1:]...), v)
		if b, ok = v.holder.Next(now); ok {
			s.taken, s.sending = true, v
			return b, v.key, true
		}
	}
	return b, of, false
}

// Sent hands the batch back.
func (s *Service) Sent(b reliable.Batch) {
	if s.sending != nil {
		s.sending.holder.Sent(b)
	}
	s.taken, s.sending = false, nil
}

// Unreadable denies frames of a stream that were to be read, and can't be.
func (s *Service) Unreadable(key journal.Key, frames nack.Range) {
	if i := s.find(key); i >= 0 {
		s.list[i].holder.Unreadable(frames)
	}
}

// Serves reports whether a stream is served.
func (s *Service) Serves(key journal.Key) bool { return s.find(key) >= 0 }

// Askers returns the subscribers that asked for a stream, as those of a Holder.
func (s *Service) Askers(key journal.Key) []*nack.Asker {
	if i := s.find(key); i >= 0 {
		return s.list[i].holder.Askers()
	}
	return nil
}

// Stats returns the counters of all streams so far.
func (s *Service) Stats() Stats {
	st := s.past
	for _, v := range s.list {
		of := v.holder.Stats()
		st.Add(&of)
	}
	return st
}
