package sub

import (
	"strings"
	"testing"

	"crier/subscriber"
)

// The help names every cause.
func TestHelpNamesTheCauses(t *testing.T) {
	page := Command().Page(80)
	for c := subscriber.Cause(1); !strings.HasPrefix(c.String(), "cause "); c++ {
		if !strings.Contains(page, "  "+c.String()+"  ") {
			t.Errorf("crier help sub doesn't explain %q", c)
		}
	}
}
