package topic

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// MaxName is the length of the longest name of a topic, in bytes.
const MaxName = 255

// Check returns an error if name can't be the name of a topic. A name has 1 to [MaxName] bytes of
// UTF-8 without control characters, without '*', which stands in patterns, and without ',', which
// separates topics in lists.
func Check(name string) error {
	if err := check(name, "topic"); err != nil {
		return err
	}
	for i := range len(name) {
		switch name[i] {
		case '*':
			return fmt.Errorf("topic %s has a '*' at byte %d: that is a pattern, which "+
				"subscribers alone may use", shown(name), i)
		case ',':
			return commaError("topic", name, i)
		}
	}
	return nil
}

// check returns an error about a name or a pattern, called noun.
func check(text, noun string) error {
	switch {
	case text == "":
		return errors.New("the " + noun + " is empty: give it a name of 1 to 255 bytes")
	case len(text) > MaxName:
		return fmt.Errorf("%s %s has %d bytes, and may have %d: shorten it",
			noun, shown(text), len(text), MaxName)
	}
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !startsRune(text[i:]):
			return fmt.Errorf("%s %s isn't valid UTF-8 at byte %d: encode it in UTF-8",
				noun, shown(text), i)
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			return fmt.Errorf("%s %s has a control character, %U, at byte %d: remove it",
				noun, shown(text), r, i)
		}
	}
	return nil
}

// commaError returns the error about a comma.
func commaError(noun, text string, at int) error {
	return fmt.Errorf("%s %s has a ',' at byte %d, which separates topics: use '.' or another "+
		"character", noun, shown(text), at)
}

// startsRune reports whether text, which begins with what reads as U+FFFD, begins with that
// character indeed.
func startsRune(text string) bool {
	_, size := utf8.DecodeRuneInString(text)
	return size > 1
}

// shown returns text in quotes, cut short.
func shown(text string) string {
	const most = 40
	if len(text) > most {
		return fmt.Sprintf("%q...", text[:most])
	}
	return fmt.Sprintf("%q", text)
}
