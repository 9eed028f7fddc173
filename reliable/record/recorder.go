package record

import (
	"net/netip"
	"slices"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/reliable/repair"
	"crier/reliable/store"
)

// A Recorder records the sessions that it hears, and serves what it has.
type Recorder struct {
	cfg Config
	now reliable.Time
	// receiver follows the sessions. It is nil where the recorder only serves.
	receiver *receive.Receiver
	// closing says that Close was called, and left that all is written, or can't be.
	closing, left bool

	tapes map[journal.Key]*tape
	// list has the tapes in the order in which they became known. last took the last frame, or is
	// nil.
	list []*tape
	last *tape
	// dirty are tapes with something to write, in the order in which that came.
	dirty []*tape
	pool  store.Pool
	// pending are the blocks with frames that aren't written, and done the others: these make room
	// for new ones.
	pending, done store.Blocks
	// late has frames that came after their place was named a hole.
	late *store.Histories

	disk jobs
	// readers are shelves that want to read. runs is what was read and is in memory, at most
	// maxRuns, and turn counts the jobs that are done.
	readers []*shelf
	runs    []*run
	maxRuns int
	turn    uint64

	service  *repair.Service
	announce announce
	answers  answers
	sending  sender
	askable  []nack.Range // scratch
	events   events
	stats    Stats
	heard    [64]reliable.Run
}

// A sender is whom the batch that is being sent belongs to.
type sender struct {
	taken  bool
	own    bool // the receiver's
	served bool // the service's
}

// New returns a Recorder that has heard nothing yet.
func New(cfg Config) (*Recorder, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	reads := cfg.Tail / 4
	r := &Recorder{
		cfg: cfg, now: cfg.Joined, tapes: make(map[journal.Key]*tape),
		maxRuns: max(2*maxReads, reads/runBytes),
		disk:    jobs{syncAt: reliable.Never, ageAt: reliable.Never},
		service: repair.NewService(repair.ServiceConfig{
			Responder: cfg.ID, Datagram: cfg.Datagram, Marks: marks, Rate: cfg.ServeRate,
		}),
	}
	late := max(cfg.Tail/lateShare, store.MinHistories)
	r.pool, r.late = store.NewPool(cfg.Tail-reads-late, r), store.NewHistories(late)
	r.announce.begin(r)
	r.answers.begin()
	for i := range cfg.States {
		s := &cfg.States[i]
		if slices.Contains(cfg.Except, reliable.SessionID(s.Key.Session)) {
			continue
		}
		r.tape(s.Key).begin(s)
	}
	if cfg.ServeOnly {
		return r, nil
	}
	if cfg.Aging > 0 {
		r.disk.ageAt = cfg.Joined.Add(cfg.Aging)
	}
	r.receiver, err = receive.New(receive.Config{
		ID: cfg.ID, Seed: cfg.Seed, Epoch: cfg.Epoch, Joined: cfg.Joined, Name: cfg.Name,
		Groups: cfg.Groups, Topics: cfg.Topics, Datagram: cfg.Datagram, Start: reliable.Oldest,
		Runs: true, Positions: r.positions(),
		Logs:     receive.Logs{Ask: len(cfg.Groups)+len(cfg.Topics) > 0},
		Recovery: cfg.Recovery, Memory: cfg.Memory, Tape: r, Inquest: !cfg.NoInquest,
		Keeper: keeper{r},
	})
	return r, err
}

// positions returns where the tapes go on if their sessions are heard again.
func (r *Recorder) positions() (list []reliable.Position) {
	for _, t := range r.list {
		if t.ended != nil && t.ended.How == reliable.EndBye {
			continue
		}
		p := reliable.Position{
			Session: reliable.SessionID(t.key.Session), Partition: t.key.Channel,
			Seq: t.next.Seq, Offset: t.next.Offset,
		}
		if t.title != nil {
			p.Topic, p.Publisher, p.Key = t.title.Topic, t.title.Publisher, t.title.Key
		}
		list = append(list, p)
	}
	return list
}

// tape returns the tape with a key, and makes one if need be.
func (r *Recorder) tape(key journal.Key) *tape {
	t := r.tapes[key]
	if t == nil {
		t = &tape{r: r, key: key, since: reliable.Never, tail: store.Tail{Key: key}}
		t.tell(r.now)
		t.shelf.t = t
		t.state.Key = key
		r.tapes[key] = t
		r.list = append(r.list, t)
	}
	return t
}

// remove forgets a tape of which nothing is left.
func (r *Recorder) remove(t *tape) {
	for len(t.tail.Blocks) > 0 {
		b := t.tail.Blocks[0]
		b.Tail.Drop()
		r.pool.Put(b)
	}
	for _, n := range r.runs {
		if n.shelf == &t.shelf {
			n.shelf = nil
		}
	}
	r.service.End(t.key)
	r.late.Forget(t.key.Session, t.key.Channel)
	if r.last == t {
		r.last = nil
	}
	delete(r.tapes, t.key)
	r.list = slices.DeleteFunc(r.list, func(o *tape) bool { return o == t })
}

