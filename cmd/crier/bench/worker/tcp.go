package worker

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

	"crier/cmd/crier/bench/job"
	"crier/multicast"
)

const (
	// tcpBuffer is the size of a write of a publisher that is flat out, in bytes.
	tcpBuffer = 64 << 10
	// tcpHead is a message's length, little endian, before it.
	tcpHead = 4
	// tcpPatience is how long a connection may take.
	tcpPatience = 10 * time.Second
)

// tcpSend plays a publisher that sends each message to each subscriber over a
// connection of its own, without delay (TCP_NODELAY is Go's default). Messages
// are encoded once and written as often as there are subscribers; each at once
// when they have due times, else when the buffer is full.
func tcpSend(w *worker) error {
	source, err := newSource(w.task)
	if err != nil {
		return err
	}
	defer source.close()
	var conns []net.Conn
	for _, peer := range w.task.Peers {
		c, err := net.DialTimeout("tcp", peer, tcpPatience)
		if err != nil {
			return err
		}
		defer c.Close()
		conns = append(conns, c)
	}
	var bytes, calls uint64
	var b []byte
	flush := func() error {
		for _, c := range conns {
			if _, err := c.Write(b); err != nil {
				return err
			}
			bytes += uint64(len(b))
			calls++
		}
		b = b[:0]
		return nil
	}
	return w.send(&job.Ready{}, func() (uint64, error) {
		err := source.run(func(batch [][]byte) error {
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
		return source.sent, err
	}, func(r *job.Result) {
		source.into(r)
		r.Bytes, r.Calls = bytes, calls
	})
}

// tcpRead plays a subscriber that a publisher connects to.
func tcpRead(w *worker) error {
	ifi, err := multicast.ResolveInterface(w.task.Interface)
	if err != nil {
		return err
	}
	group, err := w.task.GroupAddr()
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
	accepted := make(chan net.Conn, 1)
	return w.receive(receiver{
		ready: &job.Ready{Address: l.Addr().String(), MTU: ifi.MTU},
		run: func() error {
			c, err := l.Accept()
			if err == nil {
				accepted <- c
				err = tcpReceive(c, w.task, in, &got)
			}
			if errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
				return nil
			}
			return err
		},
		arrived: settleCount(&got),
		stop: func() error {
			l.Close() // again when all is done
			select {
			case c := <-accepted:
				return c.Close()
			default: // no connection came
				return nil
			}
		},
		into: in.into,
	})
}

// tcpReceive reads until the connection is closed. Messages are views of the
// reader's buffer.
func tcpReceive(c net.Conn, t *job.Task, in *sink, got *atomic.Uint64) error {
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
