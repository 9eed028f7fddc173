package subscriber_test

import (
	"context"
	"testing"
	"time"

	"crier/publisher"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// nearLink is a link without loss.
var nearLink = link.Config{Delay: link.FixedDelay(100 * time.Microsecond)}

// lossyLink returns a link that loses datagrams with a probability of p.
func lossyLink(p float64) link.Config {
	return link.Config{Delay: nearLink.Delay, Loss: link.Bernoulli{P: p}}
}

// record returns the datagrams that a publisher sends. The first one announces the session.
func record(t testing.TB, cfg publisher.Config, publish func(*publisher.Publisher)) [][]byte {
	t.Helper()
	n := rig.NewNetwork(rig.All)
	n.Keep = true
	cfg.Retention.ResendBuffer = 4 << 20
	p := n.Publisher(t, cfg)
	publish(p)
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	sent := n.Sent()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no subscriber will ask for repairs
	if err := p.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	return sent
}
