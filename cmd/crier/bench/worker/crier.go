package worker

import (
	"context"
	"errors"
	"fmt"
	"io"

	"crier/cmd/crier/bench/job"
	"crier/publisher"
	"crier/subscriber"
)

// crier is the Peer that is crier itself.
type crier struct{ w *worker }

// Serve isn't called: there is no broker.
func (crier) Serve(*job.Task) (string, io.Closer, error) {
	return "", nil, errors.New("crier has no broker")
}

// leader is a publisher with a team.
type leader struct {
	*publisher.Publisher
	before publisher.Stats
	send   func(batch [][]byte) error
}

func (c crier) Publisher(t *job.Task) (Carrier, error) {
	cfg, err := c.w.publisherConfig()
	if err != nil {
		return nil, err
	}
	cfg.Flow.Pace = publisher.PaceTeams()
	cfg.Teams.Lease = t.Team.Lease
	p, err := publisher.New(cfg)
	if err != nil {
		return nil, err
	}
	meet(p, t.Readers)
	l := &leader{Publisher: p, before: p.Stats()}
	l.send = func(batch [][]byte) error { return hand(context.Background(), p, batch) }
	if s := &t.Shape; s.Key > 0 {
		l.send = newKeyed(s, p).send
	}
	return l, nil
}

func (l *leader) Publish(batch [][]byte) error { return l.send(batch) }

func (l *leader) Flush() error { return l.Publisher.Flush(context.Background()) }

func (l *leader) Ready() *job.Ready {
	ready := readyOf(&l.before.Socket)
	ready.Datagram = l.Datagram()
	return ready
}

func (l *leader) Into(r *job.Result) {
	after := l.Stats()
	wrote(r, &l.before.Socket, &after.Socket)
	r.Nacks, r.Repairs = after.Nacks-l.before.Nacks, after.Repairs-l.before.Repairs
}

// Close ends the session: all workers have reported.
func (l *leader) Close() error {
	leave(l.Publisher)
	return nil
}

// joined is a subscriber in a team.
type joined struct {
	*subscriber.Subscriber
	before subscriber.Stats
}

func (c crier) Member(t *job.Task, handle func([]byte, bool)) (Member, error) {
	return c.w.join(func(ev *subscriber.Event) {
		if ev.Kind == subscriber.Message {
			handle(ev.Payload, ev.Attempt() > 1 || ev.Orphan())
		}
	})
}

// join joins the team. A message is done when handle has returned.
func (w *worker) join(handle func(*subscriber.Event)) (*joined, error) {
	cfg, err := w.subscriberConfig()
	if err != nil {
		return nil, err
	}
	cfg.Team, cfg.Name = job.TeamName, fmt.Sprintf("worker-%d", w.task.Index)
	if err := cfg.Share.UnmarshalText([]byte(w.task.Team.Share)); err != nil {
		return nil, err
	}
	if w.task.Team.Share == job.ShareMessage {
		cfg.Room = w.task.Team.Room
	}
	cfg.Handler = handle
	s, err := subscriber.New(cfg)
	if err != nil {
		return nil, err
	}
	return &joined{s, s.Stats()}, nil
}

func (j *joined) Ready() *job.Ready {
	return &job.Ready{MTU: j.before.Groups[0].MTU, ReadBuffer: j.before.Groups[0].ReadBuffer,
		WriteBuffer: j.before.Socket.WriteBuffer}
}

func (j *joined) Into(r *job.Result) {
	for _, session := range j.Sessions() {
		r.Nacks += session.Nacks
		r.Repairs += session.Repairs
	}
	r.KernelDrops = j.Stats().Sockets().KernelDrops - j.before.Sockets().KernelDrops
}
