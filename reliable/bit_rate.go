package reliable

import (
	"fmt"
	"strconv"
	"strings"
)

// BitRate is a rate in bits a second. Flags and scenario files write it with a unit, such as
// 100Mbit.
type BitRate uint64

// Units of a BitRate.
const (
	Kbit BitRate = 1e3
	Mbit BitRate = 1e6
	Gbit BitRate = 1e9
	Tbit BitRate = 1e12
)

// maxBitRate is the highest rate that is read.
const maxBitRate = 1000 * Tbit

// bitUnits are the units that are written and read, the largest first.
var bitUnits = []struct {
	name string
	bits BitRate
}{{"Tbit", Tbit}, {"Gbit", Gbit}, {"Mbit", Mbit}, {"kbit", Kbit}, {"bit", 1}}

// Bytes returns the rate in bytes a second, rounded up.
func (r BitRate) Bytes() uint64 { return uint64(r/8 + (r%8+7)/8) }

// String returns the rate with the largest unit of which it is at least one.
func (r BitRate) String() string {
	for _, u := range bitUnits {
		if r >= u.bits {
			return strconv.FormatFloat(float64(r)/float64(u.bits), 'f', -1, 64) + u.name
		}
	}
	return "0"
}

// MarshalText returns the text that String returns.
func (r BitRate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a number of bit, kbit, Mbit, Gbit or Tbit a second, or 0.
func (r *BitRate) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*r = 0
		return nil
	}
	number := strings.ToLower(strings.TrimSuffix(string(text), "/s"))
	for _, u := range bitUnits {
		digits, ok := strings.CutSuffix(number, strings.ToLower(u.name))
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !(n >= 0 && n*float64(u.bits) <= float64(maxBitRate)) {
			break
		}
		*r = BitRate(float64(n*float64(u.bits)) + 0.5)
		return nil
	}
	return fmt.Errorf("%q is not a rate: give a number of bit, kbit, Mbit, Gbit or Tbit a second, "+
		"such as 100Mbit", text)
}
