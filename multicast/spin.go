package multicast

import (
	"runtime"
	"sync/atomic"
)

const (
	// yieldEvery is how many looks in vain a spinning goroutine takes before it lets
	// other goroutines run, where there is no processor for them.
	yieldEvery = 16
	// outEvery is how many looks at the groups a spinning goroutine takes for each look
	// at the socket that sends, to which little comes.
	outEvery = 8
)

// spinning counts the goroutines of this process that spin.
var spinning atomic.Int32

// yield lets other goroutines run where all processors spin. Where one is free, Gosched
// would wake a thread each time to look for work, and it would find none.
func yield() {
	if int(spinning.Load()) >= runtime.GOMAXPROCS(0) {
		runtime.Gosched()
	}
}

// spin polls the sockets, the first of which send, and the clock for what is due, until
// all are closed. It is not locked to its thread: since it never sleeps it stays on the
// thread, and to yield would cost a locked goroutine two switches of threads.
func (l *Loop) spin(conns []Poller) {
	spinning.Add(1)
	defer spinning.Add(-1)
	packets := make([]Packet, packetBatch)
	outs := len(l.sources)
	for look, vain := 1, 1; len(conns) > 0; look, vain = look+1, vain+1 {
		for i := 0; i < len(conns); i++ {
			if i < outs && len(conns) > outs && look%outEvery != 0 {
				continue
			}
			n, err := conns[i].TryRead(packets)
			if n > 0 {
				vain = 0
			}
			if _, open := l.take(packets[:n], true); !open {
				return
			}
			if readFailed(l.cfg.Logger, conns[i], err) {
				conns = append(conns[:i:i], conns[i+1:]...)
				if i < outs {
					outs--
				}
				i--
			}
		}
		if l.added.any.Load() {
			conns = append(conns, l.added.take(l)...)
		}
		if l.clock() >= l.alarm.polled.Load() {
			l.Lock()
			l.alarm.disarm()
			if l.token.state == offered {
				l.serve()
			}
			l.due()
		}
		if vain%yieldEvery == 0 {
			yield()
		}
	}
}
