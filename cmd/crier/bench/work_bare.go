package bench

import (
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// maxDatagram is more than any datagram has.
const maxDatagram = 64 << 10

// bareSend is the role of a publisher without crier.
func (w *worker) bareSend() error {
	group, err := w.task.group()
	if err != nil {
		return err
	}
	source, err := newSource(w.task)
	if err != nil {
		return err
	}
	defer source.close()
	s, err := openBare(group, w.task.Interface, w.task.Wait, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := w.ready(&Ready{}); err != nil {
		return err
	}
	used := startUsage()
	s.settle()
	err = source.run(func(batch [][]byte) error {
		binary.LittleEndian.PutUint64(batch[0][stampSize:], source.sent)
		return s.write(batch[0])
	})
	if err != nil {
		return err
	}
	if err := w.sent(source.sent); err != nil {
		return err
	}
	r := &Result{Datagrams: source.sent, Calls: source.sent, Bytes: source.sent * uint64(w.task.Size)}
	used.into(r)
	source.into(r)
	return w.result(r)
}

// bareRead is the role of a subscriber without crier.
func (w *worker) bareRead() error {
	group, err := w.task.group()
	if err != nil {
		return err
	}
	s, err := openBare(group, w.task.Interface, w.task.Wait, true)
	if err != nil {
		return err
	}
	defer s.close()
	in := newSink(w.task, nil)
	var got atomic.Uint64
	var stopped atomic.Bool
	ended := make(chan error, 1)
	go func() {
		s.settle()
		ended <- bareReceive(s, in, &got, stopped.Load)
	}()
	if err := w.ready(&Ready{}); err != nil {
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
	stopped.Store(true)
	if err := s.interrupt(); err != nil {
		return err
	}
	if err := <-ended; err != nil {
		return err
	}
	in.into(r, m.Counts)
	return w.result(r)
}

func bareReceive(s *bareSocket, in *sink, got *atomic.Uint64, stop func() bool) error {
	b := make([]byte, maxDatagram)
	for {
		n, err := s.read(b, stop)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if n < stampSize+numberSize {
			continue // not ours
		}
		due := in.message(&in.flows[0], binary.LittleEndian.Uint64(b[stampSize:]), b[:n])
		in.latency.Record(time.Duration(nanos() - due))
		got.Store(in.total)
	}
}

// barePing sends, and sends again when the answer has come.
func (w *worker) barePing() error {
	out, in, err := w.openBarePair(false)
	if err != nil {
		return err
	}
	defer out.close()
	defer in.close()
	if err := w.ready(&Ready{}); err != nil {
		return err
	}
	used := startUsage()
	trips := new(trips)
	if err := trips.play(w.task, out, in); err != nil {
		return err
	}
	if err := w.sent(trips.n); err != nil {
		return err
	}
	r := new(Result)
	used.into(r)
	r.Messages, r.Latency, r.Rate = trips.n, &trips.times, float64(trips.n)/w.task.Duration.Seconds()
	return w.result(r)
}

// barePong answers.
func (w *worker) barePong() error {
	out, in, err := w.openBarePair(true)
	if err != nil {
		return err
	}
	defer out.close()
	defer in.close()
	var stopped atomic.Bool
	var got atomic.Uint64
	ended := make(chan error, 1)
	go func() {
		in.settle()
		b := make([]byte, maxDatagram)
		for {
			n, err := in.read(b, stopped.Load)
			if err == nil {
				got.Add(1)
				err = out.write(b[:n])
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	if err := w.ready(&Ready{}); err != nil {
		return err
	}
	used := startUsage()
	m, err := w.await(stepFinish)
	if err != nil {
		return err
	}
	r := new(Result)
	used.into(r)
	stopped.Store(true)
	if err := in.interrupt(); err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		return err
	}
	r.Messages = got.Load()
	r.Missing = missing(m.Counts, r.Messages)
	return w.result(r)
}

// openBarePair opens the sockets of one end: the other end's groups are the
// other way round.
func (w *worker) openBarePair(answer bool) (out, in *bareSocket, err error) {
	to, err := w.task.group()
	if err != nil {
		return nil, nil, err
	}
	from, err := w.task.back()
	if err != nil {
		return nil, nil, err
	}
	if answer {
		to, from = from, to
	}
	if in, err = openBare(from, w.task.Interface, w.task.Wait, true); err != nil {
		return nil, nil, err
	}
	if out, err = openBare(to, w.task.Interface, w.task.Wait, false); err != nil {
		in.close()
		return nil, nil, err
	}
	return out, in, nil
}
