package topic

import "strings"

// Pattern selects topics by name. A '*' stands for any run of characters, also for none. Patterns
// compare with ==. The zero Pattern matches nothing.
type Pattern struct{ text string }

// IsPattern reports whether text selects topics by a pattern, and isn't one name.
func IsPattern(text string) bool { return strings.Contains(text, "*") }

// ParsePattern returns the pattern of a text, or an error as [Check] does. A text without '*'
// matches the one topic of that name.
func ParsePattern(text string) (Pattern, error) {
	if err := check(text, "pattern"); err != nil {
		return Pattern{}, err
	}
	if at := strings.IndexByte(text, ','); at >= 0 {
		return Pattern{}, commaError("pattern", text, at)
	}
	return Pattern{text}, nil
}

// String returns the text of the pattern.
func (p Pattern) String() string { return p.text }

// Match reports whether the pattern selects a topic. It takes at most as many steps as the
// product of both lengths.
func (p Pattern) Match(name string) bool {
	if p.text == "" {
		return false
	}
	at, i := 0, 0         // places in the pattern and in the name
	star, resume := -1, 0 // the last star, and the place in the name behind what it stands for
	for i < len(name) {
		switch {
		case at < len(p.text) && p.text[at] == '*':
			star, resume = at, i
			at++
		case at < len(p.text) && p.text[at] == name[i]:
			at++
			i++
		case star >= 0:
			resume++
			at, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(p.text[at:], "*") == ""
}
