package scenario

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Values of a file, with their units. Each reads its text and writes it again.

// longest is the longest time in a file: a run's times stay far below 2^63 ns.
const longest = 24 * time.Hour

// Duration is a time: 0s to 24h, such as 250us, 1.5ms or 2s.
type Duration time.Duration

// UnmarshalText reads a time.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 || v > longest {
		return fmt.Errorf("%q is not a time: give one from 0s to 24h, such as 250us, 1.5ms or 2s",
			b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes it so that UnmarshalText reads it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// d is the time as Go has it.
func (d Duration) d() time.Duration { return time.Duration(d) }

// Size is a number of bytes, such as 200, 200B, 64KiB or 1MB.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"kB", 1e3},
	{"B", 1}, {"", 1}}

// UnmarshalText reads a size of up to 1 TiB.
func (s *Size) UnmarshalText(b []byte) error {
	number := strings.TrimRight(string(b), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	for _, u := range sizeUnits {
		if !strings.EqualFold(u.name, string(b)[len(number):]) {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 40)
		if err == nil && int64(n) <= 1<<40/u.bytes {
			*s = Size(int64(n) * u.bytes)
			return nil
		}
	}
	return fmt.Errorf("%q is not a size: give a whole number of B, kB, MB, GB, KiB, MiB or GiB, "+
		"such as 200B or 64MiB", b)
}

// MarshalText writes it so that UnmarshalText reads it.
func (s Size) MarshalText() ([]byte, error) {
	for _, u := range sizeUnits {
		if u.name != "" && s > 0 && int64(s)%u.bytes == 0 && int64(s)/u.bytes < 10000 {
			return []byte(strconv.FormatInt(int64(s)/u.bytes, 10) + u.name), nil
		}
	}
	return []byte(strconv.FormatInt(int64(s), 10) + "B"), nil
}

// Share is a part of a whole, such as 1% or 0.01; up to 1000%.
type Share float64

// UnmarshalText reads a share.
func (s *Share) UnmarshalText(b []byte) error {
	text := string(b)
	if number, ok := strings.CutSuffix(text, "%"); ok {
		text = number + "e-2" // exactly what 0.01 is
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0 && v <= 10) || strings.Trim(string(b), "0123456789.%") != "" {
		return fmt.Errorf("%q is not a share: give a number from 0%% to 1000%%, such as 50%%", b)
	}
	*s = Share(v)
	return nil
}

// MarshalText writes it so that UnmarshalText reads it.
func (s Share) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(s), 'f', -1, 64), nil
}

// Rate is how many messages are published in a time, such as 1000/s, 10k/s or 10/min.
type Rate struct {
	N   uint64
	Per time.Duration
}

// MaxRate is the highest Rate, in messages a second.
const MaxRate = 100_000_000

// UnmarshalText reads a rate.
func (r *Rate) UnmarshalText(b []byte) error {
	number, unit, _ := strings.Cut(string(b), "/")
	per := map[string]time.Duration{"s": time.Second, "min": time.Minute}[unit]
	times := uint64(1)
	for suffix, n := range map[string]uint64{"k": 1e3, "M": 1e6} {
		if digits, ok := strings.CutSuffix(number, suffix); ok {
			number, times = digits, n
		}
	}
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || per == 0 || n == 0 || n > MaxRate*uint64(per/time.Second)/times {
		return fmt.Errorf("%q is not a rate: give messages a second or a minute, up to %d/s, such "+
			"as 1000/s or 10k/s", b, MaxRate)
	}
	*r = Rate{n * times, per}
	return nil
}

// MarshalText writes it so that UnmarshalText reads it.
func (r Rate) MarshalText() ([]byte, error) {
	unit := "/s"
	if r.Per == time.Minute {
		unit = "/min"
	}
	return []byte(strconv.FormatUint(r.N, 10) + unit), nil
}

// IsZero reports whether no rate was given.
func (r Rate) IsZero() bool { return r.N == 0 }

// at is when the i-th message is due, from 0.
func (r Rate) at(i uint64) time.Duration {
	hi, lo := bits.Mul64(i, uint64(r.Per))
	if hi >= r.N {
		return longest
	}
	q, _ := bits.Div64(hi, lo, r.N)
	return time.Duration(min(q, uint64(longest)))
}

// Speed is how much faster than recorded a feed passes, in thousandths, such as 20
// or 0.5; 0 means 1.
type Speed uint64

