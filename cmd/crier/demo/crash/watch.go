package crash

import (
	"sort"
	"time"

	"crier/cmd/crier/events"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// watch follows an arm in a World: who got which frame, from whom and when.
type watch struct {
	w       *world.World
	pub     *world.Publisher
	nodes   []*node // subscribers, then recorders
	frames  []frames
	names   map[uint64]string // of those that repeat, by their ids
	latency latencies
	cost    cost
	segment *world.Segment
	crashed reliable.Time // Never until then
}

// frames are the offsets of a DATA frame.
type frames struct{ from, to uint64 }

// node is a process that hears the producer.
type node struct {
	name     string
	sub      *world.Subscriber
	recorder bool
	from     []string // by sequence number: who it came from first; "" for nobody
	again    []bool   // by sequence number: it came as a repair
	member   *member
}

// producer is the name of the publisher.
const producer = "producer"

func (w *watch) observer() world.Observer {
	return world.Observer{Sent: w.sent, Handled: w.handled, Told: w.told}
}

// sent notes the producer's frames, and what all this costs.
func (w *watch) sent(d *world.Datagram) {
	if w.crashed == reliable.Never {
		w.cost.Datagrams++
		w.cost.Bytes += uint64(len(d.Data))
	}
	if f := d.Frame; f.Kind == frame.Data && d.Subscriber == nil {
		w.frames = append(w.frames, frames{f.Offset, f.EndOffset()})
	}
}

// handled notes who a frame came from.
func (w *watch) handled(d *world.Datagram, sub *world.Subscriber) {
	n, f := w.node(sub), d.Frame
	if n == nil {
		return
	}
	by, again := producer, false
	if f.Kind == frame.Repair {
		if f.Responder != uint64(d.Session.ID) {
			by = w.names[f.Responder]
		}
		f, again = f.Data, true
	}
	if f == nil || f.Kind != frame.Data {
		return
	}
	for uint64(len(n.from)) <= f.Seq {
		n.from, n.again = append(n.from, ""), append(n.again, false)
	}
	if n.from[f.Seq] == "" {
		n.from[f.Seq], n.again[f.Seq] = by, again
	}
}

func (w *watch) node(sub *world.Subscriber) *node {
	for _, n := range w.nodes {
		if n.sub == sub {
			return n
		}
	}
	return nil
}

// told notes what the application of a subscriber is told.
func (w *watch) told(sub *world.Subscriber, ev *reliable.Event) {
	n := w.node(sub)
	if n == nil || n.member == nil {
		return
	}
	m, now := n.member, w.w.Now()
	switch ev.Kind {
	case reliable.Message:
		m.Delivered++
		for uint64(len(m.fates)) <= ev.Offset {
			m.fates, m.at = append(m.fates, lost), append(m.at, 0)
		}
		m.fates[ev.Offset] = direct // or another, once all is over
		m.at[ev.Offset] = time.Duration(now)
		if w.crashed == reliable.Never {
			m.AtCrash++
			w.latency.record(ev.Offset, now.Sub(w.pub.Session().AcceptedAt(ev.Offset)))
		}
	case reliable.Loss:
		m.Named += ev.Lost.Len()
		m.named = append(m.named, time.Duration(now))
	case reliable.SessionSilent, reliable.SessionAmended:
		if ev.Kind == reliable.SessionSilent {
			m.Done, m.End = now.Sub(w.crashed), ev.Kind.String()
		}
		m.Certificate = events.CertificateOf(ev.Certificate)
	}
}

// finish finds the way of each message to each subscriber, and the reasons of what is lost.
func (w *watch) finish(a *arm) {
	truth := w.pub.Session()
	a.Accepted, a.Sent = truth.NextOffset(), truth.SentOffset()
	a.reach(func(o uint64) []string { return w.reached(o, a) }, len(w.nodes))
	for _, n := range w.nodes {
		if m := n.member; m != nil {
			w.ways(n, m, a)
			m.lose(a, a.why)
			a.Subscribers = append(a.Subscribers, m)
		}
	}
	w.latency.put(&w.cost)
	a.Cost = w.cost
	a.finish()
}

// reached returns the names of those that got a message from the producer.
func (w *watch) reached(offset uint64, a *arm) (list []string) {
	for _, n := range w.nodes {
		if offset < a.Sent && w.got(n, offset) {
			list = append(list, n.name)
		}
	}
	return list
}

// got reports whether all of a message came from the producer.
func (w *watch) got(n *node, offset uint64) bool {
	from, to := w.span(offset)
	for seq := from; seq < to; seq++ {
		if seq >= len(n.from) || n.from[seq] != producer {
			return false
		}
	}
	return from < to
}

// span returns the sequence numbers of the frames that have a part of a message.
func (w *watch) span(offset uint64) (from, to int) {
	from = sort.Search(len(w.frames), func(i int) bool { return w.frames[i].to > offset })
	to = sort.Search(len(w.frames), func(i int) bool { return w.frames[i].from > offset })
	return from, to
}

// ways finds how each message came that was delivered.
func (w *watch) ways(n *node, m *member, a *arm) {
	for uint64(len(m.fates)) < a.Accepted {
		m.fates, m.at = append(m.fates, lost), append(m.at, 0)
	}
	for i := range m.named {
		m.named[i] -= time.Duration(w.crashed)
	}
	for o := range m.fates {
		if m.fates[o] == lost {
			continue
		}
		m.at[o] -= time.Duration(w.crashed)
		from, to := w.span(uint64(o))
		for seq := from; seq < to; seq++ {
			way := direct
			switch by := n.from[seq]; {
			case by == producer && n.again[seq]:
				way = byProducer
			case by != producer && w.isRecorder(by):
				way = byRecorder
			case by != producer:
				way = bySurvivor
			}
			m.fates[o] = max(m.fates[o], way)
			if way != direct && seq == to-1 {
				m.add(n.from[seq])
			}
		}
	}
}

func (w *watch) isRecorder(name string) bool {
	for _, n := range w.nodes {
		if n.recorder && n.name == name {
			return true
		}
	}
	return false
}
