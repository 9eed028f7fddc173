package worker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/hist"
	"crier/publisher"
	"crier/subscriber"
)

// tripPatience is how long an answer may take.
const tripPatience = 10 * time.Second

// trips times round trips, one after the other.
type trips struct {
	times   hist.Histogram
	n       uint64
	began   time.Time // of the latest
	lasting time.Duration
}

func (t *trips) into(r *job.Result) {
	r.Messages, r.Latency, r.Rate = t.n, &t.times, float64(t.n)/t.lasting.Seconds()
}

// play exchanges datagrams over bare sockets until the time is over.
func (t *trips) play(task *job.Task, out, in *bareSocket) error {
	in.settle()
	message, b := filler(task.Size), make([]byte, maxDatagram)
	for until := time.Now().Add(task.Duration); ; {
		now := time.Now()
		if !now.Before(until) {
			return nil
		}
		binary.LittleEndian.PutUint64(message, t.n)
		if err := out.write(message); err != nil {
			return err
		}
		late := func() bool { return time.Since(now) > tripPatience }
		if t.n&1023 == 0 { // seldom: it is a cost that the exchange doesn't have
			if err := in.patience(tripPatience); err != nil {
				return err
			}
		}
		if _, err := in.read(b, late); err != nil {
			return fmt.Errorf("no answer to message %d: %w", t.n, err)
		}
		t.times.Record(time.Since(now))
		t.n++
	}
}

// endpoint is one end of an exchange by crier: it publishes to one group and
// listens to the other.
type endpoint struct {
	pub *publisher.Publisher
	sub *subscriber.Subscriber
}

// openEndpoint opens one. Answers come from a session whose id is the other's,
// inverted.
func (w *worker) openEndpoint(answer bool,
	handle func(*endpoint, *subscriber.Event)) (*endpoint, error) {
	to, err := w.task.GroupAddr()
	if err != nil {
		return nil, err
	}
	from, err := w.task.BackAddr()
	if err != nil {
		return nil, err
	}
	session := subscriber.SessionID(w.task.Sessions[0])
	if answer {
		to, from, session = from, to, ^session
	}
	cfg, err := w.publisherConfig()
	if err != nil {
		return nil, err
	}
	cfg.Group, cfg.Session = to, session
	_, wait, err := w.task.Waits()
	if err != nil {
		return nil, err
	}
	link := cfg.Link
	link.Wait = wait
	e := new(endpoint)
	if e.pub, err = publisher.New(cfg); err != nil {
		return nil, err
	}
	e.sub, err = subscriber.New(subscriber.Config{
		Groups: []netip.AddrPort{from}, Interface: w.task.Interface, Link: link,
		Logger: w.log,
		Handler: func(ev *subscriber.Event) {
			if ev.Kind == subscriber.Message && ev.Session == ^session {
				handle(e, ev)
			}
		},
	})
	if err != nil {
		leave(e.pub)
		return nil, err
	}
	return e, nil
}

func (e *endpoint) close() {
	e.sub.Close()
	leave(e.pub)
}

func (e *endpoint) ready() *job.Ready {
	st := e.sub.Stats()
	return &job.Ready{MTU: st.Groups[0].MTU, ReadBuffer: st.Groups[0].ReadBuffer,
		WriteBuffer: e.pub.Stats().Socket.WriteBuffer, Datagram: e.pub.Datagram()}
}

// pinger is the end that asks. Its lock is between the goroutine that begins
// and the one that calls the Handler.
type pinger struct {
	mu      sync.Mutex
	trips   trips
	message []byte
	until   time.Time
	done    chan error
}

// send sends the next message, or ends it all.
func (p *pinger) send(e *endpoint) {
	now := time.Now()
	if !now.Before(p.until) {
		p.done <- nil
		return
	}
	p.trips.began = now
	binary.LittleEndian.PutUint64(p.message, p.trips.n)
	if _, err := e.pub.Publish(context.Background(), p.message); err != nil {
		p.done <- err
	}
}

// answer takes an answer, and sends again: from the Handler, which is where an
// application would.
func (p *pinger) answer(e *endpoint, ev *subscriber.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &p.trips
	if len(ev.Payload) < job.StampSize || binary.LittleEndian.Uint64(ev.Payload) != t.n {
		return // not to the latest
	}
	t.times.Record(time.Since(t.began))
	t.n++
	p.send(e)
}

// ping plays the role of the end that asks.
func ping(w *worker) error {
	p := &pinger{message: filler(w.task.Size), done: make(chan error, 2)}
	e, err := w.openEndpoint(false, p.answer)
	if err != nil {
		return err
	}
	defer e.close()
	meet(e.pub, 1)
	return w.send(e.ready(), func() (uint64, error) {
		p.mu.Lock()
		p.trips.lasting = w.task.Duration
		p.until = time.Now().Add(w.task.Duration)
		p.send(e)
		p.mu.Unlock()
		select {
		case err := <-p.done:
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.trips.n, err
		case <-time.After(w.task.Duration + tripPatience):
			return 0, errors.New("an answer didn't come")
		case <-w.ended:
			return 0, errors.New("the coordinator has gone")
		}
	}, func(r *job.Result) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.trips.into(r)
	})
}

// pong answers each message with itself.
func pong(w *worker) error {
	var got atomic.Uint64
	e, err := w.openEndpoint(true, func(e *endpoint, ev *subscriber.Event) {
		got.Add(1)
		// it fails only after Close; the other end notices
		_, _ = e.pub.Publish(context.Background(), ev.Payload)
	})
	if err != nil {
		return err
	}
	defer e.close()
	return w.receive(receiver{ready: e.ready(), into: answered(&got)})
}

// answered is the report of an end that answers.
func answered(got *atomic.Uint64) func(*job.Result, []uint64) {
	return func(r *job.Result, counts []uint64) {
		r.Messages = got.Load()
		r.Missing = missing(counts, r.Messages)
	}
}
