package pace

import (
	"fmt"
	"math"
	"strconv"
)

// Speed is the factor by which recorded times pass faster: any positive number, or max to
// skip waiting. The zero value is 1.
type Speed struct {
	factor float64 // 0 means 1
	max    bool
}

// IsMax reports whether recorded times don't count.
func (s Speed) IsMax() bool { return s.max }

func (s Speed) String() string {
	switch {
	case s.max:
		return "max"
	case s.factor == 0:
		return "1"
	}
	return strconv.FormatFloat(s.factor, 'g', -1, 64)
}

// Set and Type make a speed a Value.
func (s *Speed) Set(text string) error {
	if text == "max" {
		*s = Speed{max: true}
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f > 0) || math.IsInf(f, 1) {
		return fmt.Errorf("%q is not a speed: give a number over 0, such as 1 or 20, or max", text)
	}
	*s = Speed{factor: f}
	return nil
}

// Type returns the word for a speed in a list of flags.
func (s *Speed) Type() string { return "speed" }
