package cli

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration formats a duration with three digits, as in 60.2 µs, 2.86 ms or 90 s; from two
// minutes on as in 2 min 5 s or 1 h 25 min.
func Duration(d time.Duration) string { return Nanoseconds(float64(d)) }

// Nanoseconds is Duration for a number that may have a fraction, such as a mean.
func Nanoseconds(ns float64) string {
	switch {
	case math.IsNaN(ns):
		return "-"
	case ns < 0:
		return "-" + Nanoseconds(-ns)
	case ns == 0:
		return "0 s"
	}
	if ns >= 119.5e9 {
		seconds := int64(math.Round(ns / 1e9))
		if seconds < 3600 {
			return pair(seconds/60, "min", seconds%60, "s")
		}
		minutes := (seconds + 30) / 60
		return pair(minutes/60, "h", minutes%60, "min")
	}
	ns = threeDigits(ns)
	for _, u := range []struct {
		from float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if ns >= u.from {
			return digits(ns/u.from) + " " + u.name
		}
	}
	return digits(ns) + " ns"
}

// pair formats a number of a unit and, unless it is 0, one of the next smaller unit.
func pair(n int64, unit string, rest int64, smaller string) string {
	text := Grouped(uint64(n)) + " " + unit
	if rest > 0 {
		text += " " + Grouped(uint64(rest)) + " " + smaller
	}
	return text
}

// Instant formats a time on the clock of a simulated run to the microsecond, so that it can
// be found again in a trace.
func Instant(d time.Duration) string {
	text := strconv.FormatFloat(d.Seconds(), 'f', 6, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + " s"
}

// Rounded formats a number with three digits, as in 0.25, 870 or 12.3 k.
func Rounded(n float64) string {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return "-"
	}
	n = threeDigits(n)
	for _, u := range []struct {
		from float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(n) >= u.from {
			return digits(n/u.from) + " " + u.name
		}
	}
	return digits(n)
}

// PerSecond formats a rate, as in 12.3 k/s.
func PerSecond(n float64) string {
	text := Rounded(n)
	if text == "-" {
		return text
	}
	return text + "/s"
}

// Percent formats a part of 1, as in 0.25 %.
func Percent(part float64) string {
	if math.IsNaN(part) || math.IsInf(part, 0) {
		return "-"
	}
	return digits(threeDigits(100*part)) + " %"
}

// PercentOf formats a part of a whole; "-" where there is no whole.
func PercentOf(part, whole uint64) string { return Percent(float64(part) / float64(whole)) }

// Bytes formats a number of bytes: a multiple of a larger unit and what is below 10,000
// exactly, as in 64 MiB or 1,472 B, and others with three digits, as in 5.27 MiB.
func Bytes[T ~int | ~int64 | ~uint64 | ~float64](n T) string {
	b := float64(n)
	switch {
	case math.IsNaN(b) || math.IsInf(b, 0):
		return "-"
	case b < 0:
		return "-" + Bytes(-b)
	case b >= 1<<10 && b < 1<<20 && math.Mod(b, 1<<10) == 0:
		return Grouped(uint64(b/(1<<10))) + " KiB"
	case b >= 1000 && b < 10000:
		return Grouped(uint64(math.Round(b))) + " B"
	case b < 1000:
		return digits(b) + " B"
	}
	names := []string{"KiB", "MiB", "GiB", "TiB"}
	b, i := b/(1<<10), 0
	for ; i < len(names)-1 && math.Round(b) >= 1<<10; i++ {
		b /= 1 << 10
	}
	if b >= 100 { // all of a number before its point are shown
		return Grouped(uint64(math.Round(b))) + " " + names[i]
	}
	return digits(b) + " " + names[i]
}

// digits formats a number below 1,000 with three digits, without zeros at the end.
func digits(n float64) string {
	text := strconv.FormatFloat(n, 'g', 3, 64)
	if strings.ContainsRune(text, 'e') { // very small
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return text
}

// threeDigits rounds a number to three digits.
func threeDigits(n float64) float64 {
	if n == 0 {
		return 0
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(n, 'e', 2, 64), 64)
	if err != nil {
		return n
	}
	return rounded
}
