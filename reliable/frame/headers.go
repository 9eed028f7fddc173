package frame

import (
	"encoding/binary"
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

// The following functions read an element of b at a place by hand, and return the place behind it,
// or a negative one if there is no such element.

// mapAt reads the head of a map.
func mapAt(b []byte, at int) (n, next int) {
	switch {
	case at >= len(b):
	case msgpcode.IsFixedMap(b[at]):
		return int(b[at] & msgpcode.FixedMapMask), at + 1
	case b[at] == msgpcode.Map16 && at+3 <= len(b):
		return int(binary.BigEndian.Uint16(b[at+1:])), at + 3
	}
	return 0, -1
}

// binAt reads a bin.
func binAt(b []byte, at int) (value []byte, next int) {
	switch {
	case at+2 <= len(b) && b[at] == msgpcode.Bin8:
		return cutAt(b, at+2, int(b[at+1]))
	case at+3 <= len(b) && b[at] == msgpcode.Bin16:
		return cutAt(b, at+3, int(binary.BigEndian.Uint16(b[at+1:])))
	}
	return nil, -1
}

// strAt reads a string.
func strAt(b []byte, at int) (text []byte, next int) {
	switch {
	case at >= len(b):
	case msgpcode.IsFixedString(b[at]):
		return cutAt(b, at+1, int(b[at]&msgpcode.FixedStrMask))
	case b[at] == msgpcode.Str8 && at+2 <= len(b):
		return cutAt(b, at+2, int(b[at+1]))
	case b[at] == msgpcode.Str16 && at+3 <= len(b):
		return cutAt(b, at+3, int(binary.BigEndian.Uint16(b[at+1:])))
	}
	return nil, -1
}

// cutAt returns n bytes.
func cutAt(b []byte, at, n int) (cut []byte, next int) {
	if next = at + n; next > len(b) {
		return nil, -1
	}
	return b[at:next:next], next
}

// propertiesAt checks the properties of a message by hand, and returns the place behind them, or a
// negative one. The keys of the map ascend; elements of unknown keys are left to the library.
func propertiesAt(b []byte, at int) (next int) {
	if next = usualAt(b, at); next >= 0 {
		return next
	}
	return unusualAt(b, at)
}

// usualAt is propertiesAt for what publishers write as a rule: a key, and up to 15 headers with
// names of up to 31 bytes of ASCII and values of up to 255.
func usualAt(b []byte, at int) (next int) {
	if at+3 >= len(b) || b[at+1] != keyMessageKey || b[at+2] != msgpcode.Bin8 {
		return -1
	}
	pairs, next := b[at], at+4+int(b[at+3])
	if pairs == msgpcode.FixedMapLow|1 && next <= len(b) {
		return next
	}
	if pairs != msgpcode.FixedMapLow|2 || next+1 >= len(b) || b[next] != keyHeaders {
		return -1
	}
	n := int(b[next+1]) - int(msgpcode.FixedMapLow)
	if n < 0 || n > 15 {
		return -1
	}
	for next += 2; n > 0; n-- {
		if next >= len(b) {
			return -1
		}
		size := int(b[next]) - int(msgpcode.FixedStrLow)
		name := next + 1
		next = name + size
		if size < 1 || size > 31 || next+1 >= len(b) || b[next] != msgpcode.Bin8 {
			return -1
		}
		all := byte(0)
		for _, c := range b[name:next] {
			all |= c
		}
		if next += 2 + int(b[next+1]); all >= utf8.RuneSelf || next > len(b) {
			return -1
		}
	}
	if next-at > MaxProperties {
		return -1
	}
	return next
}

// unusualAt is propertiesAt for whatever else.
func unusualAt(b []byte, at int) (next int) {
	from := at
	n, at := mapAt(b, at)
	if at < 0 {
		return -1
	}
	if n > 0 && at < len(b) && b[at] == keyMessageKey {
		var key []byte
		if key, at = binAt(b, at+1); at < 0 || len(key) > MaxMessageKey {
			return -1
		}
		n--
	}
	if n > 0 && at < len(b) && b[at] == keyHeaders {
		if at = headersAt(b, at+1); at < 0 {
			return -1
		}
		n--
	}
	if n > 0 || at-from > MaxProperties {
		return -1
	}
	return at
}

// headersAt checks the map of headers by hand.
func headersAt(b []byte, at int) (next int) {
	n, at := mapAt(b, at)
	if at < 0 || n > MaxHeaders {
		return -1
	}
	for ; n > 0; n-- {
		var name []byte
		if name, at = strAt(b, at); at < 0 || !isHeaderName(name) {
			return -1
		}
		if _, at = binAt(b, at); at < 0 {
			return -1
		}
	}
	return at
}

func isHeaderName(name []byte) bool {
	return len(name) > 0 && len(name) <= MaxHeaderName && utf8.Valid(name)
}

// messageProperties reads the properties of a message by the library.
func (d *Decoder) messageProperties(to *Properties) bool {
	start := d.r.at
	pairs, ok := d.mapLen()
	for last := -1; ok && pairs > 0; pairs-- {
		key, isFix := d.fix()
		if !isFix || int(key) <= last {
			return false
		}
		switch last = int(key); key {
		case keyMessageKey:
			var value []byte
			ok = d.bin(&value, MaxMessageKey)
		case keyHeaders:
			ok = d.messageHeaders()
		default:
			ok = d.skip()
		}
	}
	*to = d.r.b[start:d.r.at:d.r.at]
	return ok && len(*to) <= MaxProperties
}

// messageHeaders reads a map of names and bins.
func (d *Decoder) messageHeaders() bool {
	n, ok := d.mapLen()
	if !ok || n > MaxHeaders {
		return false
	}
	for ; n > 0; n-- {
		at := d.r.at
		if !d.skip() {
			return false
		}
		text := d.r.b[at:d.r.at]
		name, next := strAt(text, 0)
		var value []byte
		if next != len(text) || !isHeaderName(name) || !d.bin(&value, MaxDatagram) {
			return false
		}
	}
	return true
}
