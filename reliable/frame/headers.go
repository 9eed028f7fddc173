package frame

import (
	"fmt"
	"iter"
	"slices"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// Limits of what a message has beside its payload.
const (
	// MaxProperties is the size of the key and the headers of a message, encoded, in bytes.
	MaxProperties = 1024
	// MaxMessageKey is the length of the longest key of a message, in bytes.
	MaxMessageKey = 255
	// MaxHeaders is the greatest number of headers of a message.
	MaxHeaders = 32
	// MaxHeaderName is the length of the longest name of a header, in bytes.
	MaxHeaderName = 255
)

// The keys of the map of a message's properties.
const (
	keyMessageKey = 0
	keyHeaders    = 1
)

// MessageHeader is a named value of a message.
type MessageHeader struct {
	// Name has 1 to MaxHeaderName bytes of UTF-8.
	Name string
	// Value may be any bytes, also none.
	Value []byte
}

// Properties are the key and the headers of a message, as an encoded msgpack map: empty for
// neither. The methods are for what AppendProperties or a Decoder returns, and allocate nothing.
// What they return are views of it.
type Properties []byte

// AppendProperties appends the key and the headers of a message to dst, or nothing if there are
// neither. The error names the limit that they exceed; dst then is as before.
func AppendProperties(dst []byte, key []byte, headers []MessageHeader) (Properties, error) {
	size, err := propertiesSize(key, headers)
	if err != nil || size == 0 {
		return dst, err
	}
	at := len(dst)
	dst = slices.Grow(dst, size)[:at+size]
	putProperties(dst[at:], key, headers)
	return dst, nil
}

// propertiesSize checks the key and the headers of a message, and returns their size, encoded: 0
// for neither.
func propertiesSize(key []byte, headers []MessageHeader) (int, error) {
	if len(key) > MaxMessageKey {
		return 0, fmt.Errorf("a key of %d bytes is longer than %d: use a hash of it", len(key),
			MaxMessageKey)
	}
	if len(headers) > MaxHeaders {
		return 0, fmt.Errorf("%d headers are more than %d: put the rest into the payload",
			len(headers), MaxHeaders)
	}
	size := 1
	if len(key) > 0 {
		size += 3 + len(key)
	}
	if n := len(headers); n > 15 {
		size += 4
	} else if n > 0 {
		size += 2
	} else if len(key) == 0 {
		return 0, nil
	}
	for i := range headers {
		h := &headers[i]
		if i > 0 || !h.isPlain() {
			if err := h.check(headers[:i]); err != nil {
				return 0, err
			}
		}
		size += h.size()
	}
	if size > MaxProperties {
		return 0, fmt.Errorf("the key and the headers take %d bytes, and may take %d: put the "+
			"rest into the payload", size, MaxProperties)
	}
	return size, nil
}

// putProperties encodes the key and the headers of a message into w, which has their size.
func putProperties(w []byte, key []byte, headers []MessageHeader) {
	w[0] = msgpcode.FixedMapLow
	at := 1
	if n := len(key); n > 0 {
		w[0]++
		head := w[at : at+3]
		head[0], head[1], head[2] = keyMessageKey, msgpcode.Bin8, byte(n)
		at += 3 + copy(w[at+3:], key)
	}
	switch n := len(headers); {
	case n > 15:
		w[0]++
		at += copy(w[at:], []byte{keyHeaders, msgpcode.Map16, 0, byte(n)})
	case n > 0:
		w[0]++
		w[at], w[at+1] = keyHeaders, msgpcode.FixedMapLow|byte(n)
		at += 2
	}
	for i := range headers {
		at += headers[i].put(w[at:])
	}
}

// put encodes the header into w, and returns its size.
func (h *MessageHeader) put(w []byte) int {
	at := 1
	if n := len(h.Name); n < 32 {
		w[0] = msgpcode.FixedStrLow | byte(n)
	} else {
		w[0], w[1] = msgpcode.Str8, byte(n)
		at = 2
	}
	at += copy(w[at:], h.Name)
	if n := len(h.Value); n < 1<<8 {
		w[at], w[at+1] = msgpcode.Bin8, byte(n)
		at += 2
	} else {
		w[at], w[at+1], w[at+2] = msgpcode.Bin16, byte(n>>8), byte(n)
		at += 3
	}
	return at + copy(w[at:], h.Value)
}

// size returns the size of the header, encoded.
func (h *MessageHeader) size() int {
	n := 1 + len(h.Name) + chunkHead(len(h.Value)) + len(h.Value)
	if len(h.Name) >= 32 {
		n++
	}
	return n
}

// isPlain reports whether a header, if it is the first one, needs no further check: its name is of
// ASCII.
func (h *MessageHeader) isPlain() bool {
	all := byte(0)
	for i := range len(h.Name) {
		all |= h.Name[i]
	}
	return all < utf8.RuneSelf && len(h.Name) > 0 && len(h.Name) <= MaxHeaderName &&
		len(h.Value) <= MaxProperties
}

// check returns an error if the header can't follow the ones before it.
func (h *MessageHeader) check(before []MessageHeader) error {
	switch {
	case h.Name == "":
		return fmt.Errorf("header %d has no name: give it one of 1 to %d bytes", len(before)+1,
			MaxHeaderName)
	case len(h.Name) > MaxHeaderName:
		return fmt.Errorf("the name of header %d has %d bytes, and may have %d: shorten it",
			len(before)+1, len(h.Name), MaxHeaderName)
	case !utf8.ValidString(h.Name):
		return fmt.Errorf("the name of header %d, %q, isn't valid UTF-8: encode it in UTF-8",
			len(before)+1, h.Name)
	case len(h.Value) > MaxProperties:
		return fmt.Errorf("header %q has %d bytes, where all take at most %d: put it into the "+
			"payload", h.Name, len(h.Value), MaxProperties)
	}
	for i := range before {
		if before[i].Name == h.Name {
			return fmt.Errorf("header %q is there twice: use another name", h.Name)
		}
	}
	return nil
}

// Key returns the key of the message, or nil if it has none.
func (p Properties) Key() []byte {
	if len(p) == 0 {
		return nil
	}
	n, at := mapAt(p, 0)
	if n == 0 || p[at] != keyMessageKey {
		return nil
	}
	key, _ := binAt(p, at+1)
	if len(key) == 0 {
		return nil
	}
	return key
}

// Headers returns the names and values of the headers, in the publisher's order.
func (p Properties) Headers() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		n, at := p.headers()
		for ; n > 0; n-- {
			var name, value []byte
			name, at = strAt(p, at)
			value, at = binAt(p, at)
			if !yield(name, value) {
				return
			}
		}
	}
}

// Header returns the value of a header, and reports whether the message has it.
func (p Properties) Header(name string) (value []byte, ok bool) {
	n, at := p.headers()
	for ; n > 0; n-- {
		var key, v []byte
		key, at = strAt(p, at)
		v, at = binAt(p, at)
		if string(key) == name {
			value, ok = v, true // of a name that comes twice, the last value counts
		}
	}
	return value, ok
}

// headers returns the number of headers, and the place of the first one.
func (p Properties) headers() (n, at int) {
	if len(p) == 0 {
		return 0, 0
	}
	n, at = mapAt(p, 0)
	if n > 0 && p[at] == keyMessageKey {
		_, at = binAt(p, at+1)
		n--
	}
	if n == 0 || p[at] != keyHeaders {
		return 0, 0
	}
	return mapAt(p, at+1)
}
