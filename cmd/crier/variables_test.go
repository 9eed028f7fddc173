package main

import (
	"strings"
	"testing"

	"crier/cmd/crier/cli"
)

// The environment has defaults of --group and --iface. A wrong one is named, and a flag wins.
func TestVariables(t *testing.T) {
	t.Setenv("CRIER_GROUP", "10.1.2.3:7700")
	wantRefusal(t, start(t, nil, "pub"), cli.ExitUsage, "CRIER_GROUP 10.1.2.3:7700",
		"not a multicast address")
	wantRefusal(t, start(t, nil, "sub"), cli.ExitUsage, "CRIER_GROUP 10.1.2.3:7700",
		"not a multicast address")
	wantRefusal(t, start(t, nil, "sub", "--group", "239.1.2.3:0"), cli.ExitUsage,
		"--group 239.1.2.3:0")

	group := testGroup(t)[1]
	t.Setenv("CRIER_GROUP", group)
	t.Setenv("CRIER_IFACE", "nosuch0")
	for _, args := range []string{"pub", "sub", "bench latency", "bench serve"} {
		got := start(t, nil, strings.Fields(args)...).wait(cli.ExitUsage).err.String()
		want := "crier " + args + ": CRIER_IFACE nosuch0 does not exist; there are lo"
		if !strings.HasPrefix(got, want) {
			t.Error(got)
		}
	}
	wantRefusal(t, start(t, nil, "sub", "--iface", "nosuch1"), cli.ExitUsage, "--iface nosuch1")
	// Its benchmarks say --net.
	start(t, nil, "bench", "all", "--list", "--net", "lo", "--out", ".").wait(cli.ExitOK)

	t.Setenv("CRIER_IFACE", "lo")
	sub := start(t, nil, "sub", "--count", "1").listening()
	start(t, nil, "pub", "--count", "1").wait(cli.ExitOK)
	words := sub.wait(cli.ExitOK).err.String()
	if !strings.Contains(words, group+" by interface lo") ||
		strings.Contains(words, "CRIER_") || strings.Contains(words, "--iface") {
		t.Error(words)
	}
	// What is given again comes in place of the variable's.
	other := testGroup(t)[1]
	sub = start(t, nil, "sub", "--group", other, "--count", "1").listening()
	start(t, nil, "pub", "--group", other, "--count", "1").wait(cli.ExitOK)
	if words := sub.wait(cli.ExitOK).err.String(); strings.Contains(words, group) {
		t.Error(words)
	}
	for _, args := range []string{"pub", "sub"} {
		page := strings.Join(strings.Fields(start(t, nil, "help", args).wait(0).out.String()), " ")
		for _, want := range []string{"(default: $CRIER_GROUP, or 239.77.0.1:7700)",
			"(default: $CRIER_IFACE, or lo)"} {
			if !strings.Contains(page, want) {
				t.Errorf("crier help %s doesn't say %s", args, want)
			}
		}
	}
}
