package page

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"

	"crier/cmd/crier/cli"
)

// nineTicks marks shares on a scale of Nines.
type nineTicks struct{}

// Ticks implements plot.Ticker.
func (nineTicks) Ticks(_, most float64) []plot.Tick {
	var list []plot.Tick
	for _, t := range []struct {
		share float64
		text  string
	}{{0, "0"}, {0.5, "50"}, {0.9, "90"}, {0.99, "99"}, {0.999, "99.9"}, {0.9999, "99.99"},
		{0.99999, "99.999"}} {
		if x := Nines(t.share); x <= most {
			list = append(list, plot.Tick{Value: x, Label: t.text})
		}
	}
	return list
}

// timeTicks marks times of nanoseconds on a logarithmic scale: each 1, 2, 5 of a power of ten
// with words where the scale is short, or else each power of ten, and the least.
type timeTicks struct{}

// Ticks implements plot.Ticker.
func (timeTicks) Ticks(least, most float64) []plot.Tick {
	var list []plot.Tick
	narrow := most < 300*least
	for p := math.Floor(math.Log10(max(least, 1))); p <= math.Ceil(math.Log10(max(most, 1))); p++ {
		at := math.Pow(10, p)
		for i := 1.0; i < 10; i++ {
			v := at * i
			if v < least*0.999 || v > most*1.001 {
				continue
			}
			tick := plot.Tick{Value: v}
			first := v < least*1.001 && (narrow || 10*at/v > 2.5) // and not too close to the next
			if i == 1 || narrow && (i == 2 || i == 5) || first {
				tick.Label = cli.Nanoseconds(v)
			}
			list = append(list, tick)
		}
	}
	return list
}

// below returns the greatest 1, 2 or 5 of a power of ten that isn't above v.
func below(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, i := range []float64{5, 2} {
		if v >= i*power {
			return i * power
		}
	}
	return power
}

// evenTicks marks even steps from 0 on.
type evenTicks struct{}

// maxLabels bounds the labels of evenTicks.
const maxLabels = 7

// Ticks implements plot.Ticker.
func (evenTicks) Ticks(_, most float64) []plot.Tick {
	step := below(most / maxLabels)
	for most/step > maxLabels {
		step = below(2.5 * step)
	}
	return steps(step, most, cli.Rounded)
}

// spanTicks marks even steps of an axis that doesn't begin at 0, with all digits.
type spanTicks struct{}

// Ticks implements plot.Ticker.
func (spanTicks) Ticks(least, most float64) []plot.Tick {
	step := below((most - least) / maxLabels)
	for (most-least)/step > maxLabels {
		step = below(2.5 * step)
	}
	var list []plot.Tick
	for i := math.Ceil(least / step); i*step <= most; i++ {
		text := strconv.FormatFloat(i*step, 'f', -1, 64)
		if i == 0 {
			text = "0" // and not -0
		} else if step >= 1 && i > 0 {
			text = cli.Grouped(uint64(math.Round(i * step)))
		}
		list = append(list, plot.Tick{Value: i * step, Label: text})
	}
	return list
}

// byteTicks are evenTicks of numbers of bytes.
type byteTicks struct{}

// Ticks implements plot.Ticker.
func (byteTicks) Ticks(_, most float64) []plot.Tick {
	step := math.Exp2(math.Ceil(math.Log2(most / maxLabels)))
	return steps(step, most, cli.Bytes[float64])
}

// steps returns ticks at multiples of a step, from 0.
func steps(step, most float64, text func(float64) string) []plot.Tick {
	var list []plot.Tick
	for i := 0.0; i*step <= most*1.0001 && i <= 2*maxLabels; i++ {
		list = append(list, plot.Tick{Value: i * step, Label: text(i * step)})
	}
	return list
}

// wholeTicks are evenTicks of numbers that have no fractions.
type wholeTicks struct{}

// Ticks implements plot.Ticker.
func (wholeTicks) Ticks(least, most float64) []plot.Tick {
	var list []plot.Tick
	for _, t := range (evenTicks{}).Ticks(least, most) {
		if t.Value == math.Trunc(t.Value) {
			list = append(list, t)
		}
	}
	return list
}
