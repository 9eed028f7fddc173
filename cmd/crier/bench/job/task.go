package job

import (
	"net/netip"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/testnet/impair"
	"crier/testnet/link"
)

// Task is the job of a worker, and the first line that it reads.
type Task struct {
	Role string
	// Group is the multicast address and port of messages, Back those of answers.
	Group     string
	Back      string `json:",omitempty"`
	Interface string
	// Size is in bytes of a message, or of a datagram.
	Size int
	// Rate is in messages a second, due at even times; 0: as fast as the window allows.
	Rate     float64 `json:",omitempty"`
	Duration time.Duration
	Wait     string `json:",omitempty"`
	// Send is a flooder's way of sending.
	Send    string `json:",omitempty"`
	Offload bool   `json:",omitempty"`
	// Drop is the share of received datagrams that a subscriber throws away, by Seed.
	Drop float64 `json:",omitempty"`
	Seed uint64  `json:",omitempty"`
	// Sessions are those of the publishers; a publisher's own is at Index.
	Sessions []uint64
	// Index is the number of this publisher, or subscriber.
	Index int
	// Readers are subscribers, Slow those that crawl. Their Index follows the others'.
	Readers, Slow int
	// Window bounds the messages that are under way.
	Window uint64 `json:",omitempty"`
	// Progress is the path of the file of counters.
	Progress string `json:",omitempty"`
	// Peers are the TCP addresses of the subscribers.
	Peers []string `json:",omitempty"`
	// Pressure is about messages that slow subscribers don't take.
	Pressure Pressure
	// History is that of a subscriber's configuration.
	History int `json:",omitempty"`
	// Survival is about publishers that die.
	Survival Survival
	// Recording is about the logs of recorders, and of publishers.
	Recording Recording
	// Shape is that of a publisher's stream.
	Shape Shape
	// Team is about subscribers that share the messages.
	Team Team
}

// Survival describes a publisher that dies beside those that are measured.
type Survival struct {
	// Burst is in bytes of its messages. Lacks says that the survivor beside it misses them, and
	// asks others for them.
	Burst int  `json:",omitempty"`
	Lacks bool `json:",omitempty"`
}

// Recording describes logs.
type Recording struct {
	// Dir is the directory in which each makes one of its own, and removes it.
	Dir string `json:",omitempty"`
	// Keep bounds a log, in bytes.
	Keep int64 `json:",omitempty"`
	// Fsync is as crier record has it.
	Fsync string `json:",omitempty"`
	// Own says that the publisher has one.
	Own bool `json:",omitempty"`
}

// Pressure describes producers that outrun a consumer. The zero value stands for the
// defaults of publishers and subscribers.
type Pressure struct {
	// Work is the time that a message costs a slow subscriber, Overload its answer to those
	// that it can't take, and Buffer its buffer in bytes.
	Work     time.Duration `json:",omitempty"`
	Overload string        `json:",omitempty"`
	Buffer   int           `json:",omitempty"`

	// ResendBuffer is the publisher's resend buffer in bytes. With Drop, messages that find no
	// room there are dropped.
	ResendBuffer int  `json:",omitempty"`
	Drop         bool `json:",omitempty"`

	// Backlog is in bytes of messages that the slow one is to be behind, besides ResendBuffer;
	// Disk bounds the bytes on disk, in DiskDir.
	Backlog int64  `json:",omitempty"`
	Disk    int64  `json:",omitempty"`
	DiskDir string `json:",omitempty"`
	// RepairFloor is the rate that may go to a subscriber that is behind.
	RepairFloor reliable.BitRate `json:",omitempty"`
	// Patience bounds the time in which the backlog grows, and that in which it drains.
	Patience time.Duration `json:",omitempty"`
}

// Checked reports whether the publisher keeps the whole backlog of a slow subscriber, on disk
// too, and subscribers compare every byte with the published one.
func (t *Task) Checked() bool { return t.Pressure.Backlog > 0 }

// OpenProgress opens the table of a task's round. Slow subscribers hold nobody back.
func (t *Task) OpenProgress() (*Progress, error) {
	p, err := OpenProgress(t.Progress, len(t.Sessions), t.Readers+t.Slow)
	if err == nil {
		p.Held, p.Shared = t.Readers, t.Shared()
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
