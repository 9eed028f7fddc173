package sub

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crier/subscriber"
)

// A pursuit predicts its end by the rates so far, tells it once, and again when it is over.
func TestPursuit(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name                 string
		behind, served, live float64 // in MiB, and a second
		seconds              int
		want                 []string
	}{
		{name: "ends", behind: 7800, served: 128, live: 40, seconds: 100, want: []string{
			"7.27 GiB behind, 128 MiB/s served, 40 MiB/s live: 84.6 s",
			"4.7 GiB behind, 128 MiB/s served, 40 MiB/s live: 54.6 s",
			"2.12 GiB behind, 128 MiB/s served, 40 MiB/s live: 24.6 s",
			"caught up after 84 s; 84.6 s were predicted",
		}},
		{name: "never", behind: 1000, served: 30, live: 40, seconds: 20, want: []string{
			"1.04 GiB behind, 30 MiB/s served, 40 MiB/s live: it never catches up at this rate; " +
				"raise crier record --serve-rate, or read faster",
		}},
		{name: "short", behind: 100, served: 90, live: 1, seconds: 5},
		{name: "none", behind: 0, served: 40, live: 40, seconds: 5},
	} {
		p := &pursuit{}
		var told []string
		start := time.Unix(1e9, 0)
		behind, delivered, known := c.behind*mib, 0.0, 1e12
		for i := range c.seconds {
			at := start.Add(time.Duration(i) * time.Second)
			if words := p.add(sample{at, behind, delivered, known}); words != "" {
				told = append(told, words)
			}
			served := min(c.served, behind/mib+c.live) * mib
			delivered += served
			known += c.live * mib
			behind += c.live*mib - served
		}
		if !slices.Equal(told, c.want) {
			t.Errorf("%s: told\n%s\nwant\n%s", c.name, strings.Join(told, "\n"),
				strings.Join(c.want, "\n"))
		}
		if s := p.summary(); (s != nil) != (c.name == "ends") ||
			s != nil && max(s.Took, s.Predicted)-min(s.Took, s.Predicted) > int64(time.Second) {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
	s := sampleOf(time.Time{}, []subscriber.Session{
		{Delivered: 10, DeliveredBytes: 1000, NextOffset: 30, Lag: 5},
		{Delivered: 1, DeliveredBytes: 7, NextOffset: 9, Lag: 5, End: subscriber.EndBye},
		{NextOffset: 100, Lag: 100},
	})
	if s.behind != 500 || s.delivered != 1007 || s.known != 3063 {
		t.Errorf("%+v", s)
	}
}
