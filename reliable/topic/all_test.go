package topic

import (
	"strings"
	"testing"
	"time"
)

// The groups of a topic take one look at its name, however many there are: whoever announces
// topics chooses their names.
func TestAllHashesOnce(t *testing.T) {
	l := Layout{Partitions: MaxPartitions, Groups: MaxGroups}
	cost := func(name string) time.Duration {
		least := time.Hour
		for range 100 {
			start := time.Now()
			l.All(name)
			least = min(least, time.Since(start))
		}
		return least
	}
	long := strings.Repeat("x", 255)
	if short, all := cost("x"), cost(long); all > 4*short {
		t.Errorf("the groups of a long name take %v, those of a short one %v", all, short)
	}
	for i, g := range l.All(long) {
		if g != l.at(long, i) {
			t.Errorf("group %d is %v", i, g)
		}
	}
}
