package reliable

import (
	"testing"
	"time"
)

// A time is one of the calendar, or a duration ago where the reader knows the time.
func TestStartTimes(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 30, 0, 0, time.UTC)
	want := now.Add(-10 * time.Minute)
	for _, text := range []string{"time:-10m", "time:2026-11-30T09:20:00Z",
		"time:2026-11-30T10:20:00+01:00"} {
		s, err := ParseStart(text, now)
		u, err2 := ParseUntil(text, now)
		if err != nil || err2 != nil || s != AtTime(want) || u != UntilTime(want) {
			t.Errorf("%s is %v, %v; %v, %v", text, s, err, u, err2)
		}
		if wall, ok := s.Wall(); !ok || wall != want.UnixNano() {
			t.Errorf("%s is at %d, %t", text, wall, ok)
		}
	}
	for _, text := range []string{"time:10m", "time:0s", "time:yesterday", "time:"} {
		if s, err := ParseStart(text, now); err == nil {
			t.Errorf("%s is %v", text, s)
		}
	}
	if n, ok := AtOffset(7).Offset(); n != 7 || !ok {
		t.Errorf("offset %d, %t", n, ok)
	}
	if _, ok := Oldest.Offset(); ok {
		t.Error("the oldest has an offset")
	}
	if again := AtOffset(7); (Start{}) != Latest || Latest == Resume || again != AtOffset(7) {
		t.Error("starts don't compare")
	}
}
