package reliable

import (
	"fmt"
	"slices"
	"strings"
)

// choices are the names of a type's values, in the order of the values. Flags, scenario
// files and results use these names.
type choices []string

// text returns a value's name.
func (c choices) text(value uint8) string {
	if int(value) < len(c) {
		return c[value]
	}
	return fmt.Sprintf("(%d)", value)
}

// value returns the value with a name. The error says that the name is not a kind of value:
// kind is a noun with its article.
func (c choices) value(text []byte, kind string) (uint8, error) {
	i := slices.Index(c, string(text))
	if i < 0 {
		last := len(c) - 1
		return 0, fmt.Errorf("%q is not %s: use %s or %s", text, kind,
			strings.Join(c[:last], ", "), c[last])
	}
	return uint8(i), nil
}
