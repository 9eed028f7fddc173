package job

import (
	"crier/multicast"
	"crier/testnet/impair"
	"crier/testnet/link"
	"net/netip"
	"time"
)

// Task is what a worker is to do. It is the first line that the worker reads.
type Task struct {
	Role      string
	Group     string // multicast address and port
	Back      string `json:",omitempty"` // the group that answers go to (ping and pong)
	Interface string
	Size      int // bytes of a message, or of a datagram
	// messages a second, due at even times; 0: as fast as the window allows
	Rate     float64 `json:",omitempty"`
	Duration time.Duration
	Wait     string `json:",omitempty"`
	Send     string `json:",omitempty"` // how a flooder sends
	Offload  bool   `json:",omitempty"`
	// share of received datagrams that a subscriber throws away
	Drop     float64  `json:",omitempty"`
	Seed     uint64   `json:",omitempty"` // of what is thrown away
	Sessions []uint64 // of the publishers; a publisher's own is at Index
	Index    int      // which of the publishers, or of the subscribers, this is
	Readers  int      // subscribers
	Window   uint64   `json:",omitempty"` // messages that may be under way
	Progress string   `json:",omitempty"` // how to open the file of counters
	Peers    []string `json:",omitempty"` // TCP addresses of the subscribers

	Slow     int      // subscribers that crawl, besides the others; their Index follows the others'
	Pressure Pressure // what becomes of messages that they don't take
}

// Pressure is what a task says of producers that outrun a consumer. The zero value
// is what publishers and subscribers do by default.
type Pressure struct {
	Work     time.Duration `json:",omitempty"` // what a message costs a slow subscriber
	Overload string        `json:",omitempty"` // what it does with those that it can't take
	Buffer   int           `json:",omitempty"` // bytes that wait for it at most

	Resend int  `json:",omitempty"` // bytes of the publisher's resend buffer
	Drop   bool `json:",omitempty"` // messages that find no room there are dropped

	// bytes of messages that the slow one is to be behind, besides Resend
	Backlog int64  `json:",omitempty"`
	Disk    int64  `json:",omitempty"` // bytes on disk at most
	DiskDir string `json:",omitempty"`
	// Floor is in bytes a second that may go to a subscriber that is behind.
	Floor uint64 `json:",omitempty"`
	// how long the backlog may take to grow, and to drain
	Patience time.Duration `json:",omitempty"`
}

// Checked reports whether the publisher keeps all that a slow subscriber has yet to
// take, on disk too, and whether subscribers hold every byte against what was
// published.
func (t *Task) Checked() bool { return t.Pressure.Backlog > 0 }

// OpenProgress opens the table of a task's round. Slow subscribers hold nobody back.
func (t *Task) OpenProgress() (*Progress, error) {
	p, err := OpenProgress(t.Progress, len(t.Sessions), t.Readers+t.Slow)
	if err == nil {
		p.Held = t.Readers
	}
	return p, err
}

// Network returns the kernel's, with the loss that the task asks for.
func (t *Task) Network() (multicast.Network, error) {
	if t.Drop == 0 || t.Role == RolePublisher { // requests are lost nowhere
		return multicast.Kernel, nil
	}
	return impair.Wrap(multicast.Kernel,
		link.Config{Loss: link.Bernoulli{P: t.Drop}}, t.Seed)
}

// Waits returns how a publisher of this task waits, and how a subscriber.
func (t *Task) Waits() (publisher, subscriber multicast.Wait, err error) {
	switch t.Wait {
	case WaitSpin:
		return multicast.WaitBlock, multicast.WaitSpin, nil
	case WaitBoth:
		return multicast.WaitSpin, multicast.WaitSpin, nil
	}
	wait, err := multicast.ParseWait(t.Wait)
	return wait, wait, err
}

// GroupAddr returns the multicast address that messages go to.
func (t *Task) GroupAddr() (netip.AddrPort, error) { return multicast.ParseGroup(t.Group) }

// BackAddr returns the one that answers go to.
func (t *Task) BackAddr() (netip.AddrPort, error) { return multicast.ParseGroup(t.Back) }
