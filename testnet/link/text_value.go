package link

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxBurst is the longest average burst that a text may ask for, in datagrams.
const maxBurst = 1e9

func (l *linkText) readLoss(value string) error {
	p, err := parseShare(value)
	l.loss = Bernoulli{P: p}
	return err
}

func (l *linkText) readBurst(value string) error {
	share, text, err := cutShare(value, "burst=4%/12")
	if err != nil {
		return err
	}
	length, err := parseNumber(text)
	if err != nil || length < 1 || length > maxBurst {
		return fmt.Errorf("%q is not a burst length: give the average number of datagrams, "+
			"from 1 to 1e9, such as 12", clip(text))
	}
	// Bursts and the gaps between them are geometric. A gap has at least one
	// datagram, so that bursts of a length can't lose more than this share.
	if most := length / (length + 1); share > most {
		return fmt.Errorf("bursts of %s datagrams on average can't lose more than %.4g%%: "+
			"lower the share, or make them longer", text, 100*most)
	}
	end := 1 / length
	// Rounding may lift certainty a little above 1.
	l.burst = GilbertElliott{GoodToBad: min(share/(1-share)*end, 1), BadToGood: end, LossBad: 1}
	return nil
}

func (l *linkText) readScript(value string) error {
	s, err := ParseScript(value)
	l.script = s
	return err
}

func (l *linkText) readDelay(value string) error {
	from, to, isRange := strings.Cut(value, "..")
	least, err := parseTime(from)
	if err != nil {
		return err
	}
	l.cfg.Delay = FixedDelay(least)
	if !isRange {
		return nil
	}
	most, err := parseTime(to)
	if err != nil {
		return err
	}
	if most < least {
		return fmt.Errorf("the delay ends at %v, below its start at %v", most, least)
	}
	l.cfg.Delay = UniformDelay{Min: least, Max: most}
	return nil
}

func (l *linkText) readTail(value string) error {
	mean, most, ok := strings.Cut(value, "/")
	if !ok {
		return errors.New("the part behind a / is missing, the longest excess: write for " +
			"instance tail=1ms/50ms")
	}
	var err error
	if l.tail.Mean, err = parseTime(mean); err != nil {
		return err
	}
	if l.tail.Max, err = parseTime(most); err != nil {
		return err
	}
	if l.tail.Mean == 0 || l.tail.Max == 0 {
		return errors.New("the mean of a tail, and its longest, must be above 0, such as " +
			"tail=1ms/50ms")
	}
	return nil
}

// addTail joins the tail with the delay.
func (l *linkText) addTail() error {
	if l.tail.Mean == 0 {
		return nil
	}
	least := FixedDelay(0)
	if l.cfg.Delay != nil {
		fixed, ok := l.cfg.Delay.(FixedDelay)
		if !ok {
			return errors.New("a tail goes with a delay of one time, such as delay=2ms, not of two")
		}
		least = fixed
	}
	m := l.tail
	m.Min, m.Max = time.Duration(least), m.Max+time.Duration(least)
	if m.Max > MaxDelay {
		return fmt.Errorf("delay and tail come to %v, and a datagram may take %v", m.Max, MaxDelay)
	}
	l.cfg.Delay = m
	return nil
}

func (l *linkText) readUnordered(string) error {
	l.cfg.Unordered = true
	return nil
}

func (l *linkText) readReorder(value string) error {
	share, text, err := cutShare(value, "reorder=1%/500us")
	if err != nil {
		return err
	}
	d, err := parseTime(text)
	if err == nil && d == 0 {
		err = errors.New("what is held back for no time isn't overtaken: give a time above 0, " +
			"such as 500us")
	}
	l.cfg.Reorder, l.cfg.ReorderDelay = share, d
	return err
}

func (l *linkText) readDuplicate(value string) error {
	share, text, err := cutShare(value, "duplicate=1%/100us")
	if err != nil {
		return err
	}
	d, err := parseTime(text)
	l.cfg.Duplicate, l.cfg.DuplicateDelay = share, d
	return err
}

func (l *linkText) readCorrupt(value string) (err error) {
	l.cfg.Corrupt, err = parseShare(value)
	return err
}

func (l *linkText) readRate(value string) error {
	n, err := ParseRate(value)
	if err == nil {
		l.cfg.Rate = n
	}
	return err
}

// ParseRate reads a rate in bits a second, such as 100Mbit, from 1bit to 1Tbit.
func ParseRate(text string) (bits int64, err error) {
	n, ok := parseUnits(text, rateUnits)
	if !ok || n < 1 || n > MaxRate {
		return 0, fmt.Errorf("%q is not a rate: give a number of bit, kbit, Mbit, Gbit or Tbit a "+
			"second, from 1bit to 1Tbit, such as 100Mbit", clip(text))
	}
	return n, nil
}

func (l *linkText) readQueue(value string) error {
	n, ok := parseUnits(value, sizeUnits)
	if !ok || n < 1 || n > MaxQueue {
		return fmt.Errorf("%q is not a queue size: give a number of bytes, kB, MB, GB, KiB, "+
			"MiB or GiB, from 1 to 1GiB, such as 64KiB", clip(value))
	}
	l.cfg.Queue = int(n)
	return nil
}

// cutShare splits SHARE/REST; like is an example for the error.
func cutShare(value, like string) (share float64, rest string, err error) {
	first, rest, ok := strings.Cut(value, "/")
	if !ok {
		return 0, "", fmt.Errorf("the part behind a / is missing: write for instance %s", like)
	}
	share, err = parseShare(first)
	return share, rest, err
}

// parseShare reads 0.01 or 1%, both exactly the same.
func parseShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	p, err := parseNumber(number)
	if percent && err == nil {
		p, err = strconv.ParseFloat(number+"e-2", 64)
	}
	if err != nil || !isProbability(p) {
		return 0, fmt.Errorf("%q is not a share: give a number from 0 to 1, or from 0%% to 100%%, "+
			"such as 0.01 or 1%%", clip(s))
	}
	return p, nil
}

func parseTime(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > MaxDelay {
		return 0, fmt.Errorf("%q is not a time: give one from 0s to %v, such as 250us, 1.5ms or 2s",
			clip(s), MaxDelay)
	}
	return d, nil
}

// parseNumber reads digits with or without a decimal point, and nothing else
// that passes for a number.
func parseNumber(s string) (float64, error) {
	if strings.Trim(s, "0123456789.") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}

// units may follow a number, in any case.
type units map[string]float64

var (
	rateUnits = units{"bit": 1, "kbit": 1e3, "mbit": 1e6, "gbit": 1e9, "tbit": 1e12}
	sizeUnits = units{"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1 << 10,
		"mib": 1 << 20, "gib": 1 << 30}
)

// parseUnits reads a number with its unit, and returns false unless that is a
// whole number of the smallest unit.
func parseUnits(s string, in units) (int64, bool) {
	number := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit, ok := in[strings.ToLower(s[len(number):])]
	n, err := parseNumber(number)
	n = math.Round(n*unit*1e3) / 1e3 // 1.1 Mbit is 1100000.0000000001 bit
	if !ok || err != nil || n != math.Trunc(n) || n > 1<<53 {
		return 0, false
	}
	return int64(n), true
}
