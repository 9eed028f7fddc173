package feed

import (
	"fmt"
	"math"
)

// timedDigits is the longest time of a timed line, in digits: that of the
// largest int64.
const timedDigits = 19

// timed reads a message from each line, behind the time when it was recorded.
type timed struct {
	lines lineReader
}

func newTimed(src *source) *timed {
	return &timed{lines: lineReader{src: src, max: timedDigits + 1 + MaxMessage}}
}

func (f *timed) next() (raw, error) {
	line, err := f.lines.next()
	if err != nil {
		return raw{}, err
	}
	ns, payload, fault := parseTimed(line)
	if fault != "" {
		return raw{},
			f.lines.src.errorf("line %d %s: each line is to be <ns> <payload>, such as "+
				"\"1723161255030314667 hello\"", f.lines.n, fault)
	}
	if len(payload) > MaxMessage {
		return raw{},
			f.lines.src.errorf("the message in line %d is longer than %v: the largest that can "+
				"be sent", f.lines.n, "16 MiB")
	}
	return raw{ns: ns, timed: true, payload: payload}, nil
}

// parseTimed takes a line "<ns> <payload>" apart; fault says what is wrong
// with it, or is "". The time is digits only, from 0 to 2^63-1, so that the
// difference of two never overflows.
func parseTimed(line []byte) (ns int64, payload []byte, fault string) {
	var t uint64
	digits := 0
	for ; digits < len(line) && digits < timedDigits && line[digits] >= '0' &&
		line[digits] <= '9'; digits++ {
		t = t*10 + uint64(line[digits]-'0') // 19 digits fit a uint64
	}
	switch {
	case digits == 0:
		return 0, nil, "does not begin with a time in nanoseconds"
	case t > math.MaxInt64:
		return 0, nil, "has a time over 9223372036854775807 ns"
	case digits == len(line):
		return 0, nil, "has no space behind its time"
	case line[digits] >= '0' && line[digits] <= '9':
		return 0, nil, "has a time of over 19 digits"
	case line[digits] != ' ':
		return 0, nil, "has something other than digits in its time"
	}
	return int64(t), line[digits+1:], ""
}

func (f *timed) where() string    { return fmt.Sprintf("line %d", f.lines.n) }
func (f *timed) leftOut() []Count { return nil }
