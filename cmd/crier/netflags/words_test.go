package netflags

import (
	"strings"
	"testing"
)

// A word is quoted as bash reads it, and what would reach a terminal raw is escaped.
func TestQuoted(t *testing.T) {
	for word, want := range map[string]string{
		"orders":      "orders",
		"größe":       "größe",
		"quotes.*":    "'quotes.*'",
		"it's":        `'it'\''s'`,
		"a\u202e\"'b": `$'a\u202e"\'b'`,
		"a\\\x1b[2J":  `$'a\\\x1b[2J'`,
	} {
		if got := Quoted(word); got != want {
			t.Errorf("%q is quoted as %s, want %s", word, got, want)
		}
	}
}

// A name that people can't read is refused.
func TestCheckName(t *testing.T) {
	for _, name := range []string{"", "risk 1", "größe", strings.Repeat("n", 255)} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for name, part := range map[string]string{
		strings.Repeat("n", 256): "--name has 256 bytes, and may have 255: shorten it",
		"a\nb":                   `--name "a\nb" has a control character at byte 1: remove it`,
		"a\u0085":                "has a control character at byte 1",
		"a\xff":                  `--name "a\xff" isn't valid UTF-8`,
	} {
		wantUsage(t, []string{name}, CheckName(name), part)
	}
}
