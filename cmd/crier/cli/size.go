package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// Size is a number of bytes, 0 to 2^63-1, as a flag's value: a whole number,
// alone or with a unit, such as 1472, 64KiB, 64MiB, 1GiB, 100MB.
type Size int64

// sizeUnits are the units, the larger ones first; a binary unit comes before the
// decimal one of its rank, which is smaller.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12},
	{"GiB", 1 << 30}, {"GB", 1e9},
	{"MiB", 1 << 20}, {"MB", 1e6},
	{"KiB", 1 << 10}, {"kB", 1e3},
	{"B", 1},
}

// ParseSize reads a size. Units are taken in any case, and may be set off by
// a space; K, M and G alone are refused, since they mean two things.
func ParseSize(s string) (Size, error) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	name := s[len(digits):]
	number := strings.TrimSuffix(digits, " ")
	unit := int64(1)
	if name != "" {
		unit = 0
		for _, u := range sizeUnits {
			if strings.EqualFold(u.name, name) {
				unit = u.bytes
			}
		}
	}
	if unit == 0 || number == "" || strings.Trim(number, "0123456789") != "" || name == "" &&
		number != digits {
		return 0, fmt.Errorf("%q is not a size: give a whole number of bytes, or one with kB, MB, "+
			"GB, TB, KiB, MiB, GiB or TiB, such as 64MiB", s)
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("%q is too large: give a size below 2^63 bytes", s)
	}
	return Size(n * unit), nil
}

// String returns the shortest exact form that ParseSize reads.
func (s Size) String() string {
	best := strconv.FormatInt(int64(s), 10)
	if s <= 0 {
		return best
	}
	for _, u := range sizeUnits[:len(sizeUnits)-1] {
		if int64(s)%u.bytes == 0 {
			if t := strconv.FormatInt(int64(s)/u.bytes, 10) + u.name; len(t) <= len(best) {
				best = t
			}
		}
	}
	return best
}

// Set and Type make a size a Value.
func (s *Size) Set(text string) error {
	n, err := ParseSize(text)
	if err != nil {
		return err
	}
	*s = n
	return nil
}

// Type returns the word for a size in a list of flags.
func (s *Size) Type() string { return "size" }

// sizeOf is an integer that holds a number of bytes, as a flag's value.
type sizeOf[T ~int | ~int64 | ~uint64] struct{ n *T }

// SizeOf returns a flag's value that sets *n to a size, of which *n is the default.
func SizeOf[T ~int | ~int64 | ~uint64](n *T) pflag.Value { return sizeOf[T]{n} }

func (v sizeOf[T]) Set(text string) error {
	size, err := ParseSize(text)
	if err != nil {
		return err
	}
	if Size(T(size)) != size {
		return fmt.Errorf("%q is too large", text)
	}
	*v.n = T(size)
	return nil
}

func (v sizeOf[T]) String() string {
	if v.n == nil {
		return ""
	}
	return Size(*v.n).String()
}

// Type returns the word for a size in a list of flags.
func (v sizeOf[T]) Type() string { return "size" }
