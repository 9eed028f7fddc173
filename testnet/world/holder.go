package world

import (
	"fmt"
	"net/netip"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/repair"
	"crier/reliable/store"
	"crier/testnet/link"
)

// HolderConfig configures a simulated holder: a subscriber that keeps the frames of one
// session, and repeats them for others under an id of its own.
type HolderConfig struct {
	// Subscriber configures its receiving half. Name is required.
	Subscriber SubscriberConfig
	// Session is the session that it keeps.
	Session reliable.SessionID
	// Frames bounds the frames that it keeps, about.
	Frames int
	// Datagram is the largest datagram that it sends, in bytes; 0 means 1,472.
	Datagram int
	// Link says how the ways between it and each subscriber behave.
	Link link.Config
}

// Holder is a process that holds frames of a session, with holes, and is not its
// publisher: a receive.Receiver that fills store.Histories, and a repair.Holder over it.
type Holder struct {
	*Subscriber
	history *store.Histories
	m       *repair.Holder
	id      uint64
	addr    netip.AddrPort
	cfg     HolderConfig
	index   int
	to      []*link.Link // by subscriber
	from    []*link.Link
	armed   reliable.Time
	repairs uint64 // sent
}

// AddHolder adds a holder.
func (w *World) AddHolder(cfg HolderConfig) (*Holder, error) {
	if err := cfg.Link.Validate(); err != nil {
		return nil, fmt.Errorf("%w (the ways to %s)", err, cfg.Subscriber.Name)
	}
	if cfg.Datagram == 0 {
		cfg.Datagram = reliable.DefaultDatagram
	}
	h := &Holder{
		history: store.NewHistories(cfg.Frames * reliable.DefaultDatagram),
		cfg:     cfg, index: len(w.holders),
		armed: reliable.Never,
		addr:  hostAddr(holderNet, len(w.holders), firstPort),
		id:    w.id(holderNet, len(w.holders), 0),
	}
	h.m = repair.NewHolder(repair.Config{
		Session: uint64(cfg.Session), Responder: h.id, Datagram: cfg.Datagram,
		Marks: uint64(cfg.Frames),
	}, h.history.History(uint64(cfg.Session), 0))
	cfg.Subscriber.Receiver.Tape = h
	s, err := w.AddSubscriber(cfg.Subscriber)
	if err != nil {
		return nil, err
	}
	h.Subscriber = s
	w.holders = append(w.holders, h)
	return h, nil
}

// Frame takes a frame that its receiving half has passed.
func (h *Holder) Frame(session uint64, channel uint32, f *frame.Frame) {
	if session == uint64(h.cfg.Session) {
		h.history.Keep(session, channel, f)
	}
}

// Title, Hole and End take what Histories don't keep.
func (h *Holder) Title(uint64, uint32, *reliable.Title)                   {}
func (h *Holder) Hole(uint64, uint32, nack.Range, reliable.Cause)         {}
func (h *Holder) End(session uint64, channel uint32, end receive.TapeEnd) {}

// Full returns false: Histories have room. It is no log.
func (h *Holder) Full() bool { return false }
func (h *Holder) Recorded(uint64, uint32) (receive.Recorded, bool) {
	return receive.Recorded{}, false
}

// As returns the holder as receivers know it.
func (h *Holder) As() receive.Holder { return receive.Holder{ID: h.id, Addr: h.addr} }

// Repairs returns how many REPAIR frames it has sent.
func (h *Holder) Repairs() uint64 { return h.repairs }

// Lacks returns how many frames between the lowest and the highest that it holds it lacks.
func (h *Holder) Lacks() (n uint64) {
	kept := h.history.History(uint64(h.cfg.Session), 0)
	held := kept.Held()
	for seq := held.From; seq < held.To; seq++ {
		if kept.Look(seq) == store.Absent {
			n++
		}
	}
	return n
}

// way returns the link between the holder and a subscriber, one way.
func (h *Holder) way(links *[]*link.Link, s *Subscriber, back uint64) *link.Link {
	for len(*links) <= s.index {
		*links = append(*links, nil)
	}
	if (*links)[s.index] == nil {
		l := new(link.Link)
		l.Init(h.cfg.Link, h.w.id(holderNet, h.index, 1)^s.key()<<1^back)
		(*links)[s.index] = l
	}
	return (*links)[s.index]
}

// ask carries a subscriber's datagram to the holder.
func (h *Holder) ask(s *Subscriber, pkt *Datagram) {
	h.carry(h.way(&h.from, s, 0), s, h, pkt, func(pkt *Datagram) {
		if h.state == running && !h.asleep.on && pkt.err == nil {
			h.m.Handle(h.w.now, pkt.From, pkt.Frame)
			h.serve()
		}
	})
}

// carry sends a packet over a link.
func (h *Holder) carry(l *link.Link, from, to fmt.Stringer, pkt *Datagram, land func(*Datagram)) {
	w, out := h.w, &h.w.outcome
	l.SendTo(int64(w.now), len(pkt.frame.Raw)+headerBytes, out)
	if w.cfg.Trace != nil {
		w.traceSend(from, to, pkt, out)
	}
	for _, a := range out.Arrivals() {
		came := pkt
		if a.Corrupt {
			came = w.damaged(pkt, l)
		}
		w.At(reliable.Time(a.At), func() { land(came) })
	}
}

// serve sends the holder's frames that are due, and arms its timer.
func (h *Holder) serve() {
	w := h.w
	if h.state != running {
		return
	}
	h.m.Advance(w.now)
	for b, ok := h.m.Next(w.now); ok; b, ok = h.m.Next(w.now) {
		for i := range b.Datagrams() {
			h.emit(b.To, b.Datagram(i))
		}
		h.m.Sent(b)
	}
	if at := h.m.Deadline(w.now); at < h.armed || h.armed <= w.now {
		if h.armed = at; at != reliable.Never {
			w.At(max(at, w.now+1), h.serve)
		}
	}
}

// emit puts a datagram of the holder's on the network: to one subscriber, or to all.
func (h *Holder) emit(to netip.AddrPort, data []byte) {
	w := h.w
	pkt := w.newPacket(data)
	pkt.From, pkt.To, pkt.Holder = h.addr, to, h
	pkt.Session = w.Session(h.cfg.Session, 0)
	w.stats.Sent++
	if pkt.err != nil {
		w.fail("%v sends what doesn't decode: %v", h, pkt.err)
		return
	}
	if pkt.Frame.Kind == frame.Repair {
		h.repairs++
	}
	for _, s := range w.subs {
		if s != h.Subscriber && s.state == running && (!to.IsValid() || s.addr == to) {
			h.carry(h.way(&h.to, s, 1), h, s, pkt, s.arrive)
		}
	}
}

// holderAt returns the holder at an address, or nil.
func (w *World) holderAt(a netip.AddrPort) *Holder {
	for _, h := range w.holders {
		if h.addr == a {
			return h
		}
	}
	return nil
}
