package reliable

import (
	"fmt"
	"slices"
	"strings"
)

// choices are the names of a type's values, in the order of the values. Flags, scenario
// files and results all write these names.
type choices []string

// text returns a value's name.
func (c choices) text(value uint8) string {
	if int(value) < len(c) {
		return c[value]
	}
	return fmt.Sprintf("(%d)", value)
}

// value returns the value with a name; what says what a value is.
func (c choices) value(text []byte, what string) (uint8, error) {
	i := slices.Index(c, string(text))
	if i < 0 {
		last := len(c) - 1
		return 0, fmt.Errorf("%q is no %s: use %s or %s", text, what,
			strings.Join(c[:last], ", "), c[last])
	}
	return uint8(i), nil
}
