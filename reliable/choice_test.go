package reliable

import (
	"encoding"
	"strings"
	"testing"
)

type text interface {
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}

// Each name is parsed as the value that formats as it. The error for an unknown name lists all
// names.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		value text
		names string
	}{
		{new(Start), "latest oldest resume resume:oldest offset:7 time:2026-11-30T09:30:00Z"},
		{new(Until), "offset:7 time:2026-11-30T09:30:00.000000001Z"},
		{new(Order), "in-order on-arrival"},
		{new(Overload), "block buffer drop-oldest drop-newest"},
		{new(WhenFull), "block drop"},
		{new(Pace), "none slowest quorum:2 named:a,b teams"},
	} {
		for _, name := range strings.Fields(c.names) {
			if err := c.value.UnmarshalText([]byte(name)); err != nil {
				t.Error(err)
			}
			if got, err := c.value.MarshalText(); string(got) != name || err != nil {
				t.Errorf("%s is formatted as %s, %v", name, got, err)
			}
		}
		for _, wrong := range []string{"", "drop-", "BLOCK", "offset:-1", "offset:",
			"time:-10m", "time:x",
			"time:1066-10-14T09:00:00Z", "quorum:0", "named:", "none:"} {
			err := c.value.UnmarshalText([]byte(wrong))
			if err == nil {
				t.Errorf("%T takes %q", c.value, wrong)
			}
		}
		first, _, _ := strings.Cut(c.names, " ")
		first, _, _ = strings.Cut(first, ":")
		if err := c.value.UnmarshalText([]byte("x")); !strings.Contains(err.Error(), first) {
			t.Error(err)
		}
	}
	if got := Order(7).String(); got != "(7)" {
		t.Errorf("an unknown order is formatted as %s", got)
	}
}
