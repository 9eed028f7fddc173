package link

import (
	"slices"
	"testing"
	"time"
)

func TestTraceLossReplaysTheRecord(t *testing.T) {
	record := []bool{false, true, true, false, true}
	once := lossesOf(t, mustLink(t, Config{Loss: TraceLoss{Lost: record}}, 1), 12, 1)
	if want := append(slices.Clone(record), make([]bool, 7)...); !slices.Equal(once, want) {
		t.Errorf("lost %v, not the record and then nothing", once)
	}
	loop := lossesOf(t, mustLink(t, Config{Loss: TraceLoss{Lost: record, Loop: true}}, 1), 12, 1)
	if want := slices.Concat(record, record, record[:2]); !slices.Equal(loop, want) {
		t.Errorf("lost %v, not the record again and again", loop)
	}
}

func TestTraceDelayReplaysTheRecord(t *testing.T) {
	record := []time.Duration{5, 100, 0}
	got := delaysOf(t, TraceDelay{Delays: record}, 5)
	if want := []int64{5, 100, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("delays %v, not %v", got, want)
	}
	got = delaysOf(t, TraceDelay{Delays: record, Loop: true}, 5)
	if want := []int64{5, 100, 0, 5, 100}; !slices.Equal(got, want) {
		t.Errorf("delays %v, not %v", got, want)
	}
}

func TestLinksShareARecordButNotTheirPlaceInIt(t *testing.T) {
	shared := Config{Loss: TraceLoss{Lost: []bool{true, false, true, false}}}
	a, b := mustLink(t, shared, 1), mustLink(t, shared, 2)
	lossesOf(t, a, 3, 1)
	if got := lossesOf(t, b, 4, 1); !slices.Equal(got, []bool{true, false, true, false}) {
		t.Errorf("lost %v", got)
	}
}

// Loss and delay were recorded together: datagram n has line n of both.
func TestStarlinkIsReplayedPacketByPacket(t *testing.T) {
	for _, c := range []struct {
		direction        string
		lost, overtaking int
	}{
		{"down", 33, 96},
		{"up", 4, 219},
	} {
		t.Run(c.direction, func(t *testing.T) {
			lost, err := ReadBits(record(t, "starlink-irtt10ms-"+c.direction+"link-loss.txt.gz"))
			if err != nil {
				t.Fatal(err)
			}
			delays, err := ReadDelays(record(t,
				"starlink-irtt10ms-"+c.direction+"link-delay.txt.gz"))
			if err != nil {
				t.Fatal(err)
			}
			if len(lost) != 10_000 || len(delays) != 10_000 || countLost(lost) != c.lost {
				t.Fatalf("%d packets of which %d are lost, and %d delays", len(lost),
					countLost(lost), len(delays))
			}
			l := mustLink(t, Config{Loss: TraceLoss{Lost: lost}, Delay: TraceDelay{Delays: delays},
				Unordered: true}, 1)
			for i := range lost {
				now := int64(i) * 10 * ms
				out := l.Send(now, 100)
				if lost[i] != (out.Drop == DropLoss) {
					t.Fatalf("packet %d: %v", i, out.Drop)
				}
				for _, a := range out.Arrivals() {
					if a.At != now+int64(delays[i]) {
						t.Fatalf("packet %d arrives at %d", i, a.At)
					}
				}
			}
			if got := l.Stats().Reordered; got != uint64(c.overtaking) {
				t.Errorf("%d packets overtake, not %d", got, c.overtaking)
			}
		})
	}
}

func TestVCEGPatternsAreReplayed(t *testing.T) {
	for name, losses := range map[string]int{"vceg-q15i16-plr5.txt": 554,
		"vceg-q15i16-plr10.txt": 1138} {
		pattern, err := ReadBits(record(t, name))
		if err != nil {
			t.Fatal(err)
		}
		got := lossesOf(t, mustLink(t, Config{Loss: TraceLoss{Lost: pattern, Loop: true}}, 1),
			20_000, 1)
		if !slices.Equal(got, append(slices.Clone(pattern), pattern...)) {
			t.Errorf("%s is not replayed", name)
		}
		if len(pattern) != 10_000 || countLost(pattern) != losses {
			t.Errorf("%s: %d of %d lost, not %d", name, countLost(pattern), len(pattern), losses)
		}
	}
}

// With an interval, what is sent at one time shares one sample, and links that share a
// record lose together.
func TestTraceByTime(t *testing.T) {
	lost := []bool{false, true, true, false}
	delays := []time.Duration{1, 2, 3, 4}
	cfg := Config{Unordered: true,
		Loss:  TraceLoss{Lost: lost, Interval: 10, Loop: true},
		Delay: TraceDelay{Delays: delays, Interval: 10, Loop: true}}
	l := mustLink(t, cfg, 1)
	for now := int64(0); now < 100; now += 3 {
		i := now / 10 % 4
		out := l.Send(now, 100)
		if (out.Drop == DropLoss) != lost[i] {
			t.Errorf("at %d: %v", now, out.Drop)
		}
		if a := out.Arrivals(); len(a) == 1 && a[0].At != now+int64(delays[i]) {
			t.Errorf("at %d: it arrives at %d", now, a[0].At)
		}
	}
	cfg.Loss, cfg.Delay = TraceLoss{Lost: []bool{true}, Interval: 10},
		TraceDelay{Delays: delays, Interval: 10}
	if out := mustLink(t, cfg, 1).Send(45, 100); out.Drop != NotDropped ||
		out.Arrivals()[0].At != 49 {
		t.Errorf("behind the record's end: %+v", out)
	}
}
