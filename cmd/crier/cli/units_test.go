package cli

import (
	"math"
	"testing"
	"time"
)

// Durations have three digits, a space, and the unit that makes them short.
func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                  "0 s",
		1:                                  "1 ns",
		999:                                "999 ns",
		60220:                              "60.2 µs",
		9999:                               "10 µs",
		999499:                             "999 µs",
		999500:                             "1 ms",
		2861234:                            "2.86 ms",
		-50 * time.Millisecond:             "-50 ms",
		2133 * time.Millisecond:            "2.13 s",
		59999 * time.Millisecond:           "60 s",
		119400 * time.Millisecond:          "119 s",
		119600 * time.Millisecond:          "2 min",
		125 * time.Second:                  "2 min 5 s",
		time.Hour:                          "1 h",
		85*time.Minute + 3*time.Second:     "1 h 25 min",
		18*time.Hour + 12*time.Minute + 16: "18 h 12 min",
		1000 * time.Hour:                   "1,000 h",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	if got := Nanoseconds(12.345); got != "12.3 ns" {
		t.Error(got)
	}
	if got := Instant(2345678901); got != "2.345679 s" {
		t.Error(got)
	}
	if got := Instant(2 * time.Second); got != "2 s" {
		t.Error(got)
	}
}

// Numbers that were measured have three digits, and a letter from a thousand on.
func TestRounded(t *testing.T) {
	for n, want := range map[float64]string{
		0: "0", 7: "7", 0.25: "0.25", 999: "999", 999.6: "1 k", 1234: "1.23 k", 12345: "12.3 k",
		99949: "99.9 k", 99950: "100 k", 999499: "999 k", 1e6: "1 M", 16.25e6: "16.2 M",
		123e6: "123 M", 5.3e9: "5.3 G", 2e12: "2 T", 0.000012345: "0.0000123", -1500: "-1.5 k",
		math.Inf(1): "-",
	} {
		if got := Rounded(n); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
	if got := PerSecond(48200); got != "48.2 k/s" {
		t.Error(got)
	}
	if got := Percent(0.00123); got != "0.123 %" {
		t.Error(got)
	}
	if got := PercentOf(1, 1); got != "100 %" {
		t.Error(got)
	}
	if got := PercentOf(0, 0); got != "-" {
		t.Error(got)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1,000 B", 1472: "1,472 B", 1024: "1 KiB", 9999: "9,999 B",
		10000: "9.77 KiB", 64 << 10: "64 KiB", 212992: "208 KiB", 1000 << 10: "1,000 KiB",
		64 << 20: "64 MiB", 5529600: "5.27 MiB", 1 << 30: "1 GiB", 3 << 29: "1.5 GiB",
		1<<30 - 1: "1 GiB", 1 << 50: "1,024 TiB", -2048: "-2 KiB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := Bytes(78.44); got != "78.4 B" {
		t.Error(got)
	}
}
