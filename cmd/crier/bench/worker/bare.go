package worker

import (
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"crier/cmd/crier/bench/job"
)

// maxDatagram is more than any datagram has.
const maxDatagram = 64 << 10

// bareSend plays the role of a publisher without crier.
func bareSend(w *worker) error {
	group, err := w.task.GroupAddr()
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
	return w.send(&job.Ready{}, func() (uint64, error) {
		s.settle()
		err := source.run(func(batch [][]byte) error {
			binary.LittleEndian.PutUint64(batch[0][job.StampSize:], source.sent)
			return s.write(batch[0])
		})
		return source.sent, err
	}, func(r *job.Result) {
		r.Datagrams, r.Calls, r.Bytes = source.sent, source.sent, source.sent*uint64(w.task.Size)
		source.into(r)
	})
}

// bareRead plays the role of a subscriber without crier.
func bareRead(w *worker) error {
	group, err := w.task.GroupAddr()
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
	return w.receive(receiver{
		ready:   &job.Ready{},
		run:     func() error { return bareReceive(s, in, &got, stopped.Load) },
		arrived: settleCount(&got),
		stop:    func() error { stopped.Store(true); return s.interrupt() },
		into:    in.into,
	})
}

func bareReceive(s *bareSocket, in *sink, got *atomic.Uint64, stop func() bool) error {
	s.settle()
	b := make([]byte, maxDatagram)
	for {
		n, err := s.read(b, stop)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if n < job.StampSize+job.NumberSize {
			continue // not ours
		}
		due := in.message(&in.flows[0], binary.LittleEndian.Uint64(b[job.StampSize:]), b[:n])
		in.latency.Record(time.Duration(nanos() - due))
		got.Store(in.total)
	}
}

// barePing sends, and sends again when the answer has come.
func barePing(w *worker) error {
	out, in, err := w.openBarePair(false)
	if err != nil {
		return err
	}
	defer out.close()
	defer in.close()
	t := &trips{lasting: w.task.Duration}
	return w.send(&job.Ready{}, func() (uint64, error) {
		err := t.play(w.task, out, in)
		return t.n, err
	}, t.into)
}

// barePong answers.
func barePong(w *worker) error {
	out, in, err := w.openBarePair(true)
	if err != nil {
		return err
	}
	defer out.close()
	defer in.close()
	var stopped atomic.Bool
	var got atomic.Uint64
	return w.receive(receiver{
		ready: &job.Ready{},
		run:   func() error { return bareAnswer(out, in, &got, stopped.Load) },
		stop:  func() error { stopped.Store(true); return in.interrupt() },
		into:  answered(&got),
	})
}

func bareAnswer(out, in *bareSocket, got *atomic.Uint64, stop func() bool) error {
	in.settle()
	b := make([]byte, maxDatagram)
	for {
		n, err := in.read(b, stop)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err == nil {
			got.Add(1)
			err = out.write(b[:n])
		}
		if err != nil {
			return err
		}
	}
}

// openBarePair opens the sockets of one end: the other end's groups are the
// other way round.
func (w *worker) openBarePair(answer bool) (out, in *bareSocket, err error) {
	to, err := w.task.GroupAddr()
	if err != nil {
		return nil, nil, err
	}
	from, err := w.task.BackAddr()
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
