package main

import (
	"encoding/binary"
	"io"
)

// synthIndex is how many bytes a message's index takes.
const synthIndex = 8

// synthOptions describe a feed that is made up.
type synthOptions struct {
	Size  int    // of each message, 0 to 16 MiB; the tool's default is 64
	Count uint64 // messages; 0 means that there is no end
	Seed  uint64
}

// synthFeed makes messages that can be verified: each begins with its index,
// u64 big-endian from 0, if there is room, and goes on with bytes that follow
// from the seed and the index alone. It has no times.
type synthFeed struct {
	opts synthOptions
	n    uint64
	buf  []byte
}

func newSynthFeed(opts synthOptions) *synthFeed {
	return &synthFeed{opts: opts, buf: make([]byte, 0, opts.Size)}
}

func (f *synthFeed) next() (record, error) {
	if f.opts.Count > 0 && f.n == f.opts.Count {
		return record{}, io.EOF
	}
	f.buf = appendSynth(f.buf[:0], f.opts.Seed, f.n, f.opts.Size)
	f.n++
	return record{at: -1, payload: f.buf}, nil
}

func (f *synthFeed) Close() error { return nil }

// appendSynth appends the message of a seed and an index, of n bytes, to b.
func appendSynth(b []byte, seed, index uint64, n int) []byte {
	if n >= synthIndex {
		b = binary.BigEndian.AppendUint64(b, index)
		n -= synthIndex
	}
	state := mix64(seed) ^ mix64(^index)
	for ; n >= 8; n -= 8 {
		state += mixStep
		b = binary.LittleEndian.AppendUint64(b, mix64(state))
	}
	for last := mix64(state + mixStep); n > 0; n-- {
		b = append(b, byte(last))
		last >>= 8
	}
	return b
}

// verifySynth says whether b is a message of the seed, whole and unchanged, and
// which one. One of fewer than 8 bytes doesn't tell its index: compare it with
// appendSynth.
func verifySynth(b []byte, seed uint64) (index uint64, ok bool) {
	if len(b) < synthIndex {
		return 0, false
	}
	index = binary.BigEndian.Uint64(b)
	b = b[synthIndex:]
	state := mix64(seed) ^ mix64(^index)
	for ; len(b) >= 8; b = b[8:] {
		state += mixStep
		if binary.LittleEndian.Uint64(b) != mix64(state) {
			return index, false
		}
	}
	last := mix64(state + mixStep)
	for _, c := range b {
		if c != byte(last) {
			return index, false
		}
		last >>= 8
	}
	return index, true
}

// mixStep is the increment of SplitMix64.
const mixStep = 0x9e3779b97f4a7c15

// mix64 is SplitMix64's output function: integers only, so that it gives the
// same on any machine.
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
