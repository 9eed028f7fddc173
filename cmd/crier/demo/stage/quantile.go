package stage

import (
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
)

// P50 returns a median for people, or - if there is none.
func P50(q *hist.Quantiles) string {
	if q == nil {
		return "-"
	}
	return cli.Duration(time.Duration(q.P50))
}

// P99 returns a 99th percentile for people, or - if there is none.
func P99(q *hist.Quantiles) string {
	if q == nil {
		return "-"
	}
	return cli.Duration(time.Duration(q.P99))
}
