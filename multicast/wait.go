package multicast

import "fmt"

// Wait says how a [Loop] waits for datagrams, and for time to pass.
type Wait uint8

const (
	// WaitBlock sleeps in the kernel until something comes. It is the default, and
	// costs nothing at rest.
	WaitBlock Wait = iota
	// WaitAdaptive polls a socket while datagrams come within 200 us of each other, and
	// sleeps otherwise.
	WaitAdaptive
	// WaitSpin polls the sockets and the clock without end, on one goroutine that
	// keeps a processor to itself.
	WaitSpin
)

var waitNames = [...]string{WaitBlock: "block", WaitAdaptive: "adaptive", WaitSpin: "spin"}

// String returns the name that [ParseWait] takes.
func (w Wait) String() string {
	if int(w) < len(waitNames) {
		return waitNames[w]
	}
	return fmt.Sprintf("wait %d", uint8(w))
}

// ParseWait returns the Wait with the given name: block, adaptive or spin.
func ParseWait(name string) (Wait, error) {
	for w, n := range waitNames {
		if n == name {
			return Wait(w), nil
		}
	}
	return 0, badConfig("wait", name, "is not a way to wait; use block, adaptive or spin")
}

// Check returns an error if w is not one of the constants.
func (w Wait) Check() error {
	if int(w) >= len(waitNames) {
		return badConfig("wait", uint8(w),
			"is not a way to wait; use WaitBlock, WaitAdaptive or WaitSpin")
	}
	return nil
}

// Poller is a Conn that can also be read without waiting. A Loop spins on Pollers
// only.
type Poller interface {
	Conn
	// TryRead is Read, except that it returns 0 and no error if no datagram waits. The
	// packets are valid until the next TryRead. It may be called while another
	// goroutine is in Read.
	TryRead(ps []Packet) (int, error)
}

// quickReader is a Conn with a cheaper Read for a goroutine that deals quickly with what
// it reads: see reader.receiveOnce.
type quickReader interface {
	readQuick(ps []Packet) (int, error)
}

// pollers returns conns as Pollers, or nil if one of them is not a Poller.
func pollers(conns []Conn) []Poller {
	list := make([]Poller, len(conns))
	for i, c := range conns {
		p, ok := c.(Poller)
		if !ok {
			return nil
		}
		list[i] = p
	}
	return list
}
