package link

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestNoiseLosesWhatItDrowns(t *testing.T) {
	m := NoiseLoss{Noise: []int16{-98, -70, -80}, Interval: time.Millisecond, Threshold: -80}
	for _, c := range []struct {
		name   string
		loop   bool
		offset time.Duration
		want   []bool // one every half millisecond
	}{
		{"ends", false, 0, []bool{false, false, true, true, false, false, false, false, false,
			false}},
		{"loops", true, 0, []bool{false, false, true, true, false, false, false, false, true,
			true}},
		{"starts later", false, time.Millisecond,
			[]bool{true, true, false, false, false, false, false, false, false, false}},
		{"starts behind the end", false, time.Hour, make([]bool, 10)},
		{"starts at the longest offset", true, math.MaxInt64 - 807*time.Nanosecond, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := m
			m.Loop, m.Offset = c.loop, c.offset
			got := lossesOf(t, mustLink(t, Config{Loss: m}, 1), 10, ms/2)
			if c.want != nil && !slices.Equal(got, c.want) {
				t.Errorf("lost %v, not %v", got, c.want)
			}
		})
	}
}

// It goes by the time at which a datagram leaves, not by when it was handed over.
func TestNoiseIsThatOfTheTimeOfLeaving(t *testing.T) {
	m := NoiseLoss{Noise: []int16{-98, -98, 0, -98}, Interval: time.Millisecond, Threshold: -80}
	l := mustLink(t, Config{Loss: m, Rate: 8_000_000}, 1) // 1,000 bytes take 1 ms
	var lost []bool
	for range 3 {
		out := l.Send(0, 1000)
		lost = append(lost, out.Drop == DropLoss)
	}
	if !slices.Equal(lost, []bool{false, true, false}) {
		t.Errorf("lost %v; the second leaves at 2ms, into the noise", lost)
	}
}

func TestMeyerHeavyNoiseAtThreeThresholds(t *testing.T) {
	noise, err := ReadNoise(record(t, "tossim-meyer-heavy.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	var before []bool
	for _, c := range []struct {
		threshold int
		percent   float64
		burst     int
	}{
		{-75, 3.05, 0},
		{-80, 4.56, 25},
		{-85, 51.5, 0},
	} {
		m := NoiseLoss{Noise: noise, Interval: time.Millisecond, Threshold: c.threshold}
		lost := lossesOf(t, mustLink(t, Config{Loss: m}, 1), len(noise), ms)
		got := 100 * float64(countLost(lost)) / float64(len(lost))
		if math.Abs(got-c.percent) > 0.05 {
			t.Errorf("threshold %d: %.2f %% lost, not %.2f %%", c.threshold, got, c.percent)
		}
		longest, run := 0, 0
		for i, l := range lost {
			if run++; !l {
				run = 0
			}
			longest = max(longest, run)
			// One record for several receivers: the worse one loses what the better one loses.
			if before != nil && before[i] && !l {
				t.Fatalf("threshold %d: packet %d is not lost, though it is at a higher threshold",
					c.threshold, i)
			}
		}
		if c.burst > 0 && longest != c.burst {
			t.Errorf("threshold %d: the longest burst is %d, not %d", c.threshold, longest, c.burst)
		}
		before = lost
	}
}
