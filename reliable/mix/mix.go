// Package mix has the one mixer of bits that choices among peers and partitions share.
package mix

// Uint64 returns a number whose bits all depend on all of n's. It is a bijection: the finalizer
// of SplitMix64. Its values are part of the protocol.
func Uint64(n uint64) uint64 {
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
