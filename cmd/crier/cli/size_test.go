package cli

import (
	"math"
	"testing"

	"crier/cmd/crier/feed/feedtest"
)

var _ Value = new(Size)

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0":                     0,
		"1472":                  1472,
		"1472B":                 1472,
		"64KiB":                 64 << 10,
		"64kib":                 64 << 10,
		"64 MiB":                64 << 20,
		"1GiB":                  1 << 30,
		"2TiB":                  2 << 40,
		"3kB":                   3000,
		"3KB":                   3000,
		"100MB":                 100e6,
		"1GB":                   1e9,
		"1tb":                   1e12,
		"007":                   7,
		"9223372036854775807":   math.MaxInt64,
		"8388607TiB":            8388607 << 40,
		"000000000000000000001": 1,
	} {
		var s Size
		if err := s.Set(text); err != nil || s != want {
			t.Errorf("%q: %d, %v; want %d", text, s, err, want)
		}
	}
}

func TestSizesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "is not a size",
		"MiB":                       "is not a size",
		"-1":                        "is not a size",
		"+1":                        "is not a size",
		"1.5GiB":                    "is not a size",
		"64K":                       "is not a size",
		"64M":                       "is not a size",
		"1e6":                       "is not a size",
		"0x10":                      "is not a size",
		"64  MiB":                   "is not a size",
		"64 ":                       "is not a size",
		" 64":                       "is not a size",
		"1_000":                     "is not a size",
		"9223372036854775808":       "is too large",
		"8388608TiB":                "is too large",
		"99999999999999999999999MB": "is too large",
	} {
		s := Size(7)
		err := s.Set(text)
		feedtest.WantSentence(t, err, want)
		if s != 7 {
			t.Errorf("%q changed the value to %d", text, s)
		}
	}
}

func TestSizeText(t *testing.T) {
	for s, want := range map[Size]string{
		0: "0", 1: "1", 1000: "1kB", 1024: "1KiB", 1472: "1472", 2000: "2kB", 1536: "1536",
		64 << 20: "64MiB", 100e6: "100MB", 1 << 30: "1GiB", 1 << 40: "1TiB", 3 << 39: "1536GiB",
		math.MaxInt64: "9223372036854775807",
	} {
		if got := s.String(); got != want {
			t.Errorf("%d is %q, want %q", int64(s), got, want)
		}
	}
}

func FuzzSize(f *testing.F) {
	for _, s := range []string{"64MiB", "1 kB", "0", "9223372036854775807", "5TB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSize(text)
		if err != nil {
			return
		}
		if again, err := ParseSize(s.String()); s < 0 || err != nil || again != s {
			t.Fatalf("%q is %d, written %q, which is %d, %v", text, int64(s), s, int64(again), err)
		}
	})
}
