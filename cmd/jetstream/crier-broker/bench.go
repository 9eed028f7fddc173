package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/worker"
)

// benchmark plays a role of "crier bench teams".
func benchmark(*flag.FlagSet) func(context.Context) error {
	return func(context.Context) error { return worker.RunPeer(os.Stdin, os.Stdout, peer{}) }
}

const (
	// keep bounds a stream, in bytes: it is a ring.
	keep = 1 << 30
	// pullMost is how many messages a worker asks for ahead, the client library's default.
	pullMost = jetstream.DefaultMaxMessages
	// pending is how many messages the publisher has sent without an answer, the client library's
	// default.
	pending = 4000
	// pendingMost bounds what a worker of a queue group holds that it hasn't taken.
	pendingMost = 1 << 20
)

// peer is NATS, with JetStream where messages are stored.
type peer struct{}

// Serve runs a server.
func (peer) Serve(t *job.Task) (string, io.Closer, error) {
	dir := ""
	o := &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true}
	if t.Team.Store != job.StoreNone {
		var err error
		if dir, err = os.MkdirTemp(t.Team.Dir, "crier-bench-"); err != nil {
			return "", nil, err
		}
		o.JetStream, o.StoreDir = true, dir
	}
	s, err := server.NewServer(o)
	if err != nil {
		return "", nil, err
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		s.Shutdown()
		return "", nil, errors.New("it takes no connections")
	}
	return s.ClientURL(), closer(func() error {
		s.Shutdown()
		s.WaitForShutdown()
		if dir == "" {
			return nil
		}
		return os.RemoveAll(dir)
	}), nil
}

type closer func() error

func (c closer) Close() error { return c() }

// link is a connection, with JetStream where messages are stored.
type link struct {
	nc    *nats.Conn
	js    jetstream.JetStream
	stop  func()
	t     *job.Task
	asked context.Context
}

func dial(t *job.Task) (*link, error) {
	nc, err := connect(t.Team.Server)
	if err != nil {
		return nil, err
	}
	l := &link{nc: nc, t: t, stop: func() {}}
	if t.Team.Store == job.StoreNone {
		return l, nil
	}
	l.js, err = jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(pending))
	return l, err
}

func (l *link) Ready() *job.Ready { return &job.Ready{} }

func (l *link) Close() error {
	l.stop()
	l.nc.Close()
	return nil
}

// Into adds nothing: neither side counts datagrams.
func (l *link) Into(*job.Result) {}

// producer publishes without waiting for each answer.
type producer struct{ *link }

func (peer) Publisher(t *job.Task) (worker.Carrier, error) {
	l, err := dial(t)
	return producer{l}, err
}

func (p producer) Publish(batch [][]byte) error {
	for _, m := range batch {
		if p.js == nil {
			if err := p.nc.Publish(stream, m); err != nil {
				return err
			}
			continue
		}
		// The library keeps the message until it is acknowledged.
		m = append([]byte(nil), m...)
		for {
			_, err := p.js.PublishAsync(stream, m)
			if err == nil {
				break
			}
			if !errors.Is(err, jetstream.ErrTooManyStalledMsgs) {
				return err
			}
		}
	}
	return nil
}

func (p producer) Flush() error {
	if p.js == nil {
		return p.nc.Flush()
	}
	select {
	case <-p.js.PublishAsyncComplete():
		return nil
	case <-time.After(patience):
		return errors.New("the server doesn't acknowledge what was published")
	}
}

// Member starts a worker: one of a queue group, or of a pull consumer that all share and that
// wants each message acknowledged.
func (peer) Member(t *job.Task, handle func([]byte, bool)) (worker.Member, error) {
	l, err := dial(t)
	if err != nil {
		return nil, err
	}
	if l.js == nil {
		sub, err := l.nc.QueueSubscribe(stream, job.TeamName,
			func(m *nats.Msg) { handle(m.Data, false) })
		if err != nil {
			return nil, err
		}
		if err := sub.SetPendingLimits(pendingMost, -1); err != nil {
			return nil, err
		}
		return l, l.nc.Flush()
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cfg := jetstream.StreamConfig{Name: stream, Subjects: []string{stream}, MaxBytes: keep,
		Discard: jetstream.DiscardOld, Storage: jetstream.FileStorage}
	if t.Team.Store == job.StoreMemory {
		// In memory a stream that drops what is acknowledged is faster than a ring, in files
		// slower: each has what is better for it.
		cfg.Storage, cfg.Retention = jetstream.MemoryStorage, jetstream.WorkQueuePolicy
	}
	s, err := l.js.CreateOrUpdateStream(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c, err := s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: job.TeamName, AckPolicy: jetstream.AckExplicitPolicy,
		MaxAckPending: t.Team.Room * t.Readers,
	})
	if err != nil {
		return nil, err
	}
	going, err := c.Consume(func(m jetstream.Msg) {
		meta, err := m.Metadata()
		handle(m.Data(), err != nil || meta.NumDelivered > 1)
		m.Ack()
	}, jetstream.PullMaxMessages(pullMost))
	if err != nil {
		return nil, err
	}
	l.stop = going.Stop
	return l, nil
}
