package main

import (
	"os"
	"path/filepath"
	"testing"
)

// simSmall is a scenario that takes milliseconds to play.
const simSmall = `story: |
  Three subscribers, one of them far away.
  It is small.
duration: 1s
publishers:
  - name: feed
    rate: 200/s
subscribers:
  - name: near
    count: 2
    down: {delay: 1ms, loss: 5%}
    up: {delay: 1ms}
  - name: far
    down: {delay: 20ms, loss: 10%}
    up: {delay: 20ms}
`

// simFile writes a scenario, and returns its path.
func simFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "small.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
