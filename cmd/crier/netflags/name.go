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
func CheckName(name string) error { return checkName("--name", name) }

// CheckTeam returns an error if what a flag or an argument, called what, gives can't be the name of
// a team.
func CheckTeam(what, name string) error { return checkName(what, name) }

func checkName(what, name string) error {
	if len(name) > frame.MaxName {
		return cli.Usagef("%s has %d bytes, and may have %d: shorten it", what, len(name),
			frame.MaxName)
	}
	if !utf8.ValidString(name) {
		return cli.Usagef("%s %q isn't valid UTF-8: encode it in UTF-8", what, name)
	}
	if i := strings.IndexFunc(name, unicode.IsControl); i >= 0 {
		return cli.Usagef("%s %q has a control character at byte %d: remove it", what, name, i)
	}
	return nil
}
