package subscriber

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crier/reliable"
)

// places are the consumer's positions in all sessions, and their way to the OffsetStore. A nil
// *places keeps none.
type places struct {
	store OffsetStore
	ack   Acknowledge
	log   *slog.Logger

	// The goroutine that delivers owns last: the place of the event before.
	last *place

	// mu guards known, turn and others.
	mu    sync.Mutex
	known map[placeKey]*place
	turn  uint64 // counts saves, for the order of places
	// others are positions in streams that this Subscriber doesn't listen to.
	others []Position

	// closed says that no saver runs any more.
	closed atomic.Bool
	// dirty says that something was acknowledged since the last save began. news wakes the
	// saver then.
	dirty atomic.Bool
	news  chan struct{}

	// saving is held during a save. It guards failed, the last one's error.
	saving sync.Mutex
	failed error
}

type placeKey struct {
	session SessionID
	channel uint32
}

// place is the consumer's position in one session and channel.
type place struct {
	mu sync.Mutex
	// at is the acknowledged position.
	at Position
	// known says that at is one: that a message was delivered, or a position loaded.
	known bool
	// stuck says that Close has named missing messages lost: nothing behind them is
	// acknowledged, so that they come when the consumer resumes.
	stuck bool
	title *reliable.Title // that at has the names of

	// places.mu guards listed, the position that was listed last, and the turn of that.
	listed Position
	turn   uint64
	// dropped says that there were too many places, and this one is no longer listed.
	dropped atomic.Bool
}

// key returns what never changes of a place.
func (l *place) key() placeKey { return placeKey{l.at.Session, l.at.Partition} }

// maxPlaces bounds the positions that are kept; those that stand still longest go first.
const maxPlaces = 4096

// newPlaces returns the places of a Subscriber that begins with loaded positions.
func newPlaces(cfg *Config, ours, others []Position) *places {
	p := &places{
		store: cfg.Offsets, ack: cfg.Acknowledge, log: cfg.Logger, others: others,
		known: make(map[placeKey]*place), news: make(chan struct{}, 1),
	}
	for _, at := range ours {
		p.turn++
		l := &place{at: at, known: true, listed: at, turn: p.turn}
		p.known[l.key()] = l
	}
	return p
}

