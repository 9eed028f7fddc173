package rig

import (
	"fmt"
	"log/slog"
	"testing"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/lan"
	"crier/testnet/link"
)

// LAN is a simulated LAN with a publisher's host, 10.77.0.1, and others, on which the
// whole library runs in a bubble's virtual time. It fails its test where anything
// doesn't open.
type LAN struct {
	Pub *lan.Host    // the publisher's
	Log *slog.Logger // of all that is opened from now on; Quiet at first

	t   testing.TB
	lan *lan.LAN
}

// NewLAN returns a LAN of such links, each with a generator of its own from the seed.
func NewLAN(t testing.TB, link link.Config, seed uint64) *LAN {
	t.Helper()
	lan, err := lan.New(lan.Config{Seed: seed, Link: link})
	if err != nil {
		t.Fatal(err)
	}
	l := &LAN{t: t, lan: lan, Log: Quiet}
	l.Pub = l.Host(1)
	return l
}

// Host returns a new host, 10.77.0.n.
func (l *LAN) Host(n int) *lan.Host {
	l.t.Helper()
	h, err := l.lan.Host(fmt.Sprintf("10.77.0.%d", n))
	if err != nil {
		l.t.Fatal(err)
	}
	return h
}

// Publisher opens a publisher on the publisher's host. Its resend buffer is of 4 MiB
// unless cfg has another size.
func (l *LAN) Publisher(cfg publisher.Config) *publisher.Publisher {
	l.t.Helper()
	cfg.Link.Network, cfg.Interface, cfg.Logger = l.Pub, "eth0", l.Log
	if cfg.Retention.ResendBuffer == 0 {
		cfg.Retention.ResendBuffer = 4 << 20
	}
	p, err := publisher.New(cfg)
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// Subscriber opens a subscriber on a host.
func (l *LAN) Subscriber(host *lan.Host, cfg subscriber.Config) *subscriber.Subscriber {
	l.t.Helper()
	cfg.Link.Network, cfg.Interface, cfg.Logger = host, "eth0", l.Log
	s, err := subscriber.New(cfg)
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

// Way returns the path from the publisher's host to another.
func (l *LAN) Way(host *lan.Host) *lan.Path { return l.lan.Link(l.Pub, host) }

// Back returns the path from another host to the publisher's.
func (l *LAN) Back(host *lan.Host) *lan.Path { return l.lan.Link(host, l.Pub) }

// Drop drops datagrams on the way to a host, by a script that counts from now (a
// session begins with SESSION and HEARTBEAT). Without a script it drops none.
func (l *LAN) Drop(host *lan.Host, script string) {
	l.t.Helper()
	var loss link.Script
	if script != "" {
		var err error
		if loss, err = link.ParseScript(script); err != nil {
			l.t.Fatal(err)
		}
	}
	if err := l.Way(host).SetLoss(loss); err != nil {
		l.t.Fatal(err)
	}
}

// Close ends the LAN.
func (l *LAN) Close() {
	l.t.Helper()
	if err := l.lan.Close(); err != nil {
		l.t.Error(err)
	}
}
