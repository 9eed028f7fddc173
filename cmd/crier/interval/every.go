package interval

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"crier/cmd/crier/cli"
)

// Every is the value of --interval: a time, or a number of seconds, as other tools take it. 0
// means that there are no reports.
type Every time.Duration

// Bounds of Every.
const (
	least = 100 * time.Millisecond
	most  = 24 * time.Hour
)

// Declare declares --interval.
func (e *Every) Declare(flags *cli.FlagSet) {
	flags.VarP(e, "interval", "i",
		"print figures each so often, by `TIME`, such as 1 (seconds) or 500ms; also with --quiet")
}

func (e *Every) String() string {
	if e == nil || *e == 0 {
		return ""
	}
	return time.Duration(*e).String()
}

// Set and Type make Every a Value.
func (e *Every) Set(text string) error {
	d, err := time.ParseDuration(text)
	if seconds, plain := strconv.ParseFloat(text, 64); plain == nil && !math.IsNaN(seconds) {
		d, err = time.Duration(min(max(seconds, 0), 1e9)*float64(time.Second)), nil
	}
	if err != nil {
		return fmt.Errorf("%q is not a time: give seconds, or a number and a unit, such as 1 or "+
			"500ms", text)
	}
	if d < least || d > most {
		return fmt.Errorf("%s is outside 100ms to 24h", text)
	}
	*e = Every(d)
	return nil
}

// Type returns the word for an interval in a list of flags.
func (e *Every) Type() string { return "time" }
