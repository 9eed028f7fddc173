package every

import "math/bits"

// Sum is the hash of a state. Two states with the same Sum are taken for the same: of a
// hundred million states, two that differ share one with a chance of less than 10^-22.
type Sum [2]uint64

// mixer makes a Sum, from words.
type mixer struct{ a, b uint64 }

const (
	mixA = 0x9e3779b97f4a7c15
	mixB = 0xd1342543de82ef95
)

func newMixer() mixer { return mixer{mixA, mixB} }

// word takes a word.
func (m *mixer) word(x uint64) {
	hi, lo := bits.Mul64(m.a^x, mixB)
	m.a = hi ^ lo ^ bits.RotateLeft64(x, 29)
	hi, lo = bits.Mul64(m.b+x, mixA)
	m.b = hi ^ lo ^ m.a
}

// bytes takes bytes, and how many they are.
func (m *mixer) bytes(p []byte) {
	m.word(uint64(len(p)))
	for len(p) >= 8 {
		m.word(uint64(p[0]) | uint64(p[1])<<8 | uint64(p[2])<<16 | uint64(p[3])<<24 |
			uint64(p[4])<<32 | uint64(p[5])<<40 | uint64(p[6])<<48 | uint64(p[7])<<56)
		p = p[8:]
	}
	if len(p) > 0 {
		var x uint64
		for i, c := range p {
			x |= uint64(c) << (8 * i)
		}
		m.word(x)
	}
}

// sum returns the hash of all that was taken.
func (m *mixer) sum() Sum {
	c := *m
	c.word(mixA)
	c.word(mixB)
	return Sum{c.a, c.b}
}
