package feed

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// Due times never go back. Where recorded ones do, the message is due at once, and the
// rest keeps its pace, on either side of the place.
func TestTimesThatGoBack(t *testing.T) {
	const ms, h = time.Millisecond, time.Hour
	for _, c := range []struct {
		name     string
		maxGap   time.Duration
		recorded []time.Duration
		due      []time.Duration
		back     uint64
		short    uint64
	}{
		{"in order", 0, []time.Duration{5 * ms, 5 * ms, 8 * ms, h},
			[]time.Duration{0, 0, 3 * ms, h - 5*ms}, 0, 0},
		{"behind a newer one", 0, []time.Duration{h, 0, 100 * ms, 200 * ms},
			[]time.Duration{0, 0, 100 * ms, 200 * ms}, 1, 0},
		{"an older one amid others", 0, []time.Duration{h, h + 100*ms, 0, h + 200*ms, h + 300*ms},
			[]time.Duration{0, 100 * ms, 100 * ms, 200 * ms, 300 * ms}, 1, 0},
		{"a clock that is set back", 0,
			[]time.Duration{h, h + 100*ms, h - 900*ms, h - 800*ms, h + 100*ms},
			[]time.Duration{0, 100 * ms, 100 * ms, 200 * ms, 1100 * ms}, 1, 0},
		{"a newer one amid others", 0, []time.Duration{0, 100 * ms, h, 200 * ms, 300 * ms},
			[]time.Duration{0, 100 * ms, h, h, h + 100*ms}, 1, 0},
		{"a newer one amid others, shortened", time.Second,
			[]time.Duration{0, 100 * ms, h, 200 * ms, 300 * ms},
			[]time.Duration{0, 100 * ms, 1100 * ms, 1100 * ms, 1200 * ms}, 1, 1},
		{"an older one amid others, not shortened", time.Second,
			[]time.Duration{h, h + 100*ms, 0, h + 200*ms},
			[]time.Duration{0, 100 * ms, 100 * ms, 200 * ms}, 1, 0},
		// Two queues of a capturing host: the pace is that of both, not of one after the other.
		{"out of order", 0, []time.Duration{0, 10 * ms, 20 * ms, 5 * ms, 15 * ms, 25 * ms, 30 * ms,
			22 * ms, 40 * ms},
			[]time.Duration{0, 10 * ms, 20 * ms, 20 * ms, 20 * ms, 25 * ms, 30 * ms, 30 * ms,
				40 * ms}, 3, 0},
		{"shortened", 50 * ms, []time.Duration{0, 50 * ms, 101 * ms, 111 * ms, h},
			[]time.Duration{0, 50 * ms, 100 * ms, 110 * ms, 160 * ms}, 0, 2},
		{"the whole range", 0, []time.Duration{math.MaxInt64, 0, math.MaxInt64 / 2, math.MaxInt64,
			0, math.MaxInt64},
			[]time.Duration{0, 0, math.MaxInt64 / 2, math.MaxInt64, math.MaxInt64,
				math.MaxInt64}, 2, 0},
	} {
		l := timeline{maxGap: c.maxGap}
		var due []time.Duration
		for _, ns := range c.recorded {
			at, _, _ := l.at(int64(ns))
			due = append(due, at)
		}
		if !slices.Equal(due, c.due) || l.back != c.back || l.shortened != c.short {
			t.Errorf("%s: due %v, want %v; %d went back, %d shortened", c.name, due, c.due,
				l.back, l.shortened)
		}
	}
}

func TestOddTimesAreTold(t *testing.T) {
	var ps []packet
	for i, at := range []time.Duration{time.Hour, 0, time.Second, 2 * time.Second, time.Minute} {
		ps = append(ps, packet{at: at, data: datagram(t, fmt.Sprint(i)),
			link: layers.LinkTypeEthernet})
	}
	got, r, err := read(t, Options{Format: "pcap", MaxGap: 5 * time.Second},
		pcap(t, layers.LinkTypeEthernet, ps...))
	if want := []message{{0, "0"}, {0, "1"}, {1e9, "2"}, {2e9, "3"}, {7e9, "4"}}; err != nil ||
		!slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if s := r.Summary(); s.TimesBack != 1 || s.GapsShortened != 1 {
		t.Errorf("%+v", s)
	}
	for i, want := range []string{
		"feed: packet 2 was recorded 1 h before one ahead of it: ",
		"feed: packet 5 comes after a silence of 58 s, which --max-gap makes 5s",
	} {
		if len(r.told) != 2 || !strings.HasPrefix(r.told[i], want) {
			t.Errorf("told %q", r.told)
		}
	}
	if w := r.Warnings(); len(w) != 2 ||
		w[0] != "feed: 1 message was recorded out of order, by at most 1 h; the pace of "+
			"the rest was kept" ||
		w[1] != "feed: 1 silence was longer than 5s, the longest 58 s: shortened" {
		t.Errorf("warnings %q", w)
	}
	// The same of lines with times.
	got, r, err = read(t, Options{Format: "timed", MaxGap: 5}, "90 a\n200000090 b\n1 c\n3 d\n")
	if want := []message{{0, "a"}, {5, "b"}, {5, "c"}, {7, "d"}}; err != nil ||
		!slices.Equal(got, want) || len(r.told) != 2 {
		t.Errorf("got %v, %v, told %q", got, err, r.told)
	}
}
