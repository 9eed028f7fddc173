package cli

import (
	"fmt"
	"strings"
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
