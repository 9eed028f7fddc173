package directory

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/directory"
	"crier/reliable/topic"
	"crier/subscriber/directory/node"
)

// Link configures the use of the interface, as in a publisher.Config. Its Wait, ControlPort and
// buffers mean nothing here.
type Link = multicast.LinkConfig

// ListTime is how long after a Client began nearly all publishers have answered, 1.35 s.
const ListTime = directory.ListTime

// Config configures a Client. The zero value finds all topics on the loopback interface.
type Config struct {
	// Pattern selects topics by name: '*' stands for any run of characters. Empty means all.
	Pattern string
	// Interface is the network interface's name or one of its addresses. The default is the
	// loopback interface.
	Interface string
	// Link configures the use of the interface.
	Link Link
	// Logger gets messages for the operator; nil means none are logged.
	Logger *slog.Logger
}

// A Client knows the topics that are announced. It is safe for concurrent use.
type Client struct {
	node *node.Node
	// The node's lock guards listener.
	listener *directory.Listener
	start    time.Time
	// version is the one that was last told, under the node's lock, and news is replaced when
	// there is another.
	version uint64
	news    chan struct{}
	// listed is closed after ListTime, and closed by Close.
	listed, closed chan struct{}
	timer          *time.Timer
	closing        sync.Once
	err            error
}

// New opens the sockets, and asks all publishers for their topics. An error about the
// configuration is a *config.Error with the field's name and the reason. Other errors are the
// system's.
func New(cfg Config) (*Client, error) {
	if cfg.Pattern == "" {
		cfg.Pattern = "*"
	}
	pattern, err := topic.ParsePattern(cfg.Pattern)
	if err != nil {
		return nil, config.Errorf("Pattern", "%v", err)
	}
	if cfg.Interface == "" {
		cfg.Interface = multicast.Loopback(topic.Directory)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Link, err = cfg.Link.Complete(); err != nil {
		return nil, err
	}
	c := &Client{start: time.Now(), news: make(chan struct{}), listed: make(chan struct{}),
		closed: make(chan struct{})}
	c.node, err = node.Open(node.Config{
		Interface: cfg.Interface, Link: cfg.Link, Start: c.start, Logger: cfg.Logger,
		Changed:  c.changed,
		Restored: func(now reliable.Time) { c.listener.Ask(now) },
	}, func() (node.Machine, error) {
		var seed [16]byte
		rand.Read(seed[:]) // never fails
		var err error
		c.listener, err = directory.NewListener(directory.ListenerConfig{
			ID: binary.NativeEndian.Uint64(seed[:8]) | 1, Pattern: pattern,
			Seed: binary.NativeEndian.Uint64(seed[8:]), Spread: time.Second,
			Start: reliable.Time(time.Since(c.start)),
		})
		return c.listener, err
	})
	if err != nil {
		return nil, err
	}
	c.timer = time.AfterFunc(ListTime, func() { close(c.listed) })
	return c, nil
}

// List returns the topics of a Config, once there was time for nearly all answers: after ListTime,
// or when ctx ends, whose error it then returns too.
func List(ctx context.Context, cfg Config) ([]Entry, error) {
	c, err := New(cfg)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	err = c.Wait(ctx)
	return c.Entries(), err
}

// Wait returns once there was time for nearly all answers to the first question, or with an error
// when ctx ends.
func (c *Client) Wait(ctx context.Context) error {
	select {
	case <-c.listed:
	case <-c.closed:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// changed notes that the machine may have changed. The caller holds the lock.
func (c *Client) changed(reliable.Time) {
	if v := c.listener.Version(); v != c.version {
		c.version = v
		close(c.news)
		c.news = make(chan struct{})
	}
}

// rows returns the table's rows in order, and a channel that is closed when it changes.
func (c *Client) rows() ([]directory.Row, <-chan struct{}) {
	c.node.Lock()
	rows := make([]directory.Row, 0, c.listener.Stats().Rows)
	for row := range c.listener.Rows() {
		rows = append(rows, *row)
	}
	news := c.news
	c.node.Unlock()
	slices.SortFunc(rows, directory.Compare)
	return rows, news
}

// Entries returns the publishers that are known whose topics match, in the order of topics,
// publishers' names and addresses.
func (c *Client) Entries() []Entry {
	rows, _ := c.rows()
	return c.entries(rows)
}

func (c *Client) entries(rows []directory.Row) []Entry {
	list := make([]Entry, len(rows))
	for i := range rows {
		list[i] = c.entry(&rows[i])
	}
	return list
}

// Conflicts returns the conflicts between the publishers that are known, up to 64.
func (c *Client) Conflicts() []Conflict {
	rows, _ := c.rows()
	var list []Conflict
	for _, one := range directory.Conflicts(rows) {
		list = append(list, Conflict{one.Kind, c.entry(&one.A), c.entry(&one.B), one.Group})
	}
	return list
}

// settle is the least time between two looks for changes.
const settle = 100 * time.Millisecond

// Changes yields what changes: first each publisher that is known already as found, and then on,
// until ctx ends or the Client is closed. What changes and changes back within 100 ms may be left
// out.
func (c *Client) Changes(ctx context.Context) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		var before []Entry
		for {
			rows, news := c.rows()
			after := c.entries(rows)
			for _, change := range changes(before, after) {
				if !yield(change) {
					return
				}
			}
			before = after
			if !sleep(ctx, c.closed, news) || !sleep(ctx, c.closed, time.After(settle)) {
				return
			}
		}
	}
}

// sleep waits for a channel, and reports false if ctx ends or the Client is closed.
func sleep[T any](ctx context.Context, closed <-chan struct{}, until <-chan T) bool {
	select {
	case <-until:
		return true
	case <-ctx.Done():
	case <-closed:
	}
	return false
}

// Stats counts what a Client asked and heard.
type Stats struct {
	directory.ListenerStats
	node.Stats
}

// Stats returns the counters so far.
func (c *Client) Stats() Stats {
	c.node.Lock()
	defer c.node.Unlock()
	return Stats{c.listener.Stats(), c.node.Stats()}
}

// Close closes the sockets. No goroutine is left when it returns.
func (c *Client) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		c.timer.Stop()
		c.err = c.node.Close(nil)
	})
	return c.err
}
