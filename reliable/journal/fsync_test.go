package journal

import (
	"testing"
	"time"
)

func TestFsyncText(t *testing.T) {
	for text, want := range map[string]Fsync{
		"each": {Mode: FsyncEach}, "none": {Mode: FsyncNone},
		"interval:50ms": {Every: 50 * time.Millisecond}, "interval:2s": {Every: 2 * time.Second},
	} {
		var f Fsync
		if err := f.UnmarshalText([]byte(text)); err != nil || f != want || f.String() != text {
			t.Errorf("%s: %+v %v, %s", text, f, err, f)
		}
	}
	if text := (Fsync{}).String(); text != "interval:50ms" {
		t.Error(text)
	}
	for _, text := range []string{"", "ech", "each:1s", "interval:", "interval:0s", "interval:2h",
		"interval:1us", "none:"} {
		f := Fsync{Mode: FsyncEach}
		if err := f.UnmarshalText([]byte(text)); err == nil || f.Mode != FsyncEach {
			t.Errorf("%q: %+v", text, f)
		}
	}
}
