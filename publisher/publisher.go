package publisher

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"

	"crier/multicast"
	"crier/multicast/memory"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/send"
)

// Publisher is one session: a stream of messages, or several, its partitions.
type Publisher struct {
	cfg  Config
	past past
	conn multicast.Conn
	loop *multicast.Loop

	// segmenter is conn if the kernel may cut large writes, or nil.
	segmenter multicast.Segmenter

	// announcers have locks of their own.
	announcers announcers

	// The loop's lock guards the fields from here to working.

	sender *send.Sender
	lanes  lanes
	// memory is the sender's resend buffer.
	memory   ringMemory
	machine  machine
	progress progress
	// earlier serves earlier sessions out of the log.
	earlier earlier
	// finished says that done is closed.
	finished bool
	// stopping says that no goroutine and no job may be started any more.
	stopping bool
	// owed is the number of repairs owed at the end.
	owed  uint64
	disk  *jobs
	news  news
	teams teams
	ahead ahead

	// working counts the Publisher's own goroutines, but not those of loop and news.
	working sync.WaitGroup

	// done is closed when the session has drained.
	done    chan struct{}
	closing sync.Once
	// stopped is closed just before the loop is closed.
	stopped chan struct{}
	// closed is the result of stop.
	closed error
}

// New opens the sockets and starts to announce a session. An error about the configuration is a
// *config.Error with the field's name and the reason. Other errors are the system's.
func New(cfg Config) (*Publisher, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	before, err := openPast(&cfg)
	if err != nil {
		return nil, err
	}
	var p *Publisher
	opened := make(chan struct{})
	// One socket, or one on each feed, sends all frames, and receives NACKs and STATUS at its own
	// port.
	conn, err := cfg.Link.Fan(multicast.SocketConfig{
		Interface: cfg.Interface, Group: cfg.Group, Logger: cfg.Logger,
		Changed: func(l multicast.Link) {
			if <-opened; p != nil {
				p.relink(l)
			}
		},
	}, cfg.Feeds)
	if err != nil {
		before.close()
		return nil, err
	}
	p, err = start(cfg, conn, before)
	close(opened)
	if err != nil {
		before.close()
		return nil, errors.Join(err, conn.Close())
	}
	return p, nil
}

func start(cfg Config, conn multicast.Conn, before past) (*Publisher, error) {
	if err := cfg.fitDatagram(conn.Stats().MTU); err != nil {
		return nil, err
	}
	if cfg.Session == 0 {
		cfg.Session = SessionID(randomID())
	}
	begin := time.Now()
	config, err := send.Config{
		Session: uint64(cfg.Session), Name: cfg.Name, Wall: begin.UnixNano(),
		Topic: cfg.Topic, Layout: cfg.layout, Controls: controls(conn),
		FirstOffset: cfg.FirstOffset, Prev: before.prev, Replay: cfg.Replay, Datagram: cfg.Datagram,
		BatchWait: cfg.BatchWait, Recorders: cfg.Recorders,
		Retention: cfg.Retention, Flow: cfg.Flow, Repair: cfg.Repair,
		Teams: cfg.Teams.config(),
	}.Complete()
	if err != nil {
		return nil, err
	}
	cfg.Retention, cfg.Flow, cfg.Repair = config.Retention, config.Flow, config.Repair
	cfg.Teams.take(config.Teams)
	p := &Publisher{
		cfg: cfg, past: before, conn: conn, done: make(chan struct{}),
		stopped: make(chan struct{}),
	}
	p.progress.made = make(chan struct{})
	p.news, p.teams = newNews(p), newTeams(p)
	if err := p.openDisk(&config); err != nil {
		return nil, err
	}
	defer func() {
		if p.loop == nil && p.disk != nil && !p.disk.kept.record {
			p.disk.kept.close()
		}
	}()
	var ok bool
	if p.segmenter, ok = conn.(multicast.Segmenter); ok {
		cut, uneven := p.segmenter.Segments()
		config.Cut, config.Uneven = cut && !uneven, cut && uneven
	}
	config.Seed = randomID()
	if p.memory, err = reserve(&config); err != nil {
		return nil, err
	}
	if p.sender, err = send.New(config); err != nil {
		return nil, err
	}
	p.lanes = newLanes(p.sender, config.Layout.Partitions)
	p.teams.restore(before.teams)
	memory.AdviseHuge(p.memory.frames.Bytes())
	timer, err := cfg.Link.Network.Timer()
	if err != nil {
		return nil, err
	}
	p.machine.p, p.machine.groups = p, cfg.layout.All(cfg.Topic)
	p.machine.taker, _ = conn.(multicast.Taker)
	p.ahead = newAhead(p.memory.frames.Bytes(), len(p.lanes.list))
	p.ahead.reach(0, 0)
	p.loop = multicast.NewLoop(multicast.LoopConfig{
		Machine: &p.machine, Out: conn, Timer: timer, Wait: cfg.Link.Wait, Start: begin,
		Logger: cfg.Logger, Full: p.sender.FullBatch, Spread: p.sender.Spread,
		LeaseClock: cfg.Link.GrantClock(),
	})
	p.announce()
	p.run()
	p.serveEarlier()
	return p, nil
}

// controls returns the addresses for NACKs on the feeds, or nil without feeds.
func controls(conn multicast.Conn) []netip.AddrPort {
	if fan, ok := conn.(*multicast.Fan); ok {
		return fan.LocalAddrs()
	}
	return nil
}

