package feed

import (
	"bytes"
	"strconv"
	"testing"
)

func TestSynth(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 64, 1400, MaxMessage} {
		f := NewSynth(SynthOptions{Size: n, Count: 3, Seed: 7})
		got, err := drainFeed(f)
		if err != nil || len(got) != 3 {
			t.Fatalf("size %d: %d messages, %v", n, len(got), err)
		}
		for i, m := range got {
			b := []byte(m.payload)
			if len(b) != n || m.at != -1 {
				t.Fatalf("size %d: got %d bytes at %v", n, len(b), m.at)
			}
			if !bytes.Equal(b, AppendSynth(nil, 7, uint64(i), n)) {
				t.Errorf("size %d: message %d does not follow from its index", n, i)
			}
			for _, c := range b {
				if c < ' ' || c > '~' {
					t.Fatalf("size %d: message %d has a byte %#x, which no terminal prints", n, i,
						c)
				}
			}
			const head = 2 // a digit and a space
			index, ok := VerifySynth(b, 7)
			if ok != (n >= head) || ok && index != uint64(i) {
				t.Errorf("size %d: message %d is verified as %d, %v", n, i, index, ok)
			}
			if n < 9 {
				continue // another seed's may have the same few letters
			}
			if _, ok := VerifySynth(b, 8); ok {
				t.Errorf("size %d: it passes for another seed's", n)
			}
			for _, at := range []int{0, n / 2, n - 1} {
				b[at] ^= 1
				if _, ok := VerifySynth(b, 7); ok {
					t.Errorf("size %d: a change at %d is not seen", n, at)
				}
				b[at] ^= 1
			}
		}
	}
}

// An index has one form, and fits 64 bits.
func TestSynthIndex(t *testing.T) {
	for _, index := range []uint64{0, 9, 10, 1<<64 - 1} {
		if got, ok := VerifySynth(AppendSynth(nil, 7, index, 40), 7); !ok || got != index {
			t.Errorf("%d is read as %d, %v", index, got, ok)
		}
		// As many letters as the index, or one more, leave no room for it and a space.
		size := len(strconv.FormatUint(index, 10))
		if b := AppendSynth(nil, 7, index, size); bytes.ContainsAny(b, " 0123456789") {
			t.Errorf("%d in %d bytes: %q", index, size, b)
		}
	}
	for _, bad := range []string{"00 ", "01 a", " ", "+1 a", "-1 a", "18446744073709551616 a",
		"1", "x 1", ""} {
		if index, ok := VerifySynth([]byte(bad), 7); ok {
			t.Errorf("%q passes as message %d", bad, index)
		}
	}
}

// A message is the same on any machine and in any version: others verify it.
func TestSynthBytes(t *testing.T) {
	const want = "2 edhhgicahhkhekbocb"
	if got := string(AppendSynth(nil, 1, 2, 20)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSynthWithoutEndMakesNoGarbage(t *testing.T) {
	wantNoAllocs(t, NewSynth(SynthOptions{Size: 61}))
}
