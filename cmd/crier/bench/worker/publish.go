package worker

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/publisher"
)

const (
	// meetPatience is how long a publisher waits to have heard of all its
	// subscribers before it begins.
	meetPatience = 3 * time.Second
	meetPoll     = 5 * time.Millisecond
)

// publisherConfig returns the configuration that the task asks for.
func (w *worker) publisherConfig() (publisher.Config, error) {
	group, err := w.task.GroupAddr()
	if err != nil {
		return publisher.Config{}, err
	}
	wait, _, err := w.task.Waits()
	cfg := publisher.Config{
		Group: group, Interface: w.task.Interface,
		Session:   publisher.SessionID(w.task.Sessions[w.task.Index]),
		Link:      publisher.Link{NoOffload: !w.task.Offload, Wait: wait, Network: w.network},
		Logger:    w.log,
		Retention: publisher.Retention{ResendBuffer: w.task.Pressure.ResendBuffer},
	}
	if w.task.Pressure.Drop {
		cfg.Flow.WhenFull = publisher.Drop
	}
	if s := &w.task.Shape; s.Partitions > 1 || w.task.Shared() {
		cfg.Topic, cfg.NoAnnounce = job.ShapeTopic, true
		cfg.Partitions, cfg.Groups = s.Partitions, s.Groups
	}
	feeds, wrong := w.task.FeedsOf()
	if feeds != nil {
		cfg.Feeds, cfg.Group, cfg.Interface = feeds, netip.AddrPort{}, ""
	}
	err = errors.Join(err, wrong)
	if w.task.Checked() {
		cfg.Flow.Pace = publisher.Named(slowName)
		cfg.Repair.Floor = w.task.Pressure.RepairFloor
		cfg.Retention.Disk, cfg.Retention.DiskDir = w.task.Pressure.Disk, w.task.Pressure.DiskDir
	}
	return cfg, err
}

// publish plays the role of a publisher.
func publish(w *worker) error {
	cfg, err := w.publisherConfig()
	if err != nil {
		return err
	}
	if w.task.Recording.Own {
		l, err := newLog(w.task)
		if err != nil {
			return err
		}
		defer l.remove()
		cfg.Record = publisher.Record{
			Dir: l.dir, Keep: publisher.Keep{Bytes: l.keep}, Fsync: l.fsync,
		}
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
	meet(p, w.task.Readers+w.task.Slow)
	before := p.Stats()
	ready := readyOf(&before.Socket)
	ready.Datagram = p.Datagram()
	ctx := context.Background()
	send := func(batch [][]byte) error { return hand(ctx, p, batch) }
	if s := &w.task.Shape; s.Alone || s.Key > 0 || s.Header > 0 {
		send = newKeyed(s, p).send
	}
	var at idle
	return w.send(ready, func() (uint64, error) {
		err := source.run(send)
		if err == nil {
			err = p.Flush(ctx)
		}
		at.watch(p, w.task.Shape.Idle)
		return source.sent, err
	}, func(r *job.Result) {
		source.into(r)
		r.IdleSent, r.IdleHeard = at.sent, at.heard
		after := p.Stats()
		wrote(r, &before.Socket, &after.Socket)
		r.Nacks, r.Repairs = after.Nacks-before.Nacks, after.Repairs-before.Repairs
	})
}

// hand publishes a batch. Messages that are dropped for want of room are missing in the end.
func hand(ctx context.Context, p *publisher.Publisher, batch [][]byte) (err error) {
	if len(batch) == 1 {
		_, err = p.Publish(ctx, batch[0])
	} else {
		_, err = p.PublishBatch(ctx, batch)
	}
	if err == publisher.ErrDropped {
		return nil
	}
	return err
}

// meet waits until all subscribers have been heard, so that the first message needs no repair.
func meet(p *publisher.Publisher, subscribers int) {
	for until := time.Now().Add(meetPatience); p.Stats().Members < subscribers &&
		time.Now().Before(until); {
		time.Sleep(meetPoll)
	}
}

// leave ends a session that needs no more repairs.
func leave(p *publisher.Publisher) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_ = p.Shutdown(ctx) // all subscribers have reported
}
