package scenario

import "strings"

// origins names the sources of the records that built-in scenarios replay, by the start of
// the file's name. The records are not part of crier: their licences let one use them, and
// not hand them on.
var origins = []struct{ prefix, source string }{
	{"rutgers-orbit-", "the data set rutgers/noise (2007-04-20) of CRAWDAD, as a table of " +
		"received packets"},
	{"tossim-meyer-heavy", "tos/lib/tossim/noise/meyer-heavy.txt of " +
		"github.com/tinyos/tinyos-main"},
	{"starlink-irtt10ms-", "a record of one's own: irtt client -i 10ms, loss and delay a line " +
		"each"},
}

// Origin returns the source of a recorded file, in a few words; "" for a file that no built-in
// scenario replays. docs/SIMULATION.md has the form that files must have.
func Origin(file string) string {
	for _, o := range origins {
		if strings.HasPrefix(file, o.prefix) {
			return o.source
		}
	}
	return ""
}
