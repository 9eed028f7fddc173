package multicast

import (
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// closely is how long WaitAdaptive polls for the next datagram, and how soon
	// it must be expected for polling to begin.
	closely = int64(200 * time.Microsecond)
	// briefly is how long it may take to deliver what was read, for the next read to
	// be one of which the scheduler isn't told.
	briefly = int64(100 * time.Microsecond)
	// often is how long the scheduler isn't told of reads, in a row.
	often = int64(10 * time.Millisecond)
	// courtesy is how many times in a row nothing may come before a spinning
	// goroutine lets others run, where there is no processor for them.
	courtesy = 16
	// aside is each how many looks at the groups a spinning goroutine looks at the
	// other socket too, to which little comes.
	aside = 8
)

// spinning is how many goroutines of this process spin.
var spinning atomic.Int32

// giveWay lets other goroutines run where all processors spin. Where one is free,
// Gosched would wake a thread to look for work, each time, and find none.
func giveWay() {
	if int(spinning.Load()) >= runtime.GOMAXPROCS(0) {
		runtime.Gosched()
	}
}

// read takes what a socket receives. Where poll isn't nil, it polls the socket
// while datagrams follow each other closely.
func (l *Loop) read(c Conn, poll Poller) {
	packets := make([]Packet, packetBatch)
	turn := new(sync.Mutex) // held while what was polled is in the socket's buffer
	if c == l.cfg.Out {
		turn = &l.polling
	}
	last, gap := l.clock(), 2*closely // the last datagram, and the usual time between two
	took, told := briefly, last       // to deliver it; when the scheduler was last told of a read
	hasty, ok := c.(briefReader)
	if !ok || l.cfg.Deliver == nil || runtime.GOMAXPROCS(0) == 1 {
		hasty = nil // others may keep the only processor, or nobody knows what is done with what came
	}
	for {
		n, err := 0, error(nil)
		silent, polled := last-told >= often, false
		if poll != nil && gap < closely && (hasty == nil || !silent) {
			n, err = l.poll(poll, turn, packets, last+closely)
			if polled = n > 0; !polled {
				turn.Unlock()
			}
		}
		tell := hasty == nil || took >= briefly || silent
		switch {
		case n > 0 || err != nil:
			tell = false
		case tell:
			n, err = c.Read(packets)
		default:
			n, err = hasty.readBriefly(packets)
		}
		began, open := l.take(packets[:n], true)
		if polled {
			turn.Unlock()
		}
		if !open || l.broken(c, err) {
			return
		}
		if poll != nil {
			gap += (min(began-last, 4*closely) - gap) / 8
		}
		if last = began; tell {
			told = began
		}
		if hasty != nil {
			took = l.clock() - began
		}
	}
}

// poll reads a socket without waiting, until something comes or the time is up. It
// returns with its turn locked, since others who poll the socket use the same buffer.
func (l *Loop) poll(c Poller, turn *sync.Mutex, packets []Packet, until int64) (int, error) {
	spinning.Add(1)
	defer spinning.Add(-1)
	for tries := 1; ; tries++ {
		turn.Lock()
		n, err := c.TryRead(packets)
		if n > 0 || err != nil || l.clock() >= until {
			return n, err
		}
		turn.Unlock()
		if tries%courtesy == 0 {
			giveWay()
		}
	}
}

// spin polls the sockets, the first of which sends, and the clock for what is due,
// until all are closed. It is not locked to its thread: it never sleeps and so
// stays on it, and giving way to others would cost a locked goroutine two switches
// of threads.
func (l *Loop) spin(conns []Poller) {
	spinning.Add(1)
	defer spinning.Add(-1)
	packets := make([]Packet, packetBatch)
	out := conns[0]
	for look, idle := 1, 1; len(conns) > 0; look, idle = look+1, idle+1 {
		for i := 0; i < len(conns); i++ {
			if conns[i] == out && len(conns) > 1 && look%aside != 0 {
				continue
			}
			n, err := conns[i].TryRead(packets)
			if n > 0 {
				idle = 0
			}
			if _, open := l.take(packets[:n], true); !open {
				return
			}
			if l.broken(conns[i], err) {
				conns = append(conns[:i:i], conns[i+1:]...)
				i--
			}
		}
		if l.clock() >= l.alarm.Load() {
			l.Lock()
			l.armed = never
			l.alarm.Store(never)
			if l.token == offered {
				l.serve()
			}
			l.due()
		}
		if idle%courtesy == 0 {
			giveWay()
		}
	}
}

// broken reports whether reading a socket has ended, and says why if nobody
// closed it.
func (l *Loop) broken(c Conn, err error) bool {
	if err != nil && !errors.Is(err, net.ErrClosed) {
		l.cfg.Logger.Error("multicast: a socket failed; nothing is received from it any more", "address", c.LocalAddr(), "err", err)
	}
	return err != nil
}

// take gives the machine datagrams, and settles what they change unless the caller does.
// It returns when it began, and false if the Loop is closed.
func (l *Loop) take(packets []Packet, settle bool) (began int64, open bool) {
	for len(packets) > 0 {
		l.Lock()
		if began == 0 {
			began = l.now
		}
		if l.closed {
			l.mu.Unlock()
			return began, false
		}
		n, deliver := l.cfg.Machine.Receive(l.now, packets)
		packets = packets[n:]
		if settle {
			l.Settle()
		} else {
			l.Unlock()
		}
		if l.cfg.Deliver != nil {
			l.cfg.Deliver(deliver)
		}
	}
	return began, true
}
