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

// Publisher is one session on one group.
type Publisher struct {
	cfg  Config
	conn multicast.Conn
	loop *multicast.Loop

	segmenter multicast.Segmenter // the conn, where the kernel may cut large writes

	// Guarded by the loop's lock.
	sender   *send.Sender
	memory   ringMemory // the sender's
	machine  machine
	line     line          // goroutines that wait for room
	waiting  int           // goroutines that wait until something was sent
	untaken  int           // of these, goroutines that wait until messages are taken
	progress chan struct{} // closed when it was
	finished bool
	freed    uint64 // what the sender counted when the line was last told
	stopping bool   // no more work is taken
	owed     uint64 // repairs, when it stopped
	work     worker
	ahead    ahead
	working  sync.WaitGroup // goroutines besides the loop's

	done    chan struct{} // closed when the session has drained
	closing sync.Once
	stopped chan struct{} // closed when the loop is about to be
	closed  error
}

// stuckAfter is how long a socket may take nothing before Close gives up what it
// has not sent.
const stuckAfter = 30 * time.Second

// New opens the sockets and begins a session: from now on it is announced.
func New(cfg Config) (*Publisher, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	var p *Publisher
	opened := make(chan struct{})
	// One socket sends all frames and receives NACKs and STATUS: its port is the control address.
	conn, err := cfg.Link.Socket(multicast.SocketConfig{
		Interface: cfg.Interface, Group: cfg.Group, Logger: cfg.Logger,
		Changed: func(l multicast.Link) {
			if <-opened; p != nil {
				p.relink(l)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	p, err = start(cfg, conn)
	close(opened)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return p, nil
}

func start(cfg Config, conn multicast.Conn) (*Publisher, error) {
	if err := cfg.fitDatagram(conn.Stats().MTU); err != nil {
		return nil, err
	}
	if cfg.Session == 0 {
		cfg.Session = SessionID(randomID())
	}
	begin := time.Now()
	config, err := send.Config{
		Session: uint64(cfg.Session), Name: cfg.Name, Wall: begin.UnixNano(),
		FirstOffset: cfg.FirstOffset, Datagram: cfg.Datagram, BatchWait: cfg.BatchWait,
		Retention: cfg.Retention, Flow: cfg.Flow, Repair: cfg.Repair,
	}.Complete()
	if err != nil {
		return nil, err
	}
	cfg.Retention, cfg.Flow, cfg.Repair = config.Retention, config.Flow, config.Repair
	var disk *spill
	if cfg.Retention.Disk > 0 {
		if disk, err = openSpill(cfg.Retention.Dir, cfg.Session, frame.DataSize(cfg.Datagram), cfg.Retention.Disk); err != nil {
			return nil, err
		}
		if cfg.openFile != nil {
			disk.open = cfg.openFile
		}
		config.Retention.Disk = disk.room(cfg.Retention.Disk)
	}
	segmenter, ok := conn.(multicast.Segmenter)
	if ok {
		cut, uneven := segmenter.Segments()
		config.Cut, config.Uneven = cut && !uneven, cut && uneven
		config.Seed = randomID()
	}
	ring, err := reserve(&config)
	if err != nil {
		return nil, err
	}
	sender, err := send.New(config)
	if err != nil {
		return nil, err
	}
	memory.AdviseHuge(sender.Memory())
	timer, err := cfg.Link.Network.Timer()
	if err != nil {
		return nil, err
	}
	p := &Publisher{
		work: newWorker(disk),
		cfg:  cfg, conn: conn, segmenter: segmenter, sender: sender, memory: ring,
		progress: make(chan struct{}), done: make(chan struct{}), stopped: make(chan struct{}),
	}
	p.machine.p = p
	p.machine.taker, _ = conn.(multicast.Taker)
	p.ahead = newAhead(sender.Memory())
	p.ahead.reach(0)
	p.working.Go(func() { p.ahead.run(p.stopped) })
	p.loop = multicast.NewLoop(multicast.LoopConfig{
		Machine: &p.machine, Out: conn, Timer: timer, Wait: cfg.Link.Wait, Start: begin, Logger: cfg.Logger,
		Full: sender.FullBatch,
	})
	p.loop.Run()
	p.startWork()
	return p, nil
}

// tellOffload says that the offload does damage, and what to do.
func (p *Publisher) tellOffload() {
	p.cfg.Logger.Warn("crier: subscribers got none of the datagrams that the kernel or the network card "+
		"cut out of large writes, and those that were sent one by one: "+
		"all are from now on, which takes more processor time",
		"interface", p.cfg.Interface,
		"do", "update the kernel of this host, or of the one that runs it "+
			"(Linux 7.0.0 to 7.1.4 damages them, for some network cards); or switch it off, "+
			"by tx-udp-segmentation off in ethtool -K, or NoOffload (crier pub --offload off)")
}

// randomID returns an id that is not 0.
func randomID() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint64(b[:]) | 1
}

// Session returns the session's id, which is never 0.
func (p *Publisher) Session() SessionID { return p.cfg.Session }

// LocalAddr returns where datagrams come from and NACKs go.
func (p *Publisher) LocalAddr() netip.AddrPort { return p.conn.LocalAddr() }

// Datagram returns the size of a full datagram, in bytes. It follows the interface's
// MTU, up to what it was at first.
func (p *Publisher) Datagram() int {
	p.loop.Lock()
	defer p.loop.Unlock()
	return p.sender.Datagram()
}

// relink takes in how the socket stands with its interface: datagrams follow the MTU, and
// who waits to hear of the session hears at once.
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
		p.cfg.Logger.Warn("crier: the MTU of the interface fell: datagrams are smaller from now on, and frames that no longer fit are lost for who misses them",
			"interface", p.cfg.Interface, "MTU", l.MTU, "datagram", is, "was", was, "frames", unfit)
	case is > was:
		p.cfg.Logger.Warn("crier: the MTU of the interface rose: datagrams are larger again",
			"interface", p.cfg.Interface, "MTU", l.MTU, "datagram", is, "was", was)
	}
}

// Publish accepts a message and returns its offset. The payload is copied and
// may be reused at once. While the resend buffer is full of messages that are
// not with the kernel yet, or that subscribers whose pace counts have yet to take,
// it waits until ctx ends, and those who came first go first; with WhenFull Drop it
// drops the message and returns its offset and ErrDropped. A message of up to 16 MiB is
// accepted whole or not at all.
// The error is ErrDropped, ErrClosed, a *TooLargeError, or that of ctx.
func (p *Publisher) Publish(ctx context.Context, payload []byte) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if p.loop.Enter() {
		// A message that goes with others into an open frame, which someone sends.
		if offset, ok := p.sender.Append(payload); ok {
			p.loop.Unlock()
			return offset, nil
		}
	}
	p.loop.Tick()
	for w := (*waiter)(nil); ; {
		if p.line.free(w) {
			offset, err := p.sender.Publish(reliable.Time(p.loop.Now()), payload)
			if err != reliable.ErrFull {
				p.line.leave(w)
				p.loop.SettleSoon(1)
				return offset, err
			}
		}
		var err error
		if w, err = p.stand(ctx, w); err != nil {
			p.loop.Unlock()
			return 0, err
		}
	}
}

