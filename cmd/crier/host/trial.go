package host

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"crier/multicast"
)

// A Trial is what the kernel granted to sockets like those that crier opens, and what came to
// them meanwhile.
type Trial struct {
	// GroupErr and SocketErr say why a socket could not be opened.
	GroupErr, SocketErr error
	// ReadBuffer and WriteBuffer are what was granted, and Asked what was asked for.
	ReadBuffer, WriteBuffer, Asked int
	// Cut says that the kernel, or the card, cuts large writes into datagrams, and Uneven that
	// this kernel is known to damage those that are all of one length.
	Cut, Uneven bool
	// Heard lists who sent to the group.
	Heard []Sender
	// Dropped counts what the kernel dropped at the group's socket.
	Dropped uint64
}

// Sender is somebody who sent to the group.
type Sender struct {
	From      netip.AddrPort
	Datagrams uint64
	// First is the first of them.
	First []byte
}

// mostHeard bounds the senders that are told apart, and mostFirst what is kept of each.
const (
	mostHeard = 64
	mostFirst = 2048
)

// Try joins the group and opens a unicast socket, as crier does, calls joined, whether that
// succeeded or not, and listens until ctx ends. Nothing is sent to the group. Link has the sizes
// and the port.
func Try(ctx context.Context, about About, link multicast.LinkConfig, joined func()) Trial {
	t := Trial{Asked: link.ReadBuffer}
	group := t.open(about, link)
	joined()
	if group == nil {
		return t
	}
	var wait sync.WaitGroup
	wait.Go(func() { t.listen(group) })
	<-ctx.Done()
	t.Dropped = group.Stats().KernelDrops
	group.Close()
	wait.Wait()
	return t
}

// open opens the sockets, and returns that of the group, or nil.
func (t *Trial) open(about About, link multicast.LinkConfig) multicast.Conn {
	link, err := link.Complete()
	if err != nil {
		t.SocketErr, t.GroupErr = err, err
		return nil
	}
	if t.Asked == 0 {
		t.Asked = 8 << 20
	}
	socket, err := link.Socket(multicast.SocketConfig{
		Interface: about.Interface, Group: about.Group,
	})
	if err != nil {
		t.SocketErr = err
	} else {
		t.WriteBuffer = socket.Stats().WriteBuffer
		if s, ok := socket.(multicast.Segmenter); ok {
			t.Cut, t.Uneven = s.Segments()
		}
		socket.Close()
	}
	group, err := link.Group(multicast.GroupConfig{
		Interface: about.Interface, Group: about.Group,
	})
	if err != nil {
		t.GroupErr = err
		return nil
	}
	t.ReadBuffer = group.Stats().ReadBuffer
	return group
}

// listen takes note of senders until the socket is closed.
func (t *Trial) listen(group multicast.Conn) {
	packets := make([]multicast.Packet, 64)
	for {
		n, err := group.Read(packets)
		if err != nil {
			return
		}
		for _, p := range packets[:n] {
			t.hear(p)
		}
	}
}

func (t *Trial) hear(p multicast.Packet) {
	i := slices.IndexFunc(t.Heard, func(s Sender) bool { return s.From == p.From })
	if i < 0 {
		if len(t.Heard) == mostHeard {
			return
		}
		first := slices.Clone(p.Data[:min(len(p.Data), mostFirst)])
		t.Heard = append(t.Heard, Sender{From: p.From, First: first})
		i = len(t.Heard) - 1
	}
	t.Heard[i].Datagrams++
}
