package worker

import (
	"errors"
	"net"
	"sync/atomic"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/multicast"
)

// flood sends datagrams, without a protocol, as fast as the window allows.
func flood(w *worker) error {
	group, err := w.task.GroupAddr()
	if err != nil {
		return err
	}
	p, err := w.task.OpenProgress()
	if err != nil {
		return err
	}
	defer p.Close()
	timer, err := multicast.Kernel.Timer()
	if err != nil {
		return err
	}
	defer timer.Close()
	c, err := w.network.Socket(multicast.SocketConfig{
		Interface: w.task.Interface, Group: group, TTL: 1,
		NoOffload: w.task.Send != job.SendOffload, Logger: w.log,
	})
	if err != nil {
		return err
	}
	defer c.Close()
	batch := job.FloodBatch
	if w.task.Send == job.SendPlain {
		batch = 1
	}
	size := w.task.Size
	data := filler(size * batch)
	st := c.Stats()
	limit := &window{progress: p, size: w.task.Window, timer: timer, bare: true}
	sent := uint64(0)
	return w.send(readyOf(&st), func() (uint64, error) {
		for until := time.Now().Add(w.task.Duration); time.Now().Before(until); {
			n := min(limit.room(sent, until), uint64(batch))
			if n == 0 {
				break
			}
			if err := multicast.WriteAll(c, group, data[:int(n)*size], size); err != nil {
				return sent, err
			}
			sent += n
		}
		return sent, nil
	}, func(r *job.Result) {
		r.Messages = sent
		wrote(r, &multicast.ConnStats{}, new(c.Stats()))
	})
}

// readyOf is the description of a socket.
func readyOf(st *multicast.ConnStats) *job.Ready {
	return &job.Ready{MTU: st.MTU, ReadBuffer: st.ReadBuffer, WriteBuffer: st.WriteBuffer}
}

// wrote notes the datagrams that a socket has sent between two looks at its counters.
func wrote(r *job.Result, before, after *multicast.ConnStats) {
	r.Datagrams = after.Sent - before.Sent
	r.Bytes = after.SentBytes - before.SentBytes
	r.Calls = after.Writes - before.Writes
	r.SendErrors = after.SendErrors - before.SendErrors
}

// drain counts datagrams.
func drain(w *worker) error {
	group, err := w.task.GroupAddr()
	if err != nil {
		return err
	}
	p, err := w.task.OpenProgress()
	if err != nil {
		return err
	}
	defer p.Close()
	c, err := w.network.Group(multicast.GroupConfig{Group: group, Interface: w.task.Interface,
		Logger: w.log})
	if err != nil {
		return err
	}
	defer c.Close()
	st := c.Stats()
	in := newSink(w.task, p)
	var got atomic.Uint64
	var drops uint64
	return w.receive(receiver{
		ready:   readyOf(&st),
		run:     func() error { return drainAll(c, in, &got) },
		arrived: settleCount(&got),
		stop:    func() error { drops = c.Stats().KernelDrops; return c.Close() },
		into:    func(r *job.Result, counts []uint64) { r.KernelDrops = drops; in.into(r, counts) },
	})
}

// drainAll reads until the socket is closed. All that came at once is counted at
// once.
func drainAll(c multicast.Conn, in *sink, got *atomic.Uint64) error {
	ps := make([]multicast.Packet, 512)
	counter := in.origins[0].counter
	for {
		n, err := c.Read(ps)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		in.total += uint64(n)
		in.lastAt, in.lastCount = time.Now(), in.total
		if in.firstAt.IsZero() {
			in.firstAt = in.lastAt
		}
		counter.Set(in.total)
		got.Store(in.total)
	}
}
