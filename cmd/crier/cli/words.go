package cli

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Counted returns a number and its noun.
func Counted(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Grouped(n) + " " + many
}

// oneLine returns an error's text on one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// Grouped formats a number with commas between the thousands.
func Grouped(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Offsets describes the offsets [first, next).
func Offsets(first, next uint64) string {
	switch next - first {
	case 0:
		return "no messages"
	case 1:
		return "offset " + OffsetRun(first, next)
	}
	return "offsets " + OffsetRun(first, next)
}

// OffsetRun formats the offsets [from, to) by the first and the last of them.
func OffsetRun(from, to uint64) string {
	if to-from == 1 {
		return Grouped(from)
	}
	return Grouped(from) + " to " + Grouped(to-1)
}

// ShortTime rounds nanoseconds to three or four digits.
func ShortTime(ns int64) time.Duration {
	d := time.Duration(ns)
	unit := time.Duration(1)
	for d.Abs()/10000 >= unit {
		unit *= 10
	}
	return d.Round(unit)
}

// Printable replaces characters that a terminal would act on, for names that come from the
// network.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// Bytes formats a number of bytes exactly, as in 64 MiB.
func Bytes(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

// Space formats an amount of memory or disk, rounded.
func Space(n int64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	if n >= 1<<20 {
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return Bytes(int(n))
}
