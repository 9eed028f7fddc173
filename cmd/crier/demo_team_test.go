//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/team"
	"crier/reliable"
)

// The demo of a team keeps what is promised, also in a fifth of its time.
func TestDemoTeam(t *testing.T) {
	t.Parallel()
	testGroup(t) // skips where there is no loopback interface
	var out, words bytes.Buffer
	o := team.Options{Seed: team.Seed, Share: reliable.ByPartition, JSON: true,
		Length: 4 * time.Second}
	exit, err := o.Run(t.Context(), cli.Streams{Out: &out, Err: &words})
	if err != nil || exit != cli.ExitOK {
		t.Fatalf("exit code %d, %v: %s%s", exit, err, words.String(), out.String())
	}
	var r struct {
		Published, Done, Marked int
		Workers                 []struct {
			Name, Fate string
			Done       int
		}
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Published == 0 || r.Done != r.Published || r.Marked == 0 || len(r.Workers) != 8 {
		t.Errorf("%s", out.String())
	}
}
