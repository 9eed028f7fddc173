package feed

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// keyMost is the length of the longest key, in bytes: the protocol's own limit.
const keyMost = 255

// keyer finds the key in a message. Why is empty, or the reason for which there is none, in words
// that follow "message 7 goes out without a key:". The key is a view of the message, as a rule.
type keyer func(message []byte) (key []byte, why string)

// newKeyer returns what finds the keys that a specification describes, in messages that are taken
// out of datagrams by split, if it isn't empty. The error is in the words of the flags.
func newKeyer(spec, split string) (keyer, error) {
	if at, length, ok := keyBytes(spec); ok {
		if length < 1 || length > keyMost {
			return nil, fmt.Errorf("--key %s has %d bytes: use 1 to %d", spec, length, keyMost)
		}
		return bytesKeyer(at, length), nil
	}
	if strings.Contains(spec, "(") {
		return regexpKeyer(spec)
	}
	if strings.Contains(spec, ":") && strings.Trim(spec, "0123456789:-") == "" {
		return nil, fmt.Errorf("--key %q is no OFFSET:LENGTH: give two numbers, such as 10:8, of "+
			"bytes of a message, which has %d at most", spec, MaxMessage)
	}
	switch {
	case split == "iextp" && spec == "symbol":
		return iexSymbol, nil
	case split == "iextp":
		return nil, fmt.Errorf("--key %q is no field of the messages of iextp: use symbol, or "+
			"bytes as OFFSET:LENGTH, such as 10:8", spec)
	case split == "moldudp64":
		return nil, fmt.Errorf("--key %q is no field of the messages of moldudp64, which carries "+
			"any: give its bytes as OFFSET:LENGTH, such as 1:2 for the stock locate of ITCH 5.0",
			spec)
	}
	return jsonKeyer(spec)
}

// keyBytes parses OFFSET:LENGTH.
func keyBytes(spec string) (at, length int, ok bool) {
	before, after, ok := strings.Cut(spec, ":")
	at, err1 := strconv.Atoi(before)
	length, err2 := strconv.Atoi(after)
	return at, length, ok && err1 == nil && err2 == nil && at >= 0 && at < MaxMessage
}

// bytesKeyer finds a key at a fixed place.
func bytesKeyer(at, length int) keyer {
	short := fmt.Sprintf("it ends before byte %d", at+length)
	return func(message []byte) ([]byte, string) {
		if len(message)-at < length {
			return nil, short
		}
		return message[at : at+length], ""
	}
}

// regexpKeyer finds the first group of a regular expression.
func regexpKeyer(spec string) (keyer, error) {
	e, err := regexp.Compile(spec)
	if err != nil {
		return nil, fmt.Errorf("--key %q is no regular expression (%s): see "+
			"https://pkg.go.dev/regexp/syntax", spec,
			strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if e.NumSubexp() == 0 {
		return nil, fmt.Errorf("--key %q has no group that is the key: put it into parentheses, "+
			"such as '^(\\w+) '", spec)
	}
	return func(message []byte) ([]byte, string) {
		at := e.FindSubmatchIndex(message)
		switch {
		case at == nil:
			return nil, "the regular expression of --key doesn't match"
		case at[2] < 0:
			return nil, "the group of --key is not in what matches"
		}
		return message[at[2]:at[3]], ""
	}, nil
}

// iexSymbol finds the symbol of a message of IEX: TOPS, DEEP and DEEP+ have it in 8 bytes behind
// the type, a byte of flags and the time, with spaces at its end. System events have none.
func iexSymbol(message []byte) ([]byte, string) {
	const at, length = 10, 8
	if len(message) == at && message[0] == 'S' {
		return nil, "it is a system event, of no symbol"
	}
	if len(message) < at+length {
		return nil, "it is too short for a symbol"
	}
	symbol := bytes.TrimRight(message[at:at+length], " ")
	for _, c := range symbol {
		if c <= ' ' || c > '~' {
			return nil, "it has no symbol where messages of IEX have it"
		}
	}
	if len(symbol) == 0 {
		return nil, "its symbol is empty"
	}
	return symbol, ""
}

// errKeyName is about a specification that is neither a field nor a regular expression.
var errKeyName = errors.New("is no field of JSON, such as data.symbol, no regular expression " +
	"with a group, such as '^(\\w+) ', and no OFFSET:LENGTH: give one of these")

// jsonKeyer finds a field of JSON, whose names and indexes have dots between them.
func jsonKeyer(spec string) (keyer, error) {
	path := strings.Split(spec, ".")
	for _, name := range path {
		if name == "" || strings.ContainsAny(name, "^*+?\\|[]{}") || strings.HasSuffix(name, "$") {
			return nil, fmt.Errorf("--key %q %w", spec, errKeyName)
		}
	}
	absent := fmt.Sprintf("it has no field %q", spec)
	return func(message []byte) ([]byte, string) {
		s := jsonScan{b: message}
		for i, name := range path {
			if found := s.descend(name); !found {
				if s.bad {
					return nil, "it isn't JSON"
				}
				if i == 0 && !s.container {
					return nil, "it is no JSON object"
				}
				return nil, absent
			}
		}
		value, why := s.value()
		if why == "" && len(value) == 0 {
			why = fmt.Sprintf("its field %q is empty", spec)
		}
		return value, why
	}, nil
}
