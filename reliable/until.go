package reliable

import (
	"fmt"
	"time"
)

// Until selects where a Receiver ends in a session. Untils compare with ==; the zero Until is
// none, and as text empty, which is not parsed.
type Until struct{ point point }

// UntilOffset ends before the message at an offset.
func UntilOffset(offset uint64) Until { return Until{point{offsetPoint, offset}} }

// UntilTime ends before the first message of a frame that was made at a time or later, by the
// publisher's wall clock.
func UntilTime(t time.Time) Until { return Until{pointAt(t)} }

// Offset returns the offset of an Until made by UntilOffset.
func (u Until) Offset() (offset uint64, ok bool) { return u.point.offset() }

// Wall returns the time of an Until made by UntilTime, in Unix nanoseconds.
func (u Until) Wall() (wall int64, ok bool) { return u.point.wall() }

// String returns offset:N, or time:T with T as in RFC 3339, or nothing.
func (u Until) String() string { return u.point.String() }

// MarshalText returns the same text as String.
func (u Until) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText parses the text that String returns.
func (u *Until) UnmarshalText(text []byte) error {
	got, err := ParseUntil(string(text), time.Time{})
	if err == nil {
		*u = got
	}
	return err
}

// ParseUntil parses the text that String returns. If now isn't zero, T may also be a negative
// duration: that long before now.
func ParseUntil(text string, now time.Time) (Until, error) {
	p, ok, err := parsePoint(text, now)
	if !ok {
		return Until{}, fmt.Errorf("%q is not an end: use offset:N or time:T", text)
	}
	return Until{p}, err
}
