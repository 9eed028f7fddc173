package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"crier/testnet/world"
)

// Drift is by how many millionths a host's lease clock is fast, or below 0 slow: -50% to 50%,
// such as 3%, -4% or 200ppm.
type Drift int

// maxDrift bounds a Drift, either way.
const maxDrift = 500_000

// UnmarshalText reads a drift.
func (d *Drift) UnmarshalText(b []byte) error {
	text := string(b)
	number, percent := strings.CutSuffix(text, "%")
	if !percent {
		number, _ = strings.CutSuffix(text, "ppm")
	}
	if percent {
		whole, part, _ := strings.Cut(number, ".")
		if len(part) <= 4 {
			number = whole + part + strings.Repeat("0", 4-len(part))
		}
	}
	v, err := strconv.ParseInt(number, 10, 32)
	if err != nil || number == text || v < -maxDrift || v > maxDrift {
		return fmt.Errorf("%q is not how far a clock is off: give a share from -50%% to 50%%, such as "+
			"3%%, -4%% or 200ppm", b)
	}
	*d = Drift(v)
	return nil
}

// MarshalText writes it so that UnmarshalText reads it.
func (d Drift) MarshalText() ([]byte, error) {
	return append(strconv.AppendInt(nil, int64(d), 10), "ppm"...), nil
}

func (d Drift) config() world.ClockConfig { return world.ClockConfig{PPM: int(d)} }
