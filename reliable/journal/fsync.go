package journal

import (
	"fmt"
	"strings"
	"time"
)

// defaultEvery is the interval of the zero Fsync, and the bounds are those of one in text.
const (
	defaultEvery = 50 * time.Millisecond
	minEvery     = time.Millisecond
	maxEvery     = time.Hour
)

// String returns each, interval: with a time, or none.
func (f Fsync) String() string {
	switch f.Mode {
	case FsyncEach:
		return "each"
	case FsyncNone:
		return "none"
	}
	every := f.Every
	if every == 0 {
		every = defaultEvery
	}
	return "interval:" + every.String()
}

// MarshalText returns the same text as String.
func (f Fsync) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText parses the text that String returns, and interval without a time.
func (f *Fsync) UnmarshalText(text []byte) error {
	word, every, has := strings.Cut(string(text), ":")
	got := Fsync{Every: defaultEvery}
	switch {
	case word == "each" && !has:
		got = Fsync{Mode: FsyncEach}
	case word == "none" && !has:
		got = Fsync{Mode: FsyncNone}
	case word == "interval" && !has:
	case word == "interval":
		d, err := time.ParseDuration(every)
		if err != nil || d < minEvery || d > maxEvery {
			return fmt.Errorf("%q is not an interval from 1ms to 1h: give one such as "+
				"interval:50ms", text)
		}
		got.Every = d
	default:
		return fmt.Errorf("%q is not known: use each, interval:50ms or none", text)
	}
	*f = got
	return nil
}
