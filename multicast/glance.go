package multicast

import "sync"

const (
	// glanceBatch is how many datagrams a glance takes.
	glanceBatch = 16
	// glanceInterval is the shortest time between two glances.
	glanceInterval = guardMin
)

// glance reads the socket that bursts are sent by, without waiting, on a caller's
// goroutine. While callers keep the processors busy, the goroutine that reads this socket
// may get none, and what comes are requests that others wait for.
type glance struct {
	// outs are the sockets; nil if they cannot be read without waiting.
	outs []Poller
	// last is when a caller last looked. The Loop's lock guards it.
	last int64
	// reading is held while Out is read without waiting, until the machine has taken
	// what came: readers that poll share the socket's buffer.
	reading sync.Mutex
	packets [glanceBatch]Packet
}

// look gives the machine what has come to the socket, with the lock released meanwhile.
// The caller sends what that calls for.
func (g *glance) look(l *Loop) {
	if g.outs == nil || l.alarm.spins || l.now-g.last < glanceInterval {
		return
	}
	g.last = l.now
	l.mu.Unlock()
	if g.reading.TryLock() {
		for _, p := range g.outs {
			n, err := p.TryRead(g.packets[:])
			if n > 0 && err == nil {
				l.take(g.packets[:n], false)
			}
		}
		g.reading.Unlock()
	}
	l.Lock()
}
