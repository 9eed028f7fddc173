package feed

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"crier/cmd/crier/cli"
)

// Reader is a feed that is read from a file or standard input.
type Reader struct {
	src    *source
	opts   Options
	only   []netip.AddrPort
	format format // nil until the first call of Next, of a pipe
	err    error  // that ended it
	split  *splitter
	merge  *merger // nil but where two feeds are taken as one
	key    keyer   // nil where no keys are wanted
	times  timeline

	n         uint64 // messages returned
	keyless   uint64 // of them without a key
	whyNot    string // of the last one without
	strangers strangers
	told      [tellings]int
}

// Next returns the next message.
func (r *Reader) Next() (Record, error) {
	m, err := r.next()
	if r.key == nil {
		return m, err
	}
	if err == io.EOF && r.n > 0 && r.keyless == r.n {
		return Record{}, r.src.errorf("not one of its %s has a key by --key %q (the last: %s): "+
			"give another --key, or leave it out", counted(r.n, "message", "messages"), r.opts.Key,
			r.whyNot)
	}
	if err != nil {
		return Record{}, err
	}
	m.Key = r.keyOf(m.Payload)
	return m, nil
}

// keyOf returns the key of a message, or nil.
func (r *Reader) keyOf(message []byte) []byte {
	key, why := r.key(message)
	switch {
	case why == "" && len(key) > keyMost:
		why = fmt.Sprintf("its key has %d bytes, and may have %d", len(key), keyMost)
	case why == "" && len(key) == 0:
		why = "its key is empty"
	case why == "":
		return key
	}
	r.keyless++
	r.whyNot = why
	r.tell(tellKeyless, "%s goes out without a key: %s", r.Where(), why)
	return nil
}

// next returns the next message without its key.
func (r *Reader) next() (Record, error) {
	if r.merge != nil {
		return r.merged()
	}
	if r.format == nil && r.err == nil {
		r.format, r.err = openFormat(r.src, r.opts.Format)
	}
	if r.err != nil {
		return Record{}, r.err
	}
	if r.split == nil {
		m, err := r.pull()
		if err != nil {
			return Record{}, err
		}
		return r.record(m, m.payload), nil
	}
	for !r.split.more() {
		m, err := r.pull()
		if err != nil {
			return Record{}, err
		}
		r.open(m)
	}
	return r.record(r.split.outer, r.split.take()), nil
}

// merged returns the next message of two feeds.
func (r *Reader) merged() (Record, error) {
	if r.err != nil {
		return Record{}, r.err
	}
	at, payload, err := r.merge.next(func(kind telling, text string) {
		r.tell(kind, "%s", text)
	})
	if err == io.EOF && r.n == 0 {
		err = r.merge.nothing()
	}
	if err != nil {
		r.err = err
		return Record{}, err
	}
	return r.record(at, payload), nil
}

// pull returns the format's next message that is wanted.
func (r *Reader) pull() (raw, error) {
	for {
		m, err := r.format.next()
		if err == io.EOF {
			err = r.end()
		}
		if err != nil {
			r.err = err
			return raw{}, err
		}
		if len(r.only) == 0 || slices.Contains(r.only, m.to) {
			return m, nil
		}
		if r.strangers.count(m.to) {
			r.tell(tellStranger, "%s goes to %v, which %s leaves out", r.Where(), m.to,
				r.onlyFlag())
		}
	}
}

// record returns a message with its due time.
func (r *Reader) record(m raw, payload []byte) Record {
	r.n++
	if !m.timed {
		return Record{At: -1, Payload: payload}
	}
	at, step, by := r.times.at(m.ns)
	switch step {
	case stepBack:
		r.tell(tellBack,
			"%s was recorded %s before one ahead of it: it goes out right behind that, and the "+
				"rest at its own pace", r.Where(), cli.Duration(by))
	case stepShort:
		r.tell(tellShort, "%s comes after a silence of %s, which --max-gap makes %v", r.Where(),
			cli.Duration(by), r.opts.MaxGap)
	}
	return Record{At: at, Payload: payload}
}

// open takes a datagram apart, and tells of gaps and the like in its source.
func (r *Reader) open(m raw) {
	if err := r.split.open(m); err != nil {
		if r.opts.Tell == nil {
			return
		}
		place, advice := r.Where(), ""
		if m.to.IsValid() {
			place = fmt.Sprintf("%s to %v", place, m.to)
		}
		if len(m.payload) > ethernetMTU-28 {
			advice = "; if the capturing host merged datagrams, capture again with ethtool -K " +
				"INTERFACE gro off"
		}
		r.tell(tellUnsplit, "%s can't be split by %s, and is left out: %v%s", place,
			r.opts.Split, err, advice)
		return
	}
	if n := len(r.split.parts); n > 1 {
		r.tell(tellMerged,
			"%s is %d datagrams, which the capturing host had merged: they are taken apart "+
				"(ethtool -K INTERFACE gro off captures them as they are)", r.Where(), n)
	}
	for i := range r.split.parts {
		for _, happened := range r.split.streams.note(&r.split.parts[i], m.to) {
			r.tell(happened.kind, "%s: %s", r.Where(), happened.text)
		}
	}
}

// end returns io.EOF, or an error if everything in the feed was left out.
func (r *Reader) end() error {
	switch {
	case r.n > 0:
		return io.EOF
	case r.split != nil && r.split.unsplit > 0 && r.split.datagrams == 0:
		return r.src.errorf("not one of its %d datagrams can be split by %s (the last: %v): give "+
			"another --split, or leave it out",
			r.split.unsplit, r.opts.Split, r.split.why)
	case r.strangers.n > 0 && (r.split == nil || r.split.datagrams == 0 && r.split.unsplit == 0):
		which := "one"
		if len(r.opts.Only) > 1 {
			which = "some"
		}
		return r.src.errorf("none of its datagrams goes to %s; there are %s: name %s of these "+
			"with %s", strings.Join(r.opts.Only, " or "), r.strangers.text(), which, r.onlyFlag())
	}
	return io.EOF
}

// onlyFlag returns the flag that says which datagrams are wanted.
func (r *Reader) onlyFlag() string { return cmp.Or(r.opts.onlyFlag, "--only") }

// Where names the last record of Next, such as "line 7".
func (r *Reader) Where() string {
	if r.merge != nil {
		return r.merge.where()
	}
	if r.format == nil {
		return "the beginning"
	}
	return r.format.where()
}

// Close closes the files.
func (r *Reader) Close() error {
	if r.merge != nil {
		return r.merge.close()
	}
	return r.src.Close()
}

// telling is a kind of sentence.
type telling int

const (
	tellStranger telling = iota
	tellBack
	tellShort
	tellUnsplit
	tellMerged
	tellGap
	tellLate
	tellEnd
	tellBegin
	tellKeyless
	tellBroken
	tellings
)

// tellMost bounds the sentences of each kind.
const tellMost = 5

func (r *Reader) tell(kind telling, text string, args ...any) {
	if r.opts.Tell == nil || r.told[kind] > tellMost {
		return
	}
	if r.told[kind]++; r.told[kind] > tellMost {
		r.opts.Tell(fmt.Sprintf("%s: more of this kind is only counted", r.src.name))
		return
	}
	r.opts.Tell(r.src.name + ": " + fmt.Sprintf(text, args...))
}
