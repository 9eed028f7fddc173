package cli

import (
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

// sentence is a record of the library's log as English. What the message calls "a session" or
// "the interface" gets its name, and other attributes stand in parentheses behind the first
// clause, before the error and the hint.
type sentence struct {
	clause, rest string // of the message, without and with "; "
	details      []string
	err, hint    string
}

// named finds what attributes have the names of.
var named = map[string]*regexp.Regexp{
	"interface":  regexp.MustCompile(`\b(an|the) interface\b`),
	"session":    regexp.MustCompile(`\b(a|the) session\b`),
	"subscriber": regexp.MustCompile(`\b(a|the) subscriber\b`),
}

func newSentence(message string) *sentence {
	message = strings.TrimPrefix(strings.TrimPrefix(message, "crier: "), "multicast: ")
	i := strings.Index(message+"; ", "; ")
	return &sentence{clause: message[:i], rest: message[i:]}
}

// add adds an attribute.
func (s *sentence) add(key string, value slog.Value) {
	text := value.Resolve().String()
	switch {
	case text == "":
		return
	case key == "error":
		s.err = ": " + text
		return
	case key == "hint":
		s.hint = "; " + text
		return
	}
	if thing := named[key]; thing != nil {
		if at := thing.FindStringIndex(s.clause); at != nil {
			s.clause = s.clause[:at[0]] + key + " " + text + s.clause[at[1]:]
			return
		}
	}
	s.details = append(s.details, detail(key, value.Resolve()))
}

// detail returns an attribute in words: a number before what it counts, and else behind.
func detail(key string, value slog.Value) string {
	key = strings.ReplaceAll(key, "_", " ")
	count, whole := uint64(0), false
	switch value.Kind() {
	case slog.KindDuration:
		return key + " " + Duration(value.Duration())
	case slog.KindInt64:
		count, whole = uint64(value.Int64()), value.Int64() >= 0
	case slog.KindUint64:
		count, whole = value.Uint64(), true
	}
	if what, ok := strings.CutSuffix(key, "bytes"); ok && whole {
		return what + Bytes(count)
	}
	if one, ok := strings.CutSuffix(key, "s"); ok && whole {
		return Counted(count, one, key)
	}
	return fmt.Sprintf("%s %v", key, value)
}

func (s *sentence) String() string {
	text := s.clause
	if s.details != nil {
		text += " (" + strings.Join(s.details, ", ") + ")"
	}
	return Printable(strings.ReplaceAll(text+s.err+s.rest+s.hint, "\n", " "))
}
