package decode

import (
	"bytes"
	"errors"

	"crier/cmd/crier/feed"
	"crier/reliable/frame"
)

// state says how far a frame could be decoded.
type state int

const (
	whole     state = iota
	damaged         // its tag is wrong
	malformed       // its tag is right, its content isn't
	newer           // it needs a newer crier
	cut             // the capture has only its beginning
	states
)

var stateWords = [states]string{"whole", "damaged", "malformed", "newer", "cut"}

func (s state) String() string { return stateWords[s] }

// entry is a frame of a capture, or what is left of one.
type entry struct {
	feed.Datagram
	bytes  []byte // of the frame, as far as they are there
	state  state
	tag    frame.Tag
	header frame.Header
	// f has all fields if parsed is set. Those of a damaged frame are what it says.
	f      frame.Frame
	parsed bool
	// inner is the datagram of a REPAIR.
	inner       frame.Frame
	innerTag    frame.Tag
	innerParsed bool
}

// decoder finds the frames of datagrams. It reuses one entry.
type decoder struct {
	dec, innerDec frame.Decoder
	e             entry
}

// datagram calls yield for each frame of a datagram, which has several where a host has
// merged datagrams, and reports whether there was one.
func (d *decoder) datagram(g feed.Datagram, yield func(*entry) error) (frames int, err error) {
	isCut := g.Size > len(g.Payload)
	rest := g.Payload
	if !isCut && d.alone(g, rest) {
		return 1, yield(&d.e)
	}
	for len(rest) > 0 {
		n, ok := d.dec.Size(rest)
		merged := ok && frame.CheckTag(rest[:n]) == frame.TagRight && (n < len(rest) || frames > 0)
		switch {
		case merged && d.alone(g, rest[:n]):
			rest = rest[n:]
		case isCut && d.beginning(g, rest), d.remains(g, rest):
			rest = nil
		default:
			return frames, nil
		}
		frames++
		if err := yield(&d.e); err != nil {
			return frames, err
		}
	}
	return frames, nil
}

// start begins an entry.
func (d *decoder) start(g feed.Datagram, b []byte) {
	e := &d.e
	e.Datagram, e.bytes, e.tag = g, b, frame.CheckTag(b)
	e.parsed, e.innerParsed, e.innerTag = false, false, frame.TagNone
}

// alone decodes a frame whose tag is right.
func (d *decoder) alone(g feed.Datagram, b []byte) bool {
	d.start(g, b)
	e := &d.e
	if e.tag != frame.TagRight {
		return false
	}
	err := d.dec.Decode(b, &e.f)
	header, resembles := frame.Resembles(b)
	switch {
	case err == nil:
		e.state, e.parsed = whole, true
		e.header = frame.Header{Kind: e.f.Kind, Flags: e.f.Flags, Session: e.f.Session,
			Channel: e.f.Channel}
		d.repair()
		return true
	case errors.Is(err, frame.ErrNewer):
		e.state = newer
		e.header, _ = frame.HeaderOf(b)
		return true
	}
	e.state, e.header = malformed, header
	return resembles
}

// repair decodes the datagram inside a REPAIR, which must be DATA of the same session.
func (d *decoder) repair() {
	e := &d.e
	if e.f.Kind != frame.Repair {
		return
	}
	e.innerTag = frame.CheckTag(e.f.Inner)
	err := d.innerDec.Decode(e.f.Inner, &e.inner)
	e.innerParsed = err == nil
	if err != nil || e.inner.Kind != frame.Data || e.inner.Session != e.f.Session ||
		e.inner.Channel != e.f.Channel {
		e.state = malformed
	}
}

// beginning takes what the capture has of a frame.
func (d *decoder) beginning(g feed.Datagram, b []byte) (ok bool) {
	d.start(g, b)
	d.e.state, d.e.tag = cut, frame.TagNone
	d.e.header, ok = frame.Resembles(b)
	return ok
}

// remains takes a frame whose tag is wrong.
func (d *decoder) remains(g feed.Datagram, b []byte) (ok bool) {
	d.start(g, b)
	e := &d.e
	e.state = damaged
	if e.header, ok = frame.Resembles(b); !ok || e.tag == frame.TagNone {
		return false
	}
	if e.tag == frame.TagWrong {
		e.parsed = d.dec.DecodeAgain(bytes.Clone(b), &e.f) == nil
		if e.parsed {
			d.repair()
			e.state = damaged
		}
	}
	return true
}
