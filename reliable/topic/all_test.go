package topic

import (
	"strings"
	"testing"
)

// All has the groups that Group names one by one.
func TestAll(t *testing.T) {
	l := Layout{Partitions: MaxPartitions, Groups: MaxGroups}
	name := strings.Repeat("x", 255)
	for i, g := range l.All(name) {
		if g != l.at(name, i) {
			t.Errorf("group %d is %v", i, g)
		}
	}
}
