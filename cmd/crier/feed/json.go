package feed

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// jsonScan finds a value in JSON without reading what isn't on the way to it.
type jsonScan struct {
	b  []byte
	at int
	// bad says that the text isn't JSON, container that the last value that descend looked at is an
	// object or an array.
	bad, container bool
}

// descend goes from a value to its member of a name, or its element of an index.
func (s *jsonScan) descend(name string) bool {
	s.space()
	s.container = s.code() == '{' || s.code() == '['
	switch s.code() {
	case '{':
		return s.member(name)
	case '[':
		index, err := strconv.Atoi(name)
		return err == nil && s.element(index)
	}
	s.bad = !s.skip()
	return false
}

// member goes to a member of an object.
func (s *jsonScan) member(name string) bool {
	for s.at++; ; s.at++ {
		s.space()
		if s.code() == '}' {
			return false
		}
		from := s.at
		if !s.text() {
			return s.fail()
		}
		key := s.b[from:s.at]
		s.space()
		if s.code() != ':' {
			return s.fail()
		}
		s.at++
		s.space()
		if jsonIs(key, name) {
			return true
		}
		if !s.skip() {
			return s.fail()
		}
		s.space()
		if s.code() == '}' {
			return false
		}
		if s.code() != ',' {
			return s.fail()
		}
	}
}

// element goes to an element of an array.
func (s *jsonScan) element(index int) bool {
	for s.at++; ; s.at++ {
		s.space()
		if s.code() == ']' {
			return false
		}
		if index == 0 {
			return true
		}
		index--
		if !s.skip() {
			return s.fail()
		}
		s.space()
		if s.code() == ']' {
			return false
		}
		if s.code() != ',' {
			return s.fail()
		}
	}
}

// value returns the text of a string, a number or a truth value.
func (s *jsonScan) value() (value []byte, why string) {
	s.space()
	from := s.at
	switch c := s.code(); {
	case c == '{' || c == '[':
		return nil, "its key would be an object or an array"
	case !s.skip():
		return nil, "it isn't JSON"
	case c == '"':
		value = s.b[from+1 : s.at-1]
		if bytes.IndexByte(value, '\\') >= 0 {
			var text string
			if json.Unmarshal(s.b[from:s.at], &text) != nil {
				return nil, "it isn't JSON"
			}
			value = []byte(text)
		}
		return value, ""
	case c == 'n':
		return nil, "its key is null"
	}
	return s.b[from:s.at], ""
}

// jsonIs reports whether a string with its quotes is a text.
func jsonIs(quoted []byte, text string) bool {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1:len(quoted)-1]) == text
	}
	var is string
	return json.Unmarshal(quoted, &is) == nil && is == text
}

func (s *jsonScan) fail() bool {
	s.bad = true
	return false
}

// code returns the next byte, or 0 at the end.
func (s *jsonScan) code() byte {
	if s.at < len(s.b) {
		return s.b[s.at]
	}
	return 0
}

func (s *jsonScan) space() {
	for s.at < len(s.b) && (s.b[s.at] == ' ' || s.b[s.at] == '\t' || s.b[s.at] == '\n' ||
		s.b[s.at] == '\r') {
		s.at++
	}
}

// text passes over a string.
func (s *jsonScan) text() bool {
	if s.code() != '"' {
		return false
	}
	for s.at++; s.at < len(s.b); s.at++ {
		switch s.b[s.at] {
		case '"':
			s.at++
			return true
		case '\\':
			s.at++
		}
	}
	return false
}

// skip passes over a value. It looks at the brackets of objects and arrays alone.
func (s *jsonScan) skip() bool {
	switch s.code() {
	case '"':
		return s.text()
	case '{', '[':
		return s.skipContainer()
	}
	from := s.at
	for s.at < len(s.b) {
		switch c := s.b[s.at]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c == '-', c == '+', c == '.', c == 'E':
			s.at++
			continue
		}
		break
	}
	return s.at > from
}

func (s *jsonScan) skipContainer() bool {
	for depth := 0; s.at < len(s.b); {
		switch s.b[s.at] {
		case '"':
			if !s.text() {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if s.at++; depth == 0 {
			return true
		}
	}
	return false
}
