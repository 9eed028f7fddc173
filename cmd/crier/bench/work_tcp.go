package bench

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"crier/multicast"
)

const (
	// tcpBuffer is how many bytes gather before they are written, when the
	// publisher is flat out.
	tcpBuffer = 64 << 10
	// tcpHead is a message's length, little endian, before it.
	tcpHead = 4
)

// tcpSend is a publisher that sends each message to each subscriber over a
// connection of its own, without delay (TCP_NODELAY is Go's default). Messages
// are encoded once and written as often as there are subscribers; each at once
// when they have due times, else when the buffer is full.
func (w *worker) tcpSend() error {
	source, err := newSource(w.task)
	if err != nil {
		return err
	}
	defer source.close()
	var conns []net.Conn
	for _, peer := range w.task.Peers {
		c, err := net.DialTimeout("tcp", peer, stepPatience)
		if err != nil {
			return err
		}
		defer c.Close()
		conns = append(conns, c)
	}
	if err := w.ready(&Ready{}); err != nil {
		return err
	}
	used := startUsage()
	r := new(Result)
	var b []byte
	flush := func() error {
		for _, c := range conns {
			if _, err := c.Write(b); err != nil {
				return err
			}
			r.Bytes += uint64(len(b))
			r.Calls++
		}
		b = b[:0]
		return nil
	}
	err = source.run(func(batch [][]byte) error {
		for _, m := range batch {
			b = binary.LittleEndian.AppendUint32(b, uint32(len(m)))
			b = append(b, m...)
			if w.task.Rate > 0 || len(b) >= tcpBuffer {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	if err := w.sent(source.sent); err != nil {
		return err
	}
	used.into(r)
	source.into(r)
	return w.result(r)
}

// tcpRead is a subscriber that a publisher connects to.
func (w *worker) tcpRead() error {
	ifi, err := multicast.ResolveInterface(w.task.Interface)
	if err != nil {
		return err
	}
	group, err := w.task.group()
	if err != nil {
		return err
	}
	addr, err := multicast.SourceAddr(ifi, group.Addr(), netip.Addr{})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", netip.AddrPortFrom(addr, 0).String())
	if err != nil {
		return err
	}
	defer l.Close()
	in := newSink(w.task, nil)
	var got atomic.Uint64
	accepted, ended := make(chan net.Conn, 1), make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			ended <- err
			return
		}
		accepted <- c
		ended <- tcpReceive(c, w.task, in, &got)
	}()
	if err := w.ready(&Ready{Address: l.Addr().String(), MTU: ifi.MTU}); err != nil {
		return err
	}
	used := startUsage()
	m, err := w.await(stepFinish)
	if err != nil {
		return err
	}
	if err := settle(func() (uint64, bool) { n := got.Load(); return n, missing(m.Counts, n) == 0 }); err != nil {
		return err
	}
	r := new(Result)
	used.into(r)
	l.Close()
	select {
	case c := <-accepted:
		c.Close()
	default: // nobody came
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
		return err
	}
	in.into(r, m.Counts)
	return w.result(r)
}

// tcpReceive reads until the connection is closed. Messages are views of the
// reader's buffer.
func tcpReceive(c net.Conn, t *Task, in *sink, got *atomic.Uint64) error {
	r := bufio.NewReaderSize(c, max(tcpBuffer, tcpHead+t.Size))
	for number := uint64(0); ; number++ {
		b, err := r.Peek(tcpHead + t.Size)
		if err != nil {
			return err
		}
		if n := binary.LittleEndian.Uint32(b); int(n) != t.Size {
			return fmt.Errorf("a message has %d bytes, not %d", n, t.Size)
		}
		if due := in.message(&in.flows[0], number, b[tcpHead:]); due != 0 {
			in.latency.Record(time.Duration(nanos() - due))
		}
		if _, err := r.Discard(len(b)); err != nil {
			return err
		}
		got.Store(number + 1)
	}
}
