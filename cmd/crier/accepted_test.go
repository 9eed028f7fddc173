package main

import (
	"regexp"
	"testing"

	"crier/cmd/crier/cli"
)

var regexpTimes = regexp.MustCompile(
	`published 100 messages .* frames, [\d.]+ (µs|ms|s); all had gone out after [\d.]+ m?s`)

// Under a rate limit messages are accepted long before they are with the kernel: both
// times are said.
func TestPublishedAndGone(t *testing.T) {
	t.Parallel()
	pub := start(t, nil, on(testGroup(t), "pub", "--count", "100", "--size", "1000", "--max-rate",
		"2Mbit", "--linger", "50ms")...).wait(cli.ExitOK)
	if words := pub.err.String(); !regexpTimes.MatchString(words) {
		t.Error(words)
	}
}
