package link

import (
	"math"
	"slices"
	"testing"
)

// Receivers of one sender differ widely, and lose nearly independently.
func TestRutgersLinksAreReplayed(t *testing.T) {
	links, err := ReadRutgers(record(t, "rutgers-orbit-multireceiver-noise0_-10_-20.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(links) != 3*29*28 {
		t.Fatalf("%d links, not 3 noise levels of 29 nodes with 28 receivers each", len(links))
	}
	lossless, some, dead := 0, 0, 0
	for _, l := range links {
		if len(l.Lost) != 300 {
			t.Fatalf("%s to %s at %d dBm: %d packets, not 300", l.Sender, l.Receiver, l.Noise,
				len(l.Lost))
		}
		switch n := countLost(l.Lost); n {
		case 0:
			lossless++
		case 300:
			dead++
		default:
			some++
		}
		got := lossesOf(t, mustLink(t, Config{Loss: TraceLoss{Lost: l.Lost}}, 1), 300, 1)
		if !slices.Equal(got, l.Lost) {
			t.Fatalf("%s to %s at %d dBm is not replayed", l.Sender, l.Receiver, l.Noise)
		}
	}
	if lossless == 0 || some == 0 || dead == 0 {
		t.Errorf("%d lossless links, %d lossy, %d dead: receivers should differ", lossless, some,
			dead)
	}

	// Correlation of losses between two receivers of one sender, for pairs of
	// links that lose 5 to 50 %: the mean over all pairs is near 0.
	var sum float64
	pairs := 0
	for i, a := range links {
		for _, b := range links[i+1:] {
			if a.Sender != b.Sender || a.Noise != b.Noise {
				continue
			}
			pa, pb := float64(countLost(a.Lost))/300, float64(countLost(b.Lost))/300
			if pa < 0.05 || pb < 0.05 || pa > 0.5 || pb > 0.5 {
				continue
			}
			both := 0
			for k := range a.Lost {
				if a.Lost[k] && b.Lost[k] {
					both++
				}
			}
			sum += (float64(both)/300 - pa*pb) / math.Sqrt(pa*(1-pa)*pb*(1-pb))
			pairs++
		}
	}
	if mean := sum / float64(pairs); pairs < 50 || math.Abs(mean) > 0.2 {
		t.Errorf("losses correlate by %.2f over %d pairs", mean, pairs)
	}
}