// Lends and Lend make the Recorder the lender of its blocks: those that are written.
func (r *Recorder) Lends() int { return r.done.Memory() }

// Lend takes the oldest of them out of its tape.
func (r *Recorder) Lend() *store.Block {
	b := r.done.First()
	if b != nil {
		b.Tail.Drop()
	}
	return b
}

// settle puts a block of a tape into the list where it belongs.
func (r *Recorder) settle(b *store.Block, written bool) {
	if written {
		r.done.Put(b)
	} else {
		r.pending.Put(b)
	}
}

// Copied is the Receiver's: it reports whether a datagram is a copy that needs no decoding.
func (r *Recorder) Copied(now reliable.Time, from netip.AddrPort, feed int, datagram []byte) bool {
	return r.receiver != nil && r.receiver.Copied(now, from, feed, datagram)
}

// Handle takes a decoded frame. It keeps nothing of it.
func (r *Recorder) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	r.now = max(r.now, now)
	switch f.Kind {
	case frame.Nack:
		r.serve(from, f)
	case frame.Find:
		r.find(from, f)
	default:
		if r.receiver == nil || f.Session == 0 { // which is no session
			return
		}
		r.receiver.Handle(now, from, f)
		r.drain()
		r.receiver.Keep()
	}
}

// drain takes what the receiver has in order, as long as there is room.
func (r *Recorder) drain() {
	if r.receiver == nil || r.closing {
		return
	}
	for n := r.receiver.Poll(r.heard[:]); n > 0; n = r.receiver.Poll(r.heard[:]) {
		r.hear(r.heard[:n])
	}
}

// Advance lets time pass.
func (r *Recorder) Advance(now reliable.Time) {
	r.now = max(r.now, now)
	if r.receiver != nil {
		r.receiver.Advance(now)
		r.drain()
	}
	r.service.Advance(now)
}

// Deadline returns when to call Advance, and then NextDisk and Next.
func (r *Recorder) Deadline() reliable.Time {
	at := min(r.announce.due(r), r.diskDue())
	if r.receiver != nil {
		at = min(at, r.receiver.Deadline())
	}
	if r.closing {
		return at
	}
	return min(at, r.service.Deadline(r.now), r.answers.due(r.now))
}

// diskDue returns when NextDisk has something to do.
func (r *Recorder) diskDue() reliable.Time {
	d := &r.disk
	if d.changes() {
		return reliable.Never
	}
	at := min(d.syncAt, d.ageAt)
	for _, t := range r.dirty {
		if !t.out && t.since != reliable.Never {
			due := t.since.Add(gatherFor)
			if d.failing {
				due = max(due, d.retryAt)
			}
			at = min(at, due)
		}
	}
	return at
}

// Next returns the next datagrams to send, and false if there are none now. The batch must be
// handed back with Sent before the next call. A batch to an invalid address is for the first
// group.
func (r *Recorder) Next(now reliable.Time) (reliable.Batch, bool) {
	s := &r.sending
	if s.taken {
		return reliable.Batch{}, false
	}
	r.now = max(r.now, now)
	*s = sender{}
	if r.receiver != nil {
		if b, ok := r.receiver.Next(now); ok {
			s.taken, s.own = true, true
			return b, true
		}
	}
	if r.closing {
		return reliable.Batch{}, false
	}
	if b, ok := r.answers.next(r); ok {
		s.taken = true
		return b, true
	}
	if b, ok := r.announce.next(r); ok {
		s.taken = true
		return b, true
	}
	if b, of, ok := r.service.Next(now); ok {
		s.taken, s.served = true, true
		if t := r.tapes[of]; !b.To.IsValid() && t != nil {
			b.To = t.toGroup()
		}
		return b, true
	}
	return reliable.Batch{}, false
}

// Sent hands a batch back.
func (r *Recorder) Sent(b reliable.Batch) {
	s := r.sending
	r.sending = sender{}
	switch {
	case s.own:
		r.receiver.Sent(b)
	case s.served:
		r.service.Sent(b)
	}
}

// Close takes no frames any more, and has what is in memory written: the driver goes on with
// NextDisk until that returns false and nothing is out. What is missing then is no hole: a
// Recorder that goes on with the log asks for it.
func (r *Recorder) Close(now reliable.Time) {
	r.now = max(r.now, now)
	if r.closing {
		return
	}
	r.drain()
	r.closing = true
	r.leave()
}

// leave tells the publishers that the recorder goes, once all that it closes with is in the log,
// or can't be written.
func (r *Recorder) leave() {
	if !r.closing || r.left || r.disk.out[writes] > 0 || len(r.dirty) > 0 && !r.disk.failing {
		return
	}
	r.left = true
	if r.receiver != nil {
		r.receiver.Close(r.now)
	}
}

// Left reports whether a Recorder that was closed has written what it could. What Next returns
// then are words of farewell.
func (r *Recorder) Left() bool { return r.left }
