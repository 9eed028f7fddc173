package pub

import (
	"fmt"
	"math"
	"strconv"
)

// speed is the factor by which recorded times pass faster: any positive number, or max to
// skip waiting. The zero value is 1.
type speed struct {
	factor float64 // 0 means 1
	max    bool
}

func (s speed) String() string {
	switch {
	case s.max:
		return "max"
	case s.factor == 0:
		return "1"
	}
	return strconv.FormatFloat(s.factor, 'g', -1, 64)
}

// Set and Type make a speed a Value.
func (s *speed) Set(text string) error {
	if text == "max" {
		*s = speed{max: true}
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f > 0) || math.IsInf(f, 1) {
		return fmt.Errorf("%q is not a speed: give a number over 0, such as 1 or 20, or max", text)
	}
	*s = speed{factor: f}
	return nil
}

// Type returns the word for a speed in a list of flags.
func (s *speed) Type() string { return "speed" }
