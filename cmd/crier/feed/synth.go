package feed

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
)

// SynthOptions describe a made-up feed.
type SynthOptions struct {
	Size  int    // of each message, 0 to 16 MiB; the tool's default is 64
	Count uint64 // messages; 0 means that there is no end
	Seed  uint64
}

// Synth makes messages that can be printed and verified: each begins with its
// index, decimal from 0, and a space, if there is room for both, and goes on with
// letters, a to p, that follow from the seed and the index alone. It has no times.
type Synth struct {
	opts SynthOptions
	n    uint64
	buf  []byte
}

// NewSynth begins a feed.
func NewSynth(opts SynthOptions) *Synth {
	return &Synth{opts: opts, buf: make([]byte, 0, opts.Size)}
}

// Next returns the next message, without a time.
func (f *Synth) Next() (Record, error) {
	if f.opts.Count > 0 && f.n == f.opts.Count {
		return Record{}, io.EOF
	}
	f.buf = AppendSynth(f.buf[:0], f.opts.Seed, f.n, f.opts.Size)
	f.n++
	return Record{At: -1, Payload: f.buf}, nil
}

// Close does nothing.
func (f *Synth) Close() error { return nil }

// AppendSynth appends the message of a seed and an index, of n bytes, to b.
func AppendSynth(b []byte, seed, index uint64, n int) []byte {
	start := len(b)
	if b = append(strconv.AppendUint(b, index, 10), ' '); len(b)-start > n {
		b = b[:start]
	}
	n -= len(b) - start
	state := mix64(seed) ^ mix64(^index)
	for ; n >= 8; n -= 8 {
		state += mixStep
		b = binary.LittleEndian.AppendUint64(b, letters(mix64(state)))
	}
	for last := letters(mix64(state + mixStep)); n > 0; n-- {
		b = append(b, byte(last))
		last >>= 8
	}
	return b
}

// VerifySynth reports whether b is a message of the seed, whole and unchanged, and
// which one. One that is too short doesn't tell its index: compare it with
// AppendSynth.
func VerifySynth(b []byte, seed uint64) (index uint64, ok bool) {
	const most = len("18446744073709551615")
	end := bytes.IndexByte(b[:min(len(b), most+1)], ' ')
	if end <= 0 || end > 1 && b[0] == '0' {
		return 0, false
	}
	index, err := strconv.ParseUint(string(b[:end]), 10, 64)
	if err != nil || b[0] == '+' {
		return 0, false
	}
	b = b[end+1:]
	state := mix64(seed) ^ mix64(^index)
	for ; len(b) >= 8; b = b[8:] {
		state += mixStep
		if binary.LittleEndian.Uint64(b) != letters(mix64(state)) {
			return index, false
		}
	}
	last := letters(mix64(state + mixStep))
	for _, c := range b {
		if c != byte(last) {
			return index, false
		}
		last >>= 8
	}
	return index, true
}

// letters makes eight letters, a to p, of eight bytes: four bits of each count.
func letters(x uint64) uint64 { return x&0x0f0f0f0f0f0f0f0f + 0x6161616161616161 }

// mixStep is the increment of SplitMix64.
const mixStep = 0x9e3779b97f4a7c15

// mix64 is SplitMix64's output function: integers only, so that it gives the
// same on any machine.
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