// UnmarshalText reads a speed.
func (s *Speed) UnmarshalText(b []byte) error {
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !(v >= 0.001 && v <= 1e6) || strings.Trim(string(b), "0123456789.") != "" {
		return fmt.Errorf("%q is not a speed: give a number from 0.001 to 1000000, such as 20", b)
	}
	*s = Speed(v*1000 + 0.5)
	return nil
}

// MarshalText writes it so that UnmarshalText reads it.
func (s Speed) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(s)/1000, 'f', -1, 64), nil
}

// scale returns the due time of a message that was recorded at a time.
func (s Speed) scale(at time.Duration) time.Duration {
	if s == 0 || at <= 0 {
		return min(max(at, 0), longest)
	}
	hi, lo := bits.Mul64(uint64(at), 1000)
	if hi >= uint64(s) {
		return longest
	}
	q, _ := bits.Div64(hi, lo, uint64(s))
	return time.Duration(min(q, uint64(longest)))
}

// Sizes is how large messages are: 200B, 64B..1KiB (each size as likely), or sizes
// with their shares: "64B:70%, 1KiB..8KiB:30%".
type Sizes []SizeShare

// SizeShare is one of the sizes.
type SizeShare struct {
	From, To Size
	Percent  int // of all messages
}

// MaxMessage is the largest message, in bytes.
const MaxMessage = 16 << 20

// UnmarshalText reads sizes.
func (z *Sizes) UnmarshalText(b []byte) error {
	var list Sizes
	total := 0
	parts := strings.Split(string(b), ",")
	for _, part := range parts {
		text, share, has := strings.Cut(strings.TrimSpace(part), ":")
		s := SizeShare{Percent: 100}
		if has || len(parts) > 1 {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(share), "%"))
			if err != nil || n < 1 || n > 100 || !strings.HasSuffix(strings.TrimSpace(share), "%") {
				return fmt.Errorf("%q has no share from 1%% to 100%% behind a colon: write for "+
					"instance 64B:70%%, 1KiB:30%%", part)
			}
			s.Percent = n
		}
		from, to, isRange := strings.Cut(text, "..")
		if !isRange {
			to = from
		}
		if err := s.From.UnmarshalText([]byte(from)); err != nil {
			return err
		}
		if err := s.To.UnmarshalText([]byte(to)); err != nil {
			return err
		}
		if s.To < s.From || s.To > MaxMessage {
			return fmt.Errorf("%q is not a range of sizes: they go from the lesser to the "+
				"greater, up to 16MiB", text)
		}
		total += s.Percent
		list = append(list, s)
	}
	if total != 100 {
		return fmt.Errorf("the shares in %q come to %d%%, and must to 100%%", b, total)
	}
	*z = list
	return nil
}

// MarshalText writes it so that UnmarshalText reads it.
func (z Sizes) MarshalText() ([]byte, error) {
	var parts []string
	for _, s := range z {
		from, _ := s.From.MarshalText()
		text := string(from)
		if s.To != s.From {
			to, _ := s.To.MarshalText()
			text += ".." + string(to)
		}
		if len(z) > 1 {
			text += fmt.Sprintf(":%d%%", s.Percent)
		}
		parts = append(parts, text)
	}
	return []byte(strings.Join(parts, ", ")), nil
}

// Levels are dBm: -80, or -85..-75 for the first and the last of a group.
type Levels struct{ First, Last int }

// UnmarshalText reads levels.
func (l *Levels) UnmarshalText(b []byte) error {
	first, last, isRange := strings.Cut(string(b), "..")
	if !isRange {
		last = first
	}
	var err, err2 error
	l.First, err = strconv.Atoi(first)
	l.Last, err2 = strconv.Atoi(last)
	if err != nil || err2 != nil || min(l.First, l.Last) < -32768 || max(l.First, l.Last) > 32767 {
		return fmt.Errorf("%q is not a level in dBm: give one, such as -80, or two for the first "+
			"and the last of a group, such as -85..-75", b)
	}
	return nil
}

// MarshalText writes it so that UnmarshalText reads it.
func (l Levels) MarshalText() ([]byte, error) {
	if l.First == l.Last {
		return []byte(strconv.Itoa(l.First)), nil
	}
	return []byte(fmt.Sprintf("%d..%d", l.First, l.Last)), nil
}

// of is the level of the i-th of n members.
func (l Levels) of(i, n int) int {
	if n < 2 {
		return l.First
	}
	return l.First + (l.Last-l.First)*i/(n-1)
}

// Names are one name or several: a, or [a, b].
type Names []string
