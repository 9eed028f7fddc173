package sim

import (
	"context"
	"testing"

	"crier/testnet/scenario"
)

// BenchmarkSim plays whole built-in scenarios as crier sim run does, measured and
// checked. An operation is a run; deliveries are datagrams that reach a process.
func BenchmarkSim(b *testing.B) {
	for _, name := range []string{"loss-1pct", "implosion"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			delivered := uint64(0)
			for b.Loop() {
				r, err := playSim(context.Background(), name, 1)
				if err != nil {
					b.Fatal(err)
				}
				delivered += r.World.Delivered
			}
			b.ReportMetric(float64(delivered)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// playSim plays a built-in scenario.
func playSim(ctx context.Context, name string, seed uint64) (*Result, error) {
	s, err := scenario.Builtin(name)
	if err != nil {
		return nil, err
	}
	return play(ctx, s, (&source{}).options(seed))
}
