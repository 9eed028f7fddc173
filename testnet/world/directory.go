package world

import (
	"fmt"
	"net/netip"

	"crier/reliable"
	"crier/reliable/directory"
	"crier/reliable/frame"
	"crier/reliable/topic"
	"crier/testnet/link"
)

// The directory: processes that announce topics, and those that list them. They hear one group of
// their own, and are asked and answered by unicast. What a publisher of a topic says there is the
// same whether it has messages or not, so that those that announce need no Publisher.

// directoryPlace is the first byte of the addresses of the directory's processes.
const directoryPlace = 20

// directoryNet stands for them where ids are made.
const directoryNet = 7

// EntryConfig configures a process that announces a topic.
type EntryConfig struct {
	Name   string
	At     reliable.Time // when it starts
	Topic  string
	Layout topic.Layout
	Link   link.Config // the way to it

	Wrap func(Speaker) Speaker // tampers with the machine, in tests of the checker
}

// ListerConfig configures a process that lists the topics that match a pattern.
type ListerConfig struct {
	Name    string
	At      reliable.Time // when it starts, and asks
	Pattern topic.Pattern
	Link    link.Config // the way to it
}

// Speaker is a machine of the directory.
type Speaker interface {
	Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame)
	Advance(now reliable.Time)
	Deadline() reliable.Time
	Next(now reliable.Time) (reliable.Batch, bool)
	Sent(b reliable.Batch)
}

// resident is a process of the directory.
type resident struct {
	w     *World
	name  string
	index int
	addr  netip.AddrPort
	state nodeState
	m     Speaker
	way   link.Link // to it
	armed reliable.Time
	after func() // what to do once it has done what is due
}

// Entry is a process that announces a topic.
type Entry struct {
	*resident
	cfg       EntryConfig
	announcer *directory.Announcer
}

// Lister is a process that lists topics.
type Lister struct {
	*resident
	cfg      ListerConfig
	listener *directory.Listener
	listed   []reliable.Time
	events   [16]directory.Event
}

// AddEntry adds a process that announces a topic.
func (w *World) AddEntry(cfg EntryConfig) (*Entry, error) {
	e := &Entry{cfg: cfg}
	var err error
	if e.resident, err = w.reside(cfg.Name, cfg.Link); err != nil {
		return nil, err
	}
	layout, err := cfg.Layout.Complete()
	if err != nil {
		return nil, err
	}
	if err := topic.Check(cfg.Topic); err != nil {
		return nil, err
	}
	w.entries = append(w.entries, e)
	w.At(cfg.At, func() {
		e.announcer, err = directory.NewAnnouncer(directory.AnnouncerConfig{
			Session: w.id(directoryNet, e.index, 0), Seed: w.id(directoryNet, e.index, 1),
			Start: w.now, Wall: WallStart + int64(w.now), Topic: cfg.Topic, Layout: layout,
			Publisher: cfg.Name, Control: e.addr,
		})
		if err != nil {
			w.fail("%s doesn't announce: %v", cfg.Name, err)
			return
		}
		var m Speaker = e.announcer
		if cfg.Wrap != nil {
			m = cfg.Wrap(m)
		}
		e.begin(m)
	})
	return e, nil
}

// AddLister adds a process that lists topics.
func (w *World) AddLister(cfg ListerConfig) (*Lister, error) {
	l := &Lister{cfg: cfg}
	var err error
	if l.resident, err = w.reside(cfg.Name, cfg.Link); err != nil {
		return nil, err
	}
	w.listers = append(w.listers, l)
	w.At(cfg.At, func() {
		l.listener, err = directory.NewListener(directory.ListenerConfig{
			ID: w.id(directoryNet, l.index, 0), Seed: w.id(directoryNet, l.index, 1),
			Start: w.now, Pattern: cfg.Pattern, Spread: listSpread, Events: true,
		})
		if err != nil {
			w.fail("%s doesn't list: %v", cfg.Name, err)
			return
		}
		l.after = l.poll
		l.begin(l.listener)
	})
	return l, nil
}

// listSpread is the time over which answers are to spread.
const listSpread = 1e9

// reside adds a process of the directory.
func (w *World) reside(name string, way link.Config) (*resident, error) {
	if len(w.residents) == maxNodes {
		return nil, fmt.Errorf("testnet: a World's directory has at most %d processes", maxNodes)
	}
	if err := way.Validate(); err != nil {
		return nil, fmt.Errorf("%w (the way to %s)", err, name)
	}
	r := &resident{w: w, name: name, index: len(w.residents), armed: reliable.Never}
	r.addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{directoryPlace, 0, byte(r.index >> 8),
		byte(r.index)}), firstPort)
	r.way.Init(way, link.Seed(w.cfg.Seed, directoryNet<<32|uint64(r.index), 1))
	w.residents = append(w.residents, r)
	return r, nil
}

