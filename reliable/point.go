package reliable

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// point is an offset or a time in a stream, as text offset:N or time:T.
type point struct {
	kind  pointKind
	value uint64 // of the message, or Unix nanoseconds
}

type pointKind uint8

const (
	noPoint pointKind = iota
	offsetPoint
	timePoint
)

func pointAt(t time.Time) point { return point{timePoint, uint64(t.UnixNano())} }

func (p point) offset() (uint64, bool) { return p.value, p.kind == offsetPoint }

func (p point) wall() (int64, bool) { return int64(p.value), p.kind == timePoint }

func (p point) String() string {
	switch p.kind {
	case offsetPoint:
		return "offset:" + strconv.FormatUint(p.value, 10)
	case timePoint:
		return "time:" + time.Unix(0, int64(p.value)).UTC().Format(time.RFC3339Nano)
	}
	return ""
}

// parsePoint parses the text of a point. A time may be a negative duration, which is that long
// before now, unless now is zero. Without a known prefix it reports false.
func parsePoint(text string, now time.Time) (p point, ok bool, err error) {
	kind, value, _ := strings.Cut(text, ":")
	switch kind {
	case "offset":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return point{}, true, fmt.Errorf("%q is not an offset: use a whole number, "+
				"such as offset:1000", value)
		}
		return point{offsetPoint, n}, true, nil
	case "time":
		p, err := parseTime(value, now)
		return p, true, err
	}
	return point{}, false, nil
}

// The times that Unix nanoseconds can tell, but for the first and last years.
const firstYear, lastYear = 1970, 2261

func parseTime(value string, now time.Time) (point, error) {
	t, err := time.Parse(time.RFC3339Nano, value)
	if d, wrong := time.ParseDuration(value); wrong == nil && d < 0 && !now.IsZero() {
		t, err = now.Add(d), nil
	}
	switch year := t.UTC().Year(); {
	case err != nil && now.IsZero():
		return point{}, fmt.Errorf("%q is not a time: use RFC 3339, such as "+
			"time:2026-11-30T09:30:00Z", value)
	case err != nil:
		return point{}, fmt.Errorf("%q is not a time: use RFC 3339, such as "+
			"time:2026-11-30T09:30:00Z, or a duration ago, such as time:-10m", value)
	case year < firstYear || year > lastYear:
		return point{}, fmt.Errorf("the year of the time %s is not within %d to %d", value,
			firstYear, lastYear)
	}
	return pointAt(t), nil
}
