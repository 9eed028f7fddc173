package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bitrate is a rate as a flag's value: a number with kbit, Mbit or Gbit, a second.
// It is kept in bytes a second; 0 means no bound.
type Bitrate uint64

var bitUnits = []struct {
	name string
	bits float64
}{{"Gbit", 1e9}, {"Mbit", 1e6}, {"kbit", 1e3}}

// Set and Type make a bitrate a Value.
func (r *Bitrate) Set(text string) error {
	for _, u := range bitUnits {
		number, ok := cutSuffixFold(strings.TrimSuffix(text, "/s"), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err == nil && n > 0 && n*u.bits/8 < math.MaxInt64/2 {
			*r = Bitrate(n * u.bits / 8)
			return nil
		}
	}
	return fmt.Errorf("%q is no rate: give a number with kbit, Mbit or Gbit, such as 100Mbit", text)
}

func cutSuffixFold(s, suffix string) (string, bool) {
	if len(s) < len(suffix) || !strings.EqualFold(s[len(s)-len(suffix):], suffix) {
		return s, false
	}
	return s[:len(s)-len(suffix)], true
}

// String returns the rate in the form that Set reads.
func (r Bitrate) String() string {
	if r == 0 {
		return ""
	}
	bits := float64(r) * 8
	for _, u := range bitUnits {
		if bits >= u.bits {
			return strconv.FormatFloat(bits/u.bits, 'g', 6, 64) + u.name
		}
	}
	return strconv.FormatFloat(bits/1e3, 'g', 6, 64) + "kbit"
}

// Type returns the word for a rate in a list of flags.
func (r *Bitrate) Type() string { return "rate" }
