package multicast

import (
	"errors"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"
)

const (
	// packetBatch is how many datagrams are taken from a socket at once.
	packetBatch = 64
	// spinBudget is how long WaitAdaptive polls for the next datagram, and how soon it
	// must be expected for polling to begin.
	spinBudget = int64(200 * time.Microsecond)
	// quickDelivery bounds how long it may take to deliver what was read if the next
	// read is to be one that the scheduler does not notice.
	quickDelivery = int64(100 * time.Microsecond)
	// noticeInterval is the longest time that the scheduler notices no read.
	noticeInterval = int64(10 * time.Millisecond)
)

// socketReader is the goroutine that reads one socket of a Loop, and what it knows of the
// datagrams that come.
type socketReader struct {
	loop *Loop
	conn Conn
	// poller is conn if the reader polls it while datagrams come in quick succession, or
	// nil if it only waits.
	poller Poller
	// quick is conn if it can be read without the scheduler's notice; nil if it cannot,
	// or if other goroutines may wait for the only processor, or if it is not known how
	// long the delivery takes.
	quick   quickReader
	packets []Packet
	// reading is held while a datagram that was polled lies in the socket's buffer.
	reading *sync.Mutex

	// last is when the last datagrams came, and gap the usual time between two.
	last, gap int64
	// delivery is how long the last took to deliver.
	delivery int64
	// noticed is when the scheduler last noticed a read.
	noticed int64
}

// newSocketReader returns the reader of a socket. It polls if poller is not nil.
func newSocketReader(l *Loop, c Conn, poller Poller) *socketReader {
	now := l.clock()
	r := &socketReader{
		loop: l, conn: c, poller: poller, packets: make([]Packet, packetBatch),
		last: now, gap: 2 * spinBudget, delivery: quickDelivery, noticed: now,
	}
	if r.reading = new(sync.Mutex); slices.Contains(l.sources, c) {
		r.reading = &l.glance.reading
	}
	if l.cfg.Deliver != nil && runtime.GOMAXPROCS(0) > 1 {
		r.quick, _ = c.(quickReader)
	}
	return r
}

// run reads until the socket or the Loop is closed.
func (r *socketReader) run() {
	for r.read() {
	}
}

// read takes one batch of datagrams. It reports whether more may come.
func (r *socketReader) read() bool {
	n, err := 0, error(nil)
	overdue, polled := r.last-r.noticed >= noticeInterval, false
	if r.poller != nil && r.gap < spinBudget && (r.quick == nil || !overdue) {
		n, err = r.poll(r.last + spinBudget)
		if polled = n > 0; !polled {
			r.reading.Unlock()
		}
	}
	notice := r.quick == nil || r.delivery >= quickDelivery || overdue
	switch {
	case n > 0 || err != nil:
		notice = false
	case notice:
		n, err = r.conn.Read(r.packets)
	default:
		n, err = r.quick.readQuick(r.packets)
	}
	began, open := r.loop.take(r.packets[:n], true)
	if polled {
		r.reading.Unlock()
	}
	if !open || readFailed(r.loop.cfg.Logger, r.conn, err) {
		return false
	}
	if r.poller != nil {
		r.gap += (min(began-r.last, 4*spinBudget) - r.gap) / 8
	}
	if r.last = began; notice {
		r.noticed = began
	}
	if r.quick != nil {
		r.delivery = r.loop.clock() - began
	}
	return true
}

// poll reads the socket without waiting, until something comes or the time is up. It
// returns with r.reading locked, since other goroutines poll the same buffer.
func (r *socketReader) poll(until int64) (int, error) {
	spinning.Add(1)
	defer spinning.Add(-1)
	for tries := 1; ; tries++ {
		r.reading.Lock()
		n, err := r.poller.TryRead(r.packets)
		if n > 0 || err != nil || r.loop.clock() >= until {
			return n, err
		}
		r.reading.Unlock()
		if tries%yieldEvery == 0 {
			yield()
		}
	}
}

// readFailed reports whether reading a socket has ended, and logs why unless the socket
// was closed.
func readFailed(log *slog.Logger, c Conn, err error) bool {
	if err != nil && !errors.Is(err, net.ErrClosed) {
		log.Error("multicast: a socket failed; nothing is received from it any more",
			"address", c.LocalAddr(), "error", err)
	}
	return err != nil
}
