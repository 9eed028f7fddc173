package scenario

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed builtin/*.yaml
var files embed.FS

// order is that in which the built-in scenarios are listed: from the plain to the
// strange.
var order = []string{
	"clean", "loss-1pct", "bursts", "microburst", "crash", "restart", "partition", "pause",
	"slow-consumer", "overload-drop", "overload-drop-oldest", "overload-disk", "overload-block",
	"dead-subscriber",
	"late-join", "crybaby", "implosion", "growing", "storm", "wifi", "tossim", "starlink",
	"market-open", "crash-recorder", "recorder-dies", "recorder-disk-full", "resume",
	"late-join-from-log", "restart-continue", "fork", "crash-bare", "crash-peers",
	"survivor-dies", "survivors-split", "survivors-chain", "wakes-in-inquest", "crash-1000",
	"partitions", "feeds-ab", "feeds-one-dies", "discovery-storm",
	"team-even", "team-rollout", "team-crash", "team-zombie", "team-one-way", "team-split",
	"team-deaf", "team-two-publishers", "team-publisher-restarts", "team-publisher-dies",
	"work-slow", "work-poison",
}

// Builtins are the names of the built-in scenarios.
func Builtins() []string { return order }

// BuiltinText returns the file of a built-in scenario.
func BuiltinText(name string) ([]byte, error) {
	text, err := files.ReadFile(path.Join("builtin", name+".yaml"))
	if err != nil {
		return nil, fmt.Errorf("there is no scenario %q; there are %s", name,
			strings.Join(order, ", "))
	}
	return text, nil
}

// Builtin returns a built-in scenario.
func Builtin(name string) (*Scenario, error) {
	text, err := BuiltinText(name)
	if err != nil {
		return nil, err
	}
	return Parse(name, text)
}
