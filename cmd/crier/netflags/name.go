package netflags

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"crier/cmd/crier/cli"
	"crier/reliable/frame"
)

// CheckName returns an error if what --name gives can't be the name of a publisher, a subscriber or
// a recorder. The protocol takes any bytes; a name that people can't read isn't one.
func CheckName(name string) error {
	if len(name) > frame.MaxName {
		return cli.Usagef("--name has %d bytes, and may have %d: shorten it", len(name),
			frame.MaxName)
	}
	if !utf8.ValidString(name) {
		return cli.Usagef("--name %q isn't valid UTF-8: encode it in UTF-8", name)
	}
	if i := strings.IndexFunc(name, unicode.IsControl); i >= 0 {
		return cli.Usagef("--name %q has a control character at byte %d: remove it", name, i)
	}
	return nil
}
