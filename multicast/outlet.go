package multicast

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// outlet is a feed of a Fan.
type outlet struct {
	fan  *Fan
	feed int
	conn Conn
	// taker is conn, or nil if it does not count what the kernel takes.
	taker Taker
	// passedOver counts the datagrams that found no room.
	passedOver atomic.Uint64

	// mode is how the Write that is under way deals with this feed.
	mode mode
	// work wakes the goroutine that empties the queue. The Fan's mu guards what follows.
	work  sync.Cond
	queue backlog
}

// mode is how a feed deals with a write.
type mode uint8

const (
	// direct: nothing waits, and the socket may take it.
	direct mode = iota
	// queued: it waits behind others.
	queued
	// passed: there is no room for it.
	passed
)

// taken is what the kernel took, or a queue.
type taken struct{ datagrams, bytes uint64 }

// send writes to the socket, or leaves b in the queue, or out.
func (l *outlet) send(to netip.AddrPort, b []byte, segment int) (taken, error) {
	var t taken
	if l.mode == direct {
		before := l.count()
		n, err := l.conn.Write(to, b, segment)
		if t = l.count().less(before); l.taker == nil && n > 0 {
			t = taken{uint64(datagrams(n, segment)), uint64(n)}
		}
		if !errors.Is(err, ErrWouldBlock) {
			return t, err
		}
		b = b[n:]
	}
	if len(b) == 0 {
		return t, nil
	}
	l.fan.mu.Lock()
	fits := l.mode != passed && l.queue.push(to, b, segment)
	if fits {
		l.work.Signal()
	}
	l.fan.mu.Unlock()
	waits := taken{uint64(datagrams(len(b), segment)), uint64(len(b))}
	if !fits {
		l.passedOver.Add(waits.datagrams)
		return t, nil
	}
	return taken{t.datagrams + waits.datagrams, t.bytes + waits.bytes}, nil
}

// count returns what the kernel has taken so far.
func (l *outlet) count() (t taken) {
	if l.taker != nil {
		t.datagrams, t.bytes = l.taker.Taken()
	}
	return t
}

func (t taken) less(o taken) taken { return taken{t.datagrams - o.datagrams, t.bytes - o.bytes} }

// run writes what waits, until the Fan is closed.
func (l *outlet) run() {
	f := l.fan
	f.mu.Lock()
	defer f.mu.Unlock()
	for !f.over {
		w := l.queue.first()
		if w == nil {
			l.work.Wait()
			continue
		}
		b := l.queue.data(w)
		f.mu.Unlock()
		n, err := l.conn.Write(w.to, b, w.segment)
		if errors.Is(err, ErrWouldBlock) {
			err = l.conn.WaitWrite()
		}
		f.mu.Lock()
		if err != nil {
			n = len(b) // it cannot be sent
			l.passedOver.Add(uint64(datagrams(len(b), w.segment)))
		}
		if l.queue.took(n); l.queue.calm() {
			f.room.Broadcast()
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

const (
	// backlogSize is how many bytes wait for a feed at most: 0.2 ms at 10 Gbit/s.
	backlogSize = 256 << 10
	// backlogWrites is how many writes.
	backlogWrites = 256
)

// backlog is a queue of writes. It keeps copies. It allocates when the first one waits.
type backlog struct {
	// bytes holds the writes' data, each in one piece, as a ring.
	bytes []byte
	// tail is where the next data may begin.
	tail int
	// ring has the writes, the oldest at head.
	ring        []waitingWrite
	head, count int
}

// waitingWrite is a write that waits.
type waitingWrite struct {
	to      netip.AddrPort
	segment int
	// from and end are the place of the data that is left.
	from, end int
}

// mode returns how n more bytes are dealt with.
func (q *backlog) mode(n int) mode {
	switch {
	case q.count == 0:
		return direct
	case q.place(n) < 0:
		return passed
	}
	return queued
}

// calm reports whether so little waits that it is worth to write more.
func (q *backlog) calm() bool {
	if q.count == 0 {
		return true
	}
	waits := q.tail - q.ring[q.head].from
	if waits <= 0 {
		waits += len(q.bytes)
	}
	return waits <= backlogSize/2 && q.count <= backlogWrites/2
}

// place returns where n bytes may lie, or -1.
func (q *backlog) place(n int) int {
	if n > backlogSize || q.count == backlogWrites {
		return -1
	}
	if q.count == 0 {
		return 0
	}
	head := q.ring[q.head].from
	switch {
	case q.tail > head && q.tail+n <= backlogSize:
		return q.tail
	case q.tail > head && n < head:
		return 0
	case q.tail < head && q.tail+n < head:
		return q.tail
	}
	return -1
}

// push adds a write, and reports whether there was room.
func (q *backlog) push(to netip.AddrPort, b []byte, segment int) bool {
	at := q.place(len(b))
	if at < 0 {
		return false
	}
	if q.bytes == nil {
		q.bytes, q.ring = make([]byte, backlogSize), make([]waitingWrite, backlogWrites)
	}
	q.tail = at + copy(q.bytes[at:], b)
	q.ring[(q.head+q.count)%backlogWrites] = waitingWrite{to, segment, at, q.tail}
	q.count++
	return true
}

// first returns the oldest write, or nil.
func (q *backlog) first() *waitingWrite {
	if q.count == 0 {
		return nil
	}
	return &q.ring[q.head]
}

// data returns what is left of a write.
func (q *backlog) data(w *waitingWrite) []byte { return q.bytes[w.from:w.end] }

// took removes n bytes of the oldest write.
func (q *backlog) took(n int) {
	w := &q.ring[q.head]
	if w.from += n; w.from < w.end {
		return
	}
	q.head = (q.head + 1) % backlogWrites
	q.count--
}
