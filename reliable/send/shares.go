package send

import (
	"encoding/binary"
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/mix"
)

// shares is a budget that whoever asks shares with others, by the addresses: one may have used as
// much of it as is left. So a single one gets half of it at once, and of n that ask without end
// each leaves as much as it has to those that come anew. Addresses may be forged: against ever
// other ones no share helps.
type shares struct {
	// rate is in units a second, and ahead how far ahead of it a burst may be.
	rate  uint64
	ahead time.Duration
	// paid is when all that was taken is paid for. So is of, for what addresses took, each at a
	// part of the rate: of two places that an address has by its hash the sooner one counts, since
	// others may have either.
	paid reliable.Time
	of   [2][sharePlaces]reliable.Time
	seed uint64
}

const (
	sharePlaces = 256
	// sharePart is the part of the rate at which an address pays: so many that ask without end
	// don't use all of it up.
	sharePart = 16
)

// newShares returns a budget of so many units a second, and so many at once.
func newShares(rate, burst, seed uint64) shares {
	return shares{rate: rate, ahead: time.Duration(burst * uint64(time.Second) / rate), seed: seed}
}

// take takes n units for an address, and reports false if they are refused.
func (s *shares) take(now reliable.Time, from netip.Addr, n uint64) bool {
	h := s.hash(from)
	one, other := &s.of[0][h%sharePlaces], &s.of[1][h/sharePlaces%sharePlaces]
	own := max(now, min(*one, *other))
	left := s.ahead - max(0, s.paid.Sub(now))
	if left <= 0 || own.Sub(now)/sharePart > left {
		return false
	}
	takes := time.Duration(n * uint64(time.Second) / s.rate)
	s.paid = max(s.paid, now).Add(takes)
	own = own.Add(sharePart * takes)
	*one, *other = max(*one, own), max(*other, own)
	return true
}

// hash returns a hash of an address: of IPv6, of its network, in which a host has any number.
func (s *shares) hash(from netip.Addr) uint64 {
	b := from.As16()
	part := b[:8]
	if from.Unmap().Is4() {
		part = b[8:]
	}
	return mix.Uint64(binary.BigEndian.Uint64(part) ^ mix.Uint64(s.seed))
}
