package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// rateUnits are the letters that may follow the number of a rate, the larger ones first.
var rateUnits = []struct {
	name string
	n    float64
}{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}, {"K", 1e3}}

// ParseRate reads a number of messages a second, such as 500, 10k or 1.5M.
func ParseRate(text string) (float64, error) {
	number, unit := text, 1.0
	for _, u := range rateUnits {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			number, unit = rest, u.n
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of messages a second: give one such as 500, 10k "+
			"or 1.5M", text)
	}
	return n * unit, nil
}

// FormatRate returns the shortest form of a rate in which ParseRate reads it.
func FormatRate(rate float64) string {
	for _, u := range rateUnits {
		if rate >= u.n && math.Mod(rate, u.n/10) == 0 {
			return strconv.FormatFloat(rate/u.n, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatFloat(rate, 'g', -1, 64)
}

// rateOf is a rate as a flag's value.
type rateOf struct{ rate *float64 }

// RateOf returns a flag's value that sets *rate, which has the default.
func RateOf(rate *float64) pflag.Value { return rateOf{rate} }

func (v rateOf) Set(text string) (err error) {
	*v.rate, err = ParseRate(text)
	return err
}

func (v rateOf) String() string {
	if v.rate == nil {
		return ""
	}
	return FormatRate(*v.rate)
}

// Type returns the word for a rate in a list of flags.
func (v rateOf) Type() string { return "rate" }

// ratesOf is a list of rates as a flag's value.
type ratesOf struct{ rates *[]float64 }

// RatesOf returns a flag's value that sets *rates, which has the default, to one or several
// rates.
func RatesOf(rates *[]float64) pflag.Value { return ratesOf{rates} }

func (v ratesOf) Set(text string) error {
	var list []float64
	for word := range strings.SplitSeq(text, ",") {
		rate, err := ParseRate(word)
		if err != nil {
			return err
		}
		list = append(list, rate)
	}
	*v.rates = list
	return nil
}

func (v ratesOf) String() string {
	if v.rates == nil {
		return ""
	}
	var words []string
	for _, rate := range *v.rates {
		words = append(words, FormatRate(rate))
	}
	return strings.Join(words, ",")
}

// Type returns the word for it in a list of flags.
func (v ratesOf) Type() string { return "rates" }
