package nack

import (
	"math"
	"math/bits"
)

// BudgetConfig configures a Budget. Zero fields mean the defaults.
type BudgetConfig struct {
	// Share is the part of the data rate that repairs may use, up to 65,536; 0 means
	// DefaultShare.
	Share float64
	// Floor is the rate that each class may always use, in bytes a second; 0 means
	// DefaultFloor.
	Floor uint64
	// Burst is the number of bytes that may go out at once, at least one frame; 0 means
	// 256 KiB.
	Burst uint64
	// Confirms is the rate of CONFIRM frames in bytes a second; 0 means 256 KiB. Where
	// repairs have more than 64 times as much, the rate is a 64th of theirs.
	Confirms uint64
}

// Defaults of a BudgetConfig.
const (
	// DefaultShare is the part of the data rate that repairs may use.
	DefaultShare = 0.5
	// DefaultFloor is the rate that each class of repairs may always use, in bytes a second.
	// A larger one lets a subscriber that loses 70 % on a slow link delay the others by
	// seconds.
	DefaultFloor = 16_000_000

	defaultBurst    = 256 << 10
	defaultConfirms = 256 << 10
	maxShare        = 1 << 16
)

func (c *BudgetConfig) setDefaults() {
	if !(c.Share > 0) { // NaN as well
		c.Share = DefaultShare
	}
	c.Share = min(c.Share, maxShare)
	if c.Floor == 0 {
		c.Floor = DefaultFloor
	}
	if c.Burst == 0 {
		c.Burst = defaultBurst
	}
	if c.Confirms == 0 {
		c.Confirms = defaultConfirms
	}
}

// A Budget bounds the bytes of repairs and CONFIRMs. The Responders of one session may
// share it.
type Budget struct {
	cfg BudgetConfig
	// share is cfg.Share in units of 2^-16.
	share uint64
	// repairs has a bucket for each class.
	repairs  [classes]bucket
	confirms bucket
}

// NewBudget returns a Budget of which nothing is used up.
func NewBudget(cfg BudgetConfig) *Budget {
	cfg.setDefaults()
	b := &Budget{
		cfg: cfg, share: uint64(cfg.Share * (1 << 16)),
		confirms: bucket{rate: cfg.Confirms, burst: confirmBurst, tokens: confirmBurst},
	}
	for class := range b.repairs {
		b.repairs[class] = bucket{rate: cfg.Floor, burst: cfg.Burst, tokens: cfg.Burst}
	}
	return b
}

// SetDataRate sets the rate at which data is sent, in bytes a second. Recent repairs may
// use their share of it, and repairs for subscribers that are behind may use as much
// again.
func (b *Budget) SetDataRate(now Time, rate uint64) {
	b.repairs[Behind].setRate(now, max(b.cfg.Floor, rate))
	hi, lo := bits.Mul64(rate, b.share)
	rate = hi<<48 | lo>>16
	if hi>>16 != 0 {
		rate = math.MaxUint64
	}
	recent := &b.repairs[Recent]
	recent.setRate(now, max(b.cfg.Floor, rate))
	b.confirms.setRate(now, max(b.cfg.Confirms, recent.rate/64))
}

// hold lets a burst hold a frame of size bytes.
func (b *Budget) hold(size uint64) {
	for class := range b.repairs {
		if r := &b.repairs[class]; r.burst < size {
			r.tokens += size - r.burst
			r.burst = size
		}
	}
}
