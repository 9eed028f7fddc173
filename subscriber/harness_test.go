package subscriber_test

import (
	"context"
	"testing"

	"crier/publisher"
	"crier/testnet/rig"
)

// record returns the datagrams that a publisher sends, the first of which
// announces the session.
func record(t testing.TB, cfg publisher.Config, publish func(*publisher.Publisher)) [][]byte {
	t.Helper()
	n := rig.NewNetwork(rig.All)
	n.Keep = true
	cfg.Retention.Memory = 4 << 20
	p := n.Publisher(t, cfg)
	publish(p)
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	sent := n.Sent()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nobody will ask for anything
	if err := p.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	return sent
}
