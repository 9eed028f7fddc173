package sub

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/subscriber"
)

func TestTotals(t *testing.T) {
	one := subscriber.Session{ID: 1, Name: "feed", Source: netip.MustParseAddrPort("10.77.0.1:7701"),
		Delivered: 12345, DeliveredBytes: 100_000, Lost: 1, Recovered: 20, Nacks: 30, Lag: 4}
	two := subscriber.Session{ID: 2, Delivered: 5, Lost: 2, Nacks: 1, Lag: 9, End: subscriber.EndBye}
	unnamed := one
	unnamed.Name, unnamed.End = "", subscriber.EndSilent
	asking := one
	asking.Inquest = true
	asking2 := asking
	asking2.ID = 2
	part := one
	part.Lag, part.End = 9, subscriber.EndBye
	for want, sessions := range map[string][]subscriber.Session{
		"no session yet, 3 s": nil,
		"12,345 messages, 1 k/s, 1 lost, 20 recovered, lag 4, feed":                   {one},
		"12,345 messages, 1 k/s, 1 lost, 20 recovered, lag 0, silent, 10.77.0.1:7701": {unnamed},
		"12,350 messages, 1 k/s, 3 lost, 20 recovered, lag 4, 2 sessions, 1 open":     {one, two},
		"12,345 messages, 1 k/s, 1 lost, 20 recovered, lag 4, an inquest, feed":       {asking},
		"24,690 messages, 1 k/s, 2 lost, 40 recovered, lag 8, 2 inquests, 2 sessions": {asking,
			asking2},
		"24,690 messages, 1 k/s, 2 lost, 40 recovered, lag 4, feed": {part, one}, // partitions
	} {
		all := sum(sessions)
		if got := all.progress(1000, 3*time.Second); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	before, now := sum([]subscriber.Session{one}), sum([]subscriber.Session{one, two})
	now.messages, now.bytes, now.kernelDrops = now.messages+2000, now.bytes+1_000_000, 7
	got := strings.Join(now.figures(&before, 2*time.Second), " ")
	if want := "1 k 4 M 2 0 1 4 7 1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	// One that is forgotten takes its numbers with it.
	none := sum(nil)
	if got := strings.Join(none.figures(&before, time.Second), " "); got != "0 0 0 0 0 0 0 0" {
		t.Error(got)
	}
}
