package bench

import (
	"context"
	"time"

	"crier/multicast"
	"crier/publisher"
)

const (
	// meetPatience is how long a publisher waits to have heard of all its
	// subscribers before it begins.
	meetPatience = 3 * time.Second
	meetPoll     = 5 * time.Millisecond
)

// publisherConfig is what the task says of a publisher.
func (w *worker) publisherConfig() (publisher.Config, error) {
	group, err := w.task.group()
	if err != nil {
		return publisher.Config{}, err
	}
	wait, err := multicast.ParseWait(w.task.Wait)
	if wait == publisher.WaitSpin {
		// The schedule spins already, and a publisher waits for NACKs only.
		wait = publisher.WaitBlock
	}
	return publisher.Config{
		Group: group, Interface: w.task.Interface, Session: w.task.Sessions[w.task.Index],
		NoOffload: !w.task.Offload, Wait: wait, Network: w.network, Logger: w.log,
	}, err
}

// publish is the role of a publisher.
func (w *worker) publish() error {
	cfg, err := w.publisherConfig()
	if err != nil {
		return err
	}
	source, err := newSource(w.task)
	if err != nil {
		return err
	}
	defer source.close()
	p, err := publisher.New(cfg)
	if err != nil {
		return err
	}
	defer leave(p)
	for until := time.Now().Add(meetPatience); p.Stats().Members < w.task.Readers && time.Now().Before(until); {
		time.Sleep(meetPoll)
	}
	st := p.Stats().Socket
	if err := w.ready(&Ready{MTU: st.MTU, ReadBuffer: st.ReadBuffer, WriteBuffer: st.WriteBuffer, Datagram: p.Datagram()}); err != nil {
		return err
	}
	before := p.Stats()
	used := startUsage()
	ctx := context.Background()
	err = source.run(func(batch [][]byte) error {
		if len(batch) == 1 {
			_, err := p.Publish(ctx, batch[0])
			return err
		}
		_, err := p.PublishBatch(ctx, batch)
		return err
	})
	if err != nil {
		return err
	}
	if err := p.Flush(ctx); err != nil {
		return err
	}
	if err := w.sent(source.sent); err != nil {
		return err
	}
	r := new(Result)
	used.into(r)
	source.into(r)
	after := p.Stats()
	r.Datagrams = after.Socket.Sent - before.Socket.Sent
	r.Bytes = after.Socket.SentBytes - before.Socket.SentBytes
	r.Calls = after.Socket.Writes - before.Socket.Writes
	r.SendErrors = after.Socket.SendErrors - before.Socket.SendErrors
	r.Nacks, r.Repairs = after.Nacks-before.Nacks, after.Repairs-before.Repairs
	return w.result(r)
}

// leave ends a session of which nobody needs a repair any more.
func leave(p *publisher.Publisher) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_ = p.Shutdown(ctx) // all subscribers have said what they got
}
