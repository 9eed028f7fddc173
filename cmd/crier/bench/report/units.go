package report

import (
	"math"
	"strconv"
	"time"
)

func nanosText(ns float64) string {
	if math.IsNaN(ns) {
		return "-"
	}
	return TimeText(roundDuration(ns))
}

func roundDuration(ns float64) time.Duration { return time.Duration(math.Round(ns)) }

// TimeText formats a duration for a table.
func TimeText(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < 0:
		return "-" + TimeText(d.Abs())
	case d < 10*time.Microsecond:
		return strconv.FormatFloat(float64(d)/1e3, 'f', 2, 64) + " µs"
	case d < 100*time.Microsecond:
		return strconv.FormatFloat(float64(d)/1e3, 'f', 1, 64) + " µs"
	case d < time.Millisecond:
		return strconv.FormatFloat(float64(d)/1e3, 'f', 0, 64) + " µs"
	case d < 100*time.Millisecond:
		return strconv.FormatFloat(float64(d)/1e6, 'f', 2, 64) + " ms"
	}
	return strconv.FormatFloat(float64(d)/1e6, 'f', 0, 64) + " ms"
}

func secondsText(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < 999500*time.Microsecond:
		return TimeText(d)
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}

// CountText formats a number with about three digits, as in 12.3 M.
func CountText(n float64) string {
	switch {
	case n >= 99.95e9:
		return strconv.FormatFloat(n/1e9, 'f', 0, 64) + " G"
	case n >= 1e9:
		return strconv.FormatFloat(n/1e9, 'f', 2, 64) + " G"
	case n >= 99.95e6:
		return strconv.FormatFloat(n/1e6, 'f', 0, 64) + " M"
	case n >= 1e6:
		return strconv.FormatFloat(n/1e6, 'f', 2, 64) + " M"
	case n >= 99.95e3:
		return strconv.FormatFloat(n/1e3, 'f', 0, 64) + " k"
	case n >= 10e3:
		return strconv.FormatFloat(n/1e3, 'f', 1, 64) + " k"
	case n == math.Trunc(n) || n >= 100:
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return strconv.FormatFloat(n, 'f', 2, 64)
}

// nsText formats nanoseconds of processor time.
func nsText(ns float64) string {
	switch {
	case ns == 0:
		return "-"
	case ns < 100:
		return strconv.FormatFloat(ns, 'f', 1, 64)
	}
	return strconv.FormatFloat(ns, 'f', 0, 64)
}

func zeroDash(n uint64) string {
	if n == 0 {
		return "-"
	}
	return CountText(float64(n))
}