// run starts the goroutines.
func (p *Publisher) run() {
	p.working.Go(func() { p.ahead.run(p.stopped) })
	p.loop.Run()
	if p.cfg.Flow.Pace.IsZero() { // there are no events
		close(p.news.quiet)
	} else {
		go p.news.run()
	}
}

// dispatch hands on the sender's disk jobs and events, and wakes the line if the sender
// freed room. The caller holds the lock.
func (p *Publisher) dispatch() {
	if p.disk != nil && !p.stopping {
		p.disk.next()
	}
	if p.sender.HasMemberEvents() {
		p.news.wake()
	}
	p.teams.look()
	p.lanes.wakeFreed()
}

// randomID returns an id that is not 0.
func randomID() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint64(b[:]) | 1
}

// Session returns the session's id, which is never 0.
func (p *Publisher) Session() SessionID { return p.cfg.Session }

// Previous returns the session that this one continues, with its end as it was known: the zero
// Previous for none. With several partitions the end is that of the first.
func (p *Publisher) Previous() Previous { return p.past.in(0) }

// PreviousIn is Previous for a partition.
func (p *Publisher) PreviousIn(partition uint32) Previous { return p.past.in(partition) }

// LocalAddr returns the source of the datagrams, which is also the address for NACKs.
func (p *Publisher) LocalAddr() netip.AddrPort { return p.conn.LocalAddr() }

// Datagram returns the size of a full datagram, in bytes. It falls with the interface's
// MTU, and rises again up to the size at the start.
func (p *Publisher) Datagram() int {
	p.loop.Lock()
	defer p.loop.Unlock()
	return p.sender.Datagram()
}

// relink adapts to a change of the interface: it fits datagrams to the MTU, and announces
// the session at once if the interface is up.
func (p *Publisher) relink(l multicast.Link) {
	p.loop.Lock()
	now := reliable.Time(p.loop.Now())
	was, unfit := p.sender.Datagram(), uint64(0)
	if most := l.Datagram(); most > 0 {
		unfit = p.sender.SetDatagram(now, most)
	}
	if l.Up {
		p.sender.Announce(now)
	}
	is := p.sender.Datagram()
	p.loop.Settle()
	switch {
	case is < was:
		p.cfg.Logger.Warn("crier: the MTU of the interface fell: datagrams are smaller from now "+
			"on, and subscribers that miss frames that no longer fit lose them",
			"interface", p.cfg.Interface, "MTU", l.MTU,
			"datagram_size", is, "previous_size", was, "frames", unfit)
	case is > was:
		p.cfg.Logger.Warn("crier: the MTU of the interface rose: datagrams are larger again",
			"interface", p.cfg.Interface, "MTU", l.MTU, "datagram_size", is, "previous_size", was)
	}
}

// Publish accepts a message and returns its offset. A message may have up to 16 MiB, and
// is accepted whole or not at all. Publish copies the payload, which the caller may reuse.
//
// The resend buffer is full while it holds only messages that the kernel, or subscribers
// whose pace counts, have yet to take. Then Publish waits until there is room or ctx ends,
// first come, first served. With WhenFull Drop, it drops the message instead, and returns
// its offset and ErrDropped.
//
// With several partitions, messages take turns, as many as fit in a datagram at a time, and
// the offset is one of a partition that only Send tells.
//
// The error is ErrDropped, ErrClosed, a *TooLargeError, or the error of ctx.
func (p *Publisher) Publish(ctx context.Context, payload []byte) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if p.loop.Enter() {
		// The message joins an open frame, which another goroutine sends.
		if offset, ok := p.lanes.stream.Append(payload); ok {
			p.loop.Unlock()
			return offset, nil
		}
	}
	p.loop.Tick()
	place, err := p.publish(ctx, p.lanes.turns(), &Message{Payload: payload})
	return place.Offset, err
}

// PublishBatch accepts messages with consecutive offsets, and returns the first offset. It
// accepts all of them or, with an error, none. It waits for room as Publish does, and
// copies the payloads. It returns a *BatchTooLargeError if the resend buffer is too small
// for the batch.
func (p *Publisher) PublishBatch(ctx context.Context, payloads [][]byte) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p.loop.Lock()
	at := p.lanes.turns()
	for w := (*waiter)(nil); ; {
		// A batch goes to one partition, and the next to another.
		to, _, err := p.turn(at, w, frame.MaxMessage)
		if err == nil {
			var first uint64
			first, err = to.stream.PublishBatch(reliable.Time(p.loop.Now()), payloads)
			if err != reliable.ErrFull {
				p.lanes.leave(at, w)
				p.loop.SettleSoon(len(payloads))
				return first, err
			}
		}
		if w, err = p.stand(ctx, at, w); err != nil {
			p.loop.Unlock()
			return 0, err
		}
	}
}

// TryPublish is like Publish, but returns ErrFull instead of waiting. Its other errors are
// ErrClosed and *TooLargeError.
func (p *Publisher) TryPublish(payload []byte) (uint64, error) {
	if p.loop.Enter() {
		if offset, ok := p.lanes.stream.Append(payload); ok {
			p.loop.Unlock()
			return offset, nil
		}
	}
	p.loop.Tick()
	place, err := p.tryPublish(p.lanes.turns(), &Message{Payload: payload})
	return place.Offset, err
}

// await waits until ready yields, ctx ends, or the Publisher is closed. The caller holds the
// lock, but await gives it up while it waits.
func (p *Publisher) await(ctx context.Context, ready <-chan struct{}) error {
	p.loop.SettleNow()
	var err error
	select {
	case <-ready:
	case <-ctx.Done():
		err = ctx.Err()
	case <-p.stopped:
		err = ErrClosed
	}
	p.loop.Lock()
	return err
}
