package frame

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

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
