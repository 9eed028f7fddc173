package teams

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"crier/multicast"
	"crier/reliable/config"
	"crier/reliable/team/watch"
	"crier/reliable/topic"
	"crier/subscriber/directory/node"
)

// FindTime is how long Find listens, 1.35 s: each publisher tells of its session three times in it.
const FindTime = 1350 * time.Millisecond

// Find returns the publishers of a topic that are heard at its home group within FindTime, or
// until ctx ends, whose error it then returns too: also those that aren't announced. The group
// follows from the topic's name if base is the zero value. An error about the configuration is a
// *config.Error with the field's name and the reason. Other errors are the system's.
func Find(ctx context.Context, cfg Config, name string, base netip.AddrPort) ([]Publisher, error) {
	if err := topic.Check(name); err != nil {
		return nil, config.Errorf("Topic", "%v", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if cfg.Link, err = cfg.Link.Complete(); err != nil {
		return nil, err
	}
	group := topic.Home(name, base)
	if cfg.Interface == "" {
		cfg.Interface = multicast.Loopback(group)
	}
	finder := watch.NewFinder(name)
	n, err := node.Open(node.Config{Interface: cfg.Interface, Group: group, Link: cfg.Link,
		Start: time.Now(), Logger: cfg.Logger,
	}, func() (node.Machine, error) { return finder, nil })
	if err != nil {
		return nil, err
	}
	defer n.Close(nil)
	timer := time.NewTimer(FindTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	n.Lock()
	defer n.Unlock()
	return finder.Found(), err
}
