// Package node runs a machine of the directory on sockets, such as an Announcer or a Listener.
package node

import (
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// Machine is a machine of the directory.
type Machine interface {
	Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame)
	Advance(now reliable.Time)
	Deadline() reliable.Time
	Next(now reliable.Time) (reliable.Batch, bool)
	Sent(reliable.Batch)
}

// Config configures a Node.
type Config struct {
	// Interface is that of the group.
	Interface string
	// Group is the group; the zero value is that of the directory.
	Group netip.AddrPort
	// Alone says that no group is joined.
	Alone bool
	// Link configures its use. How it waits, its port and its buffers are a Node's own.
	Link multicast.LinkConfig
	// Start is the instant that the machine's times count from.
	Start time.Time
	// Changed, if not nil, is called with the lock after each change of the machine. It must not
	// wait.
	Changed func(now reliable.Time)
	// Restored, if not nil, is called with the lock when the interface comes back.
	Restored func(now reliable.Time)
	// Logger gets messages for the operator.
	Logger *slog.Logger
}

// Stats counts what a Node received.
type Stats struct {
	// Invalid counts datagrams that are not crier frames, or damaged ones, and Newer those that
	// need a newer crier.
	Invalid, Newer uint64
}

// A Node is a machine of the directory and its sockets. It is safe for concurrent use; the
// machine is to be used with the lock.
type Node struct {
	cfg     Config
	machine Machine
	loop    *multicast.Loop
	dec     frame.Decoder
	frame   frame.Frame
	batch   reliable.Batch
	stats   Stats
	// idle is closed when the machine has nothing to send, once that is waited for.
	idle    chan struct{}
	closing sync.Once
	err     error
}

// buffer is the size of the sockets' buffers: announcements and answers are small, and few.
const buffer = 256 << 10

// Open opens the sockets and starts to run a machine. The machine is made by a function, once its
// sockets listen.
func Open(cfg Config, machine func() (Machine, error)) (*Node, error) {
	if !cfg.Group.IsValid() {
		cfg.Group = topic.Directory
	}
	n := &Node{cfg: cfg}
	link := cfg.Link
	link.Wait, link.ControlPort = multicast.WaitBlock, 0
	link.ReadBuffer, link.WriteBuffer = buffer, buffer
	ins, err := n.join(link)
	if err != nil {
		return nil, err
	}
	opened := make(chan struct{})
	defer close(opened)
	out, err := link.Socket(multicast.SocketConfig{
		Group: cfg.Group, Interface: cfg.Interface, Logger: cfg.Logger,
		Changed: func(l multicast.Link) {
			if <-opened; n.loop != nil && l.Up {
				n.restored()
			}
		},
	})
	if err != nil {
		return nil, errors.Join(err, closeAll(ins))
	}
	timer, err := link.Network.Timer()
	if err == nil {
		n.machine, err = machine()
		if err != nil {
			err = errors.Join(err, timer.Close())
		}
	}
	if err != nil {
		return nil, errors.Join(err, closeAll(ins), out.Close())
	}
	n.loop = multicast.NewLoop(multicast.LoopConfig{
		Machine: (*driver)(n), Out: out, In: ins, Timer: timer,
		Wait: link.Wait, Start: cfg.Start, Logger: cfg.Logger,
	})
	n.loop.Run()
	return n, nil
}

// Loopback returns the loopback interface's address of the directory's family.
func Loopback() string { return multicast.Loopback(topic.Directory) }

// join joins the group, unless the Node is alone.
func (n *Node) join(link multicast.LinkConfig) ([]multicast.Conn, error) {
	if n.cfg.Alone {
		return nil, nil
	}
	in, err := link.Group(multicast.GroupConfig{
		Group: n.cfg.Group, Interface: n.cfg.Interface, Logger: n.cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	return []multicast.Conn{in}, nil
}

// closeAll closes the sockets of groups.
func closeAll(conns []multicast.Conn) (err error) {
	for _, c := range conns {
		err = errors.Join(err, c.Close())
	}
	return err
}

// restored tells the machine's owner that the interface is up again.
func (n *Node) restored() {
	if n.cfg.Restored == nil {
		return
	}
	n.Lock()
	n.cfg.Restored(n.Now())
	n.Settle()
}

// Lock locks the machine. Until it is unlocked, the caller must do nothing that may wait.
func (n *Node) Lock() { n.loop.Lock() }

// Unlock unlocks a machine that has not changed.
func (n *Node) Unlock() { n.loop.Unlock() }

// Settle unlocks the machine after a change, and sends what it has to send.
func (n *Node) Settle() { n.loop.Settle() }

// Now returns when the lock was taken.
func (n *Node) Now() reliable.Time { return reliable.Time(n.loop.Now()) }

// Stats returns the counters so far. The caller holds the lock.
func (n *Node) Stats() Stats { return n.stats }

// Close closes the sockets, and waits for the goroutines. Before that it calls end, if not nil,
// with the lock, and waits until the datagrams that it caused are sent, for 100 ms at most.
func (n *Node) Close(end func(now reliable.Time)) error {
	n.closing.Do(func() {
		if end != nil {
			n.Lock()
			end(n.Now())
			idle := make(chan struct{})
			n.idle = idle
			n.Settle()
			timer := time.NewTimer(lastWords)
			select {
			case <-idle:
			case <-timer.C:
			}
			timer.Stop()
		}
		n.err = n.loop.Close()
	})
	return n.err
}

// lastWords is how long Close waits for the last datagrams to be sent.
const lastWords = 100 * time.Millisecond

// driver is a Node as a multicast.Machine.
type driver Node

func (d *driver) Receive(now int64, ps []multicast.Packet) (int, bool) {
	for i := range ps {
		switch err := d.dec.Decode(ps[i].Data, &d.frame); err {
		case nil:
			d.machine.Handle(reliable.Time(now), ps[i].From, &d.frame)
		case frame.ErrNewer:
			d.stats.Newer++
		default:
			d.stats.Invalid++
		}
	}
	d.changed(now)
	return len(ps), false
}

func (d *driver) Advance(now int64) {
	d.machine.Advance(reliable.Time(now))
	d.changed(now)
}

func (d *driver) changed(now int64) {
	if d.cfg.Changed != nil {
		d.cfg.Changed(reliable.Time(now))
	}
}

func (d *driver) Deadline(int64) int64 { return int64(d.machine.Deadline()) }

func (d *driver) Next(now int64, _ bool) (multicast.Datagrams, bool) {
	var ok bool
	if d.batch, ok = d.machine.Next(reliable.Time(now)); !ok {
		if d.idle != nil {
			close(d.idle)
			d.idle = nil
		}
		return multicast.Datagrams{}, false
	}
	to := d.batch.To
	if !to.IsValid() {
		to = d.cfg.Group
	}
	return multicast.Datagrams{To: to, Data: d.batch.Data, Segment: d.batch.Segment}, true
}

func (d *driver) Sent() { d.machine.Sent(d.batch) }
