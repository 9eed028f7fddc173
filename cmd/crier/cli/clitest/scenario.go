package clitest

import (
	"os"
	"path/filepath"
	"testing"
)

// SmallScenario is a scenario that takes milliseconds to play.
const SmallScenario = `story: |
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

// ScenarioFile writes a scenario, and returns its path.
func ScenarioFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "small.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
