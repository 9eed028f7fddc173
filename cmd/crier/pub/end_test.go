package pub

import (
	"strings"
	"testing"

	"crier/publisher"
)

// Where frames are owed and subscribers still asked, the last words tell both.
func TestMissingEndsWithWhatIsOwed(t *testing.T) {
	var asks publisher.Subscriber
	asks.Name, asks.Asks = "deaf", true
	e := outcome{list: []publisher.Subscriber{asks}}
	e.stats.EndLeft, e.stats.Asking, e.stats.Owed = true, 1, 3
	lines := strings.Split(strings.TrimSpace(e.missing()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "subscriber deaf (") ||
		!strings.Contains(lines[1], "3 frames were asked for and not yet repaired") ||
		!strings.Contains(lines[1], "and 1 subscriber had asked for some within the last") {
		t.Errorf("%q", lines)
	}
}