// PublishBatch accepts messages, which get consecutive offsets, and returns the
// first one's. It takes all of them or, with an error, none, as Publish does with
// one. The resend buffer must have room for all at once: a batch that is too large
// for it is refused with a *BatchTooLargeError. The payloads are copied.
func (p *Publisher) PublishBatch(ctx context.Context, payloads [][]byte) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p.loop.Lock()
	for w := (*waiter)(nil); ; {
		if p.line.free(w) {
			first, err := p.sender.PublishBatch(reliable.Time(p.loop.Now()), payloads)
			if err != reliable.ErrFull {
				p.line.leave(w)
				p.loop.SettleSoon(len(payloads))
				return first, err
			}
		}
		var err error
		if w, err = p.stand(ctx, w); err != nil {
			p.loop.Unlock()
			return 0, err
		}
	}
}

// TryPublish is Publish that returns ErrFull where that would wait. Its other errors
// are ErrClosed and *TooLargeError.
func (p *Publisher) TryPublish(payload []byte) (uint64, error) {
	if p.loop.Enter() {
		if offset, ok := p.sender.Append(payload); ok {
			p.loop.Unlock()
			return offset, nil
		}
	}
	p.loop.Tick()
	if !p.line.free(nil) {
		p.loop.SettleSoon(1)
		return 0, ErrFull
	}
	offset, err := p.sender.Publish(reliable.Time(p.loop.Now()), payload)
	p.loop.SettleSoon(1)
	return offset, err
}

// Flush returns when all messages that were accepted before are with the
// kernel, or ctx ends. It returns ErrClosed if the Publisher was closed without
// sending them.
func (p *Publisher) Flush(ctx context.Context) error {
	p.loop.Lock()
	p.sender.Flush()
	target := p.sender.Stats().NextOffset
	p.loop.SettleNow()
	p.loop.Lock()
	defer p.loop.Unlock()
	for p.sender.FlushedOffset() < target {
		if err := p.wait(ctx); err != nil {
			if p.sender.FlushedOffset() >= target {
				return nil // it came to that at the same time
			}
			return err
		}
	}
	return nil
}

