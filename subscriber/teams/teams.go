// Package teams asks publishers about the teams that share their messages.
package teams

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/team/watch"
	"crier/subscriber/directory/node"
)

// Link configures the use of the interface. Its Wait, ControlPort and buffers mean nothing here.
type Link = multicast.LinkConfig

// A Publisher is one to ask: by its own address, and its session, or 0 for whichever it has.
type Publisher = watch.Target

// An Answer is what a publisher says of a team. Nothing of it is proven: whoever can send to the
// network can make it up. Names may have any characters: quote them for a terminal.
type Answer = watch.Answer

// A Member is a member of a team, and a Partition what is done of a partition.
type (
	Member    = watch.Member
	Partition = watch.Row
)

// Share is how the members of a team share its work, and GrantState how a partition is held.
type (
	Share      = frame.Share
	GrantState = frame.GrantState
)

const (
	// ByPartition gives each partition to one member, and ByMessage each message.
	ByPartition Share = frame.ByPartition
	ByMessage   Share = frame.ByMessage
	// GiveBack means that the owner of a partition is to give it back.
	GiveBack GrantState = frame.GiveBack
)

// Refusal says why a publisher has nothing to tell.
type Refusal = frame.Refusal

const (
	// NoTeams means that the publisher grants nothing.
	NoTeams Refusal = frame.NoTeams
	// NoTeam means that it has no such team.
	NoTeam Refusal = frame.NoTeam
)

// Wait is the time within which publishers answer, 1.4 s.
const Wait = watch.Wait

// Config configures a Client. The zero value asks by the loopback interface.
type Config struct {
	// Interface is the network interface's name or one of its addresses. The default is the
	// loopback interface.
	Interface string
	// Link configures the use of the interface.
	Link Link
	// Logger gets messages for the operator; nil means none are logged.
	Logger *slog.Logger
}

// A Client asks publishers about teams. It is safe for concurrent use; questions are asked one
// after another.
type Client struct {
	node *node.Node
	// The node's lock guards what follows.
	watcher *watch.Watcher
	over    chan struct{}

	asking sync.Mutex
}

// New opens a socket. An error about the configuration is a *config.Error with the field's name and
// the reason. Other errors are the system's.
func New(cfg Config) (*Client, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if cfg.Link, err = cfg.Link.Complete(); err != nil {
		return nil, err
	}
	if cfg.Interface == "" {
		cfg.Interface = node.Loopback()
	}
	var id [8]byte
	rand.Read(id[:]) // never fails
	c := &Client{watcher: watch.New(binary.NativeEndian.Uint64(id[:]))}
	c.node, err = node.Open(node.Config{Interface: cfg.Interface, Link: cfg.Link, Alone: true,
		Start: time.Now(), Logger: cfg.Logger, Changed: c.changed,
	}, func() (node.Machine, error) { return c.watcher, nil })
	if err != nil {
		return nil, err
	}
	return c, nil
}

// changed notes that all have answered. The caller holds the lock.
func (c *Client) changed(now reliable.Time) {
	if c.over != nil && c.watcher.Over(now) {
		close(c.over)
		c.over = nil
	}
}

// Ask asks publishers about a team, each again if it doesn't answer, for up to Wait or until ctx
// ends, whose error it then returns. It returns the answers in the order of the publishers, and
// those that didn't answer.
func (c *Client) Ask(ctx context.Context, team string, of []Publisher) (
	answers []Answer, silent []Publisher, err error,
) {
	return c.ask(ctx, team, of, false)
}

// Forget has publishers forget a team without members: what it has done is forgotten, and what it
// hasn't isn't held for it any more. It returns as Ask does. A publisher that has forgotten the
// team answers with NoTeam.
func (c *Client) Forget(ctx context.Context, team string, of []Publisher) (
	answers []Answer, silent []Publisher, err error,
) {
	return c.ask(ctx, team, of, true)
}

func (c *Client) ask(ctx context.Context, team string, of []Publisher, forget bool) (
	answers []Answer, silent []Publisher, err error,
) {
	c.asking.Lock()
	defer c.asking.Unlock()
	over := make(chan struct{})
	c.node.Lock()
	c.over = over
	c.watcher.Ask(c.node.Now(), team, forget, of)
	c.node.Settle()
	timer := time.NewTimer(Wait)
	defer timer.Stop()
	if len(of) > 0 {
		select {
		case <-over:
		case <-timer.C:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	c.node.Lock()
	defer c.node.Unlock()
	c.over = nil
	answers, silent = c.watcher.Answers()
	return answers, silent, err
}

// Close closes the socket.
func (c *Client) Close() error { return c.node.Close(nil) }