// find returns the place of an event's stream, and makes it if there is none. The caller
// delivers.
func (p *places) find(ev *Event) *place {
	key := placeKey{ev.Session, ev.Partition}
	if l := p.last; l != nil && l.key() == key && !l.dropped.Load() {
		return l
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.known[key]
	if l == nil {
		if len(p.known) >= 2*maxPlaces {
			p.forget()
		}
		l = &place{at: Position{Session: ev.Session, Partition: ev.Partition, Seq: ev.Seq}}
		p.known[key] = l
	}
	p.last = l
	return l
}

// forget lets go of the places of sessions of which only the begin was heard: anybody can make
// up any number of them. The caller holds mu.
func (p *places) forget() {
	for key, l := range p.known { // order doesn't matter
		l.mu.Lock()
		if !l.known {
			l.dropped.Store(true)
			delete(p.known, key)
		}
		l.mu.Unlock()
	}
}

// deliver notes that an event is about to be delivered. Before the first of a session its place
// is saved: else a consumer that is killed during that one would begin behind it.
func (p *places) deliver(ev *Event) {
	if p == nil || ev.Kind != Message && ev.Kind != Loss && ev.Kind != SessionNew {
		return
	}
	l := p.find(ev)
	l.mu.Lock()
	l.at.Group = ev.Group
	if t := ev.Title; t != nil && t != l.title {
		l.title = t
		l.at.Topic, l.at.Publisher, l.at.Key = t.Topic, t.Publisher, t.Key
	}
	if ev.Kind == Loss && ev.Cause == CauseClosed {
		l.stuck = true
	}
	first := !l.known && !l.stuck && ev.Kind != SessionNew
	if first {
		l.known, l.at.Offset = true, ev.Offset
		if ev.Kind == Loss {
			l.at.Offset = ev.Lost.From
		}
	}
	l.mu.Unlock()
	if first {
		p.save()
	}
}

// taken acknowledges an event that was delivered, unless the application does.
func (p *places) taken(ev *Event) {
	if p == nil || p.ack.ByDone {
		return
	}
	switch ev.Kind {
	case Message:
		p.advance(p.find(ev), ev.Seq, ev.Offset+1)
	case Loss:
		p.advance(p.find(ev), ev.Seq, ev.Lost.To)
	}
}

// done acknowledges what is before a position.
func (p *places) done(at Position) error {
	p.mu.Lock()
	l := p.known[placeKey{at.Session, at.Partition}]
	p.mu.Unlock()
	if l == nil {
		return ErrUnknownPosition
	}
	if err := p.advance(l, at.Seq, at.Offset); err != nil {
		return err
	}
	return p.flush()
}

// advance moves a place ahead, and sees that it is saved.
func (p *places) advance(l *place, seq, offset uint64) error {
	l.mu.Lock()
	moved := l.known && !l.stuck && offset > l.at.Offset
	if moved {
		l.at.Seq, l.at.Offset = seq, offset
	}
	l.mu.Unlock()
	if !moved {
		return nil
	}
	if p.ack.Sync {
		return p.save()
	}
	p.wake()
	return nil
}

// flush saves what is acknowledged, if no saver does.
func (p *places) flush() error {
	if p == nil || !p.closed.Load() {
		return nil
	}
	return p.save()
}

// positions returns all positions.
func (p *places) positions() []Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.Clone(p.others)
	for _, l := range p.known {
		l.mu.Lock()
		if l.known {
			list = append(list, l.at)
		}
		l.mu.Unlock()
	}
	return list
}

// save saves what was acknowledged and isn't saved.
func (p *places) save() error {
	p.saving.Lock()
	defer p.saving.Unlock()
	p.dirty.Store(false)
	list, moved := p.list()
	if !moved && p.failed == nil {
		return nil
	}
	err := p.store.Save(list)
	if err != nil && (p.failed == nil || p.failed.Error() != err.Error()) {
		p.log.Error("crier: positions can't be saved: what is done from now on comes again "+
			"after a restart", slog.Any("error", err))
	}
	if p.failed = err; err != nil {
		p.wake()
	}
	return err
}

// list returns all positions, those that moved last at the end, and whether any has moved since
// the last call. It forgets what is beyond the bound.
func (p *places) list() (list []Position, moved bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn++
	all := make([]*place, 0, len(p.known))
	for _, l := range p.known { // order doesn't matter: they are sorted
		l.mu.Lock()
		if l.known {
			all = append(all, l)
			if l.listed != l.at {
				l.listed, l.turn, moved = l.at, p.turn, true
			}
		}
		l.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b *place) int {
		return cmp.Or(cmp.Compare(a.turn, b.turn),
			cmp.Compare(a.listed.Session, b.listed.Session),
			cmp.Compare(a.listed.Partition, b.listed.Partition))
	})
	for len(all) > maxPlaces {
		all[0].dropped.Store(true)
		delete(p.known, all[0].key())
		all = all[1:]
	}
	list = slices.Clone(p.others)
	for _, l := range all {
		list = append(list, l.listed)
	}
	return list, moved
}

// wake has the saver save soon.
func (p *places) wake() {
	if !p.dirty.Load() && p.dirty.CompareAndSwap(false, true) {
		select {
		case p.news <- struct{}{}:
		default:
		}
	}
}

// saver saves what was acknowledged, at most once in each interval, until gone is closed.
func (p *places) saver(gone <-chan struct{}) {
	timer := time.NewTimer(p.ack.Every)
	defer timer.Stop()
	for {
		select {
		case <-p.news:
		case <-gone:
			return
		}
		p.save()
		timer.Reset(p.ack.Every)
		select {
		case <-timer.C:
		case <-gone:
			return
		}
	}
}