// Sent returns the offset of the first message that is not yet whole with the
// kernel: all before it were sent.
func (p *Publisher) Sent() uint64 {
	p.loop.Lock()
	defer p.loop.Unlock()
	return p.sender.FlushedOffset()
}

// WaitTaken returns when the subscribers whose pace counts have taken all messages that
// were accepted before, or ctx ends. What a subscriber has taken is what its position
// says, which it reports about twice a second in small groups: with Overload block, what
// its application has taken, or up to 64 datagrams more that Messages is handing out; else,
// what has come. A subscriber that is evicted from the count, or leaves, is not waited for,
// and where none counts WaitTaken returns at once: see WaitFor. It returns ErrNobodyCounts
// if nobody's pace counts by the configuration, and ErrClosed if the Publisher is closed
// first.
func (p *Publisher) WaitTaken(ctx context.Context) error {
	if p.cfg.Flow.Pace.IsZero() {
		return ErrNobodyCounts
	}
	p.loop.Lock()
	target := p.sender.Frontier()
	p.sender.Flush()
	p.loop.SettleNow()
	p.loop.Lock()
	defer p.loop.Unlock()
	p.untaken++
	defer func() { p.untaken-- }()
	for !p.sender.Taken(target) {
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// notifyTaken wakes those that wait until messages are taken, after something was heard
// or time has passed. The caller holds the lock.
func (p *Publisher) notifyTaken() {
	if p.untaken > 0 {
		p.notify()
	}
}

// wait gives the lock back until a batch was sent, ctx ends, or the Publisher is
// closed. The lock is held again when it returns.
func (p *Publisher) wait(ctx context.Context) error {
	p.waiting++
	progress := p.progress
	p.loop.SettleNow()
	var err error
	select {
	case <-progress:
	case <-ctx.Done():
		err = ctx.Err()
	case <-p.stopped:
		err = ErrClosed
	}
	p.loop.Lock()
	p.waiting--
	return err
}

// notify wakes those that wait until something was sent.
func (p *Publisher) notify() {
	close(p.progress)
	p.progress = make(chan struct{})
}

// Close ends the session: what was accepted is sent, BYE is said, and missing
// messages are repaired until Repair.Linger has passed without a request, 30
// seconds at the most. Publish returns ErrClosed from now on. No goroutine is
// left when Close returns, to any of several callers, but for a call of OnSubscriber
// that is under way; none begins after it. It returns an error if
// accepted messages were not sent, since the socket took nothing for 30 seconds.
func (p *Publisher) Close() error { return p.Shutdown(context.Background()) }

// Shutdown is Close that stops sending and repairing when ctx ends. It returns an
// error if accepted messages were not sent by then, and nil if it only was
// repairs that it cut short: Stats.Owed and Stats.Asking tell. The end of one caller's
// ctx ends the session for all callers.
func (p *Publisher) Shutdown(ctx context.Context) error {
	p.loop.Lock()
	p.sender.Close(reliable.Time(p.loop.Now()))
	p.line.wake() // who waits to publish need not wait any longer
	p.loop.SettleNow()
	p.drain(ctx)
	p.closing.Do(func() { p.closed = p.stop() })
	return p.closed
}

// drain returns when the session has drained, ctx ends, or the socket is stuck.
func (p *Publisher) drain(ctx context.Context) {
	timer := time.NewTimer(stuckAfter)
	defer timer.Stop()
	for sent := p.taken(); ; {
		select {
		case <-p.done:
			return
		case <-p.stopped:
			return
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		// BYE goes out many times in this time, unless nothing does.
		now := p.taken()
		if now == sent {
			return
		}
		sent = now
		timer.Reset(stuckAfter)
	}
}

// taken returns how many datagrams the socket has taken, or refused.
func (p *Publisher) taken() uint64 {
	st := p.conn.Stats()
	return st.Sent + st.SendErrors
}

// stop closes the loop and says what it leaves unsent.
func (p *Publisher) stop() error {
	close(p.stopped)
	p.loop.Lock()
	p.stopping = true
	p.sender.Stop(reliable.Time(p.loop.Now()))
	p.loop.Unlock()
	p.endWork()
	err := p.loop.Close()
	p.loop.Lock()
	defer p.loop.Unlock()
	p.owed = p.sender.Owed()
	p.memory.frames.Discard() // nothing more is sent, nor read
	if first, next := p.sender.FlushedOffset(), p.sender.Stats().NextOffset; first < next {
		return errors.Join(&UnsentError{first, next}, err)
	}
	return err
}
