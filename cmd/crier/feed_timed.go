package main

import (
	"fmt"
	"math"
	"time"
)

// timedDigits is the longest time of a timed line, in digits: that of the
// largest int64.
const timedDigits = 19

// timedFeed has a message in each line, behind the time when it was recorded.
type timedFeed struct {
	lines lineReader
	first int64 // the first record's time, in ns
	begun bool
}

func newTimedFeed(src *feedSource) *timedFeed {
	return &timedFeed{lines: lineReader{src: src, max: timedDigits + 1 + feedMaxMessage}}
}

func (f *timedFeed) next() (record, error) {
	line, err := f.lines.next()
	if err != nil {
		return record{}, err
	}
	ns, payload, fault := parseTimed(line)
	if fault != "" {
		return record{}, f.lines.src.errorf("line %d %s: each line is to be <ns> <payload>, such as \"1723161255030314667 hello\"", f.lines.n, fault)
	}
	if len(payload) > feedMaxMessage {
		return record{}, f.lines.src.errorf("the message in line %d is longer than %v: the largest that can be sent", f.lines.n, size(feedMaxMessage))
	}
	if !f.begun {
		f.first, f.begun = ns, true
	}
	return record{at: time.Duration(max(0, ns-f.first)), payload: payload}, nil
}

// parseTimed takes a line "<ns> <payload>" apart; fault says what is wrong
// with it, or is "". The time is digits only, from 0 to 2^63-1, so that the
// difference of two never overflows.
func parseTimed(line []byte) (ns int64, payload []byte, fault string) {
	var t uint64
	digits := 0
	for ; digits < len(line) && digits < timedDigits && line[digits] >= '0' && line[digits] <= '9'; digits++ {
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

func (f *timedFeed) where() string      { return fmt.Sprintf("line %d", f.lines.n) }
func (f *timedFeed) warnings() []string { return nil }
func (f *timedFeed) Close() error       { return f.lines.src.Close() }
