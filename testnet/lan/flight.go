package lan

import (
	"container/heap"
	"net/netip"
	"time"

	"github.com/pion/transport/v3/vnet"
)

// maxInFlight bounds how many arrivals are on their way on a LAN.
const maxInFlight = 1 << 18

// arrival is a datagram on its way to one host.
type arrival struct {
	// at is the time of the arrival, in nanoseconds of the run.
	at int64
	// order is the order of sending, which decides between arrivals at one time.
	order uint64
	// data is shared with other arrivals, and never changes.
	data []byte
	from *conn
	to   netip.AddrPort
	host *Host
}

// flights is a heap of arrivals, the next one first.
type flights struct {
	heap  arrivals
	order uint64
}

type arrivals []arrival

func (a arrivals) Len() int { return len(a) }
func (a arrivals) Less(i, j int) bool {
	if a[i].at != a[j].at {
		return a[i].at < a[j].at
	}
	return a[i].order < a[j].order
}
func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *arrivals) Push(x any)   { *a = append(*a, x.(arrival)) }
func (a *arrivals) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = arrival{}
	*a = (*a)[:last]
	return x
}

// take is the filter of the router up. It takes every datagram off it and puts
// those that the links let through on their way. The router holds its own lock
// meanwhile, so nothing here may write to it.
func (l *LAN) take(c vnet.Chunk) bool {
	from, to, data := addrPort(c.SourceAddr()), addrPort(c.DestinationAddr()), c.UserData()
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.byAddr[from.Addr()]
	if h == nil || l.closed {
		return false
	}
	s := h.sources[from.Port()]
	if s == nil {
		return false
	}
	s.left(len(data))
	if !to.Addr().IsMulticast() {
		if target := l.byAddr[to.Addr()]; target != nil {
			l.send(s, target, to, data)
		} else {
			l.stats.Unreachable++
		}
		return false
	}
	for _, target := range l.hosts {
		here := target == h
		if here && s.noLoopback || !here && s.ttl == 0 {
			continue
		}
		if target.joined(from, to) {
			l.send(s, target, to, data)
		}
	}
	return false
}

// send puts a datagram's arrivals at one host on their way. The caller holds mu.
func (l *LAN) send(from *conn, host *Host, to netip.AddrPort, data []byte) {
	link := l.path(from.host, host).link
	out := link.Send(l.now(), len(data))
	for _, a := range out.Arrivals() {
		if len(l.flight.heap) >= maxInFlight {
			l.stats.InFlightDrops++
			continue
		}
		copied := data
		if a.Corrupt {
			copied = append([]byte(nil), data...)
			link.Corrupt(copied)
		}
		l.flight.order++
		heap.Push(&l.flight.heap, arrival{at: a.At, order: l.flight.order, data: copied, from: from,
			to: to, host: host})
	}
	select {
	case l.wake <- struct{}{}:
	default: // it has been woken already
	}
}

// schedule is the goroutine that lets arrivals arrive.
func (l *LAN) schedule() {
	defer close(l.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var receivers []*conn
	for {
		a, wait := l.next()
		switch {
		case a.host != nil:
			receivers = l.arrive(a, receivers[:0])
			continue
		case wait > 0:
			timer.Reset(wait)
		default: // no timer, so that synctest sees a deadlock for what it is
			timer.Stop()
		}
		select {
		case <-timer.C:
		case <-l.wake:
		case <-l.quit:
			return
		}
	}
}

// next returns the arrival that is due; or one without a host, and how long to
// wait, 0 if there is nothing to wait for.
func (l *LAN) next() (arrival, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.flight.heap) == 0 || l.closed {
		return arrival{}, 0
	}
	if wait := l.flight.heap[0].at - l.now(); wait > 0 {
		return arrival{}, time.Duration(wait)
	}
	return heap.Pop(&l.flight.heap).(arrival), 0
}

// refused counts a datagram that vnet did not carry to a socket.
func (l *LAN) refused(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.waiting.drop()
	c.stats.KernelDrops++
}

// arrive injects copies for a host's sockets, from the sender's own address on
// down. vnet lets a closed socket write, so what was sent before Close arrives.
func (l *LAN) arrive(a arrival, receivers []*conn) []*conn {
	l.mu.Lock()
	receivers = a.host.receivers(receivers, a.from.local, a.to)
	admitted := receivers[:0]
	for _, c := range receivers {
		if c.admit(a.to, len(a.data)) {
			admitted = append(admitted, c)
		}
	}
	l.mu.Unlock()
	for _, c := range admitted {
		if _, err := a.from.down.WriteTo(a.data, c.inner); err != nil {
			l.refused(c)
		}
	}
	return admitted
}
