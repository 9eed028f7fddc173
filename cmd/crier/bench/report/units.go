package report

import "crier/cmd/crier/cli"

// countText formats a counter's value, of which most cells have none.
func countText(n uint64) string {
	if n == 0 {
		return "-"
	}
	return cli.Grouped(n)
}

// measuredText formats a figure that most cells don't have.
func measuredText(n float64, text func(float64) string) string {
	if n == 0 {
		return "-"
	}
	return text(n)
}