// begin starts the process.
func (r *resident) begin(m Speaker) {
	r.m, r.state = m, running
	r.w.trace("start %s", r.name)
	r.settle()
}

// Running reports whether the process runs.
func (r *resident) Running() bool { return r.state == running }

// String returns the process's name.
func (r *resident) String() string { return r.name }

// Crash ends the process at once.
func (r *resident) Crash() {
	if r.state == running {
		r.w.trace("crash %s", r.name)
		r.state = gone
	}
}

// Close ends the process as one that says that its topic ends.
func (e *Entry) Close() {
	if e.state == running {
		e.w.trace("close %s", e.name)
		e.announcer.Close(e.w.now)
		e.settle()
		e.state = gone
	}
}

// settle does all that is due, and arms the timer.
func (r *resident) settle() {
	w := r.w
	for rounds := 0; w.err == nil; rounds++ {
		r.m.Advance(w.now)
		for b, ok := r.m.Next(w.now); ok; b, ok = r.m.Next(w.now) {
			for i := range b.Datagrams() {
				r.emit(b.To, b.Datagram(i))
			}
			r.m.Sent(b)
		}
		at := r.m.Deadline()
		if at > w.now {
			if at < r.armed {
				r.armed = at
				w.push(at, eventDirectoryTimer, uint32(r.index), nil)
			}
			break
		}
		if rounds == maxRounds {
			w.fail("%s doesn't come to rest: its deadline stays at %v", r.name, Stamp(at))
			return
		}
	}
	if r.after != nil {
		r.after()
	}
}

// timer lets the machine go on at its deadline.
func (r *resident) timer() {
	if r.state != running || r.armed != r.w.now {
		return // an older timer
	}
	r.armed = reliable.Never
	r.settle()
}

// arrive takes a packet.
func (r *resident) arrive(pkt *Datagram) {
	if r.state != running {
		r.w.stats.Nowhere++
		return
	}
	r.w.stats.Delivered++
	if pkt.err != nil {
		r.w.stats.Damaged++
		return
	}
	r.m.Handle(r.w.now, pkt.From, &pkt.frame)
	r.settle()
}

// emit puts a datagram on the network: to one process, or to all others of the directory.
func (r *resident) emit(to netip.AddrPort, data []byte) {
	w := r.w
	pkt := w.newPacket(data)
	pkt.From, pkt.To, pkt.Group = r.addr, to, topic.Directory
	w.stats.Sent++
	if pkt.err != nil {
		w.fail("%s sends what doesn't decode: %v", r.name, pkt.err)
		return
	}
	w.observeDirectory(pkt)
	if to.IsValid() {
		if b := to.Addr().As4(); b[0] == directoryPlace {
			if n := int(b[2])<<8 | int(b[3]); n < len(w.residents) {
				r.carry(w.residents[n], pkt)
				return
			}
		}
		w.stats.Nowhere++
		return
	}
	for _, other := range w.residents {
		if other != r && other.state == running {
			r.carry(other, pkt)
		}
	}
}

// carry sends a packet over the way to a process.
func (r *resident) carry(to *resident, pkt *Datagram) {
	w, out := r.w, &r.w.outcome
	to.way.SendTo(int64(w.now), len(pkt.frame.Raw)+headerBytes, out)
	if w.cfg.Trace != nil {
		w.traceSend(r, to, pkt, out)
	}
	for _, a := range out.Arrivals() {
		came := pkt
		if a.Corrupt {
			came = w.damaged(pkt, &to.way)
		}
		w.push(reliable.Time(a.At), eventDirectory, uint32(to.index), came)
	}
}

// poll notes when topics were listed.
func (l *Lister) poll() {
	for n := l.listener.Poll(l.events[:]); n > 0; n = l.listener.Poll(l.events[:]) {
		for i := range l.events[:n] {
			if !l.events[i].Gone {
				l.listed = append(l.listed, l.w.now)
			}
		}
	}
}

// Config returns the process's configuration.
func (l *Lister) Config() ListerConfig { return l.cfg }

// Config returns the process's configuration.
func (e *Entry) Config() EntryConfig { return e.cfg }

// Listed returns how many publishers were listed up to a time.
func (l *Lister) Listed(by reliable.Time) (n int) {
	for _, at := range l.listed {
		if at <= by {
			n++
		}
	}
	return n
}

// ListedAt returns when the n-th publisher was listed; Never if there are fewer.
func (l *Lister) ListedAt(n int) reliable.Time {
	if n < 1 || n > len(l.listed) {
		return reliable.Never
	}
	return l.listed[n-1]
}

// Entries returns the processes that announce, in the order in which they were added.
func (w *World) Entries() []*Entry { return w.entries }

// Listers returns the processes that list topics.
func (w *World) Listers() []*Lister { return w.listers }

func (w *World) observeDirectory(d *Datagram) {
	for _, o := range w.observers {
		if o.Directory != nil {
			o.Directory(d)
		}
	}
}
