package feed

import (
	"io"
	"math/bits"
	"time"
)

// The market's shape is that of three recorded feeds:
//
//	D: IEX DEEP, 2023-10-02, 48,325 messages, with the times at which IEX sent them
//	T: IEX TOPS 1.6, 2017-07-10, 57,674 messages, with the capture's times
//	B: Binance BTCUSDT futures, 2024-08-08, 93,954 messages, with their receive times
//
// What was taken from each stands with the numbers below. A table gives a
// quantity at rising shares of all draws, in 1/10,000; between its points the
// generator interpolates. Everything is an integer, so that a seed gives the
// same bytes on any machine.

// marketPoint is one point of a table: this share of draws is at most value.
type marketPoint struct{ share, value int64 }

var (
	// B: messages less than 200 us apart are a run: half of the runs have one
	// message, p90 4, p99 18, p99.9 67, the longest 177.
	marketRun = []marketPoint{{0, 1}, {5000, 1}, {7500, 2}, {9000, 4}, {9900, 18}, {9990, 67},
		{10000, 177}}
	// B: ns between the messages of a run: p50 1.1 us, p90 3.8 us, p99 123 us.
	marketStep = []marketPoint{{0, 400}, {1000, 500}, {2500, 700}, {5000, 1100}, {7500, 1900},
		{9000, 3800}, {9900, 123200}, {10000, 199900}}
	// B: ns between runs: p50 2.4 ms, p90 26 ms, p99 53 ms, the longest 345 ms.
	marketQuiet = []marketPoint{{0, 200e3}, {1000, 747e3}, {2500, 1154e3}, {5000, 2399e3},
		{7500, 9958e3}, {9000, 26247e3}, {9900, 52835e3}, {10000, 344872e3}}
	// Messages of a storm, which takes 10 ms: T has at most 312 in 10 ms, B 593,
	// D 1,608 by its capture's times.
	marketStorm = []marketPoint{{0, 200}, {5000, 312}, {9000, 593}, {10000, 1608}}
	// Levels of a depth update. With 17 bytes a level they make p50 190 B and
	// p99 2.2 KB, near B's 179 B and 2.2 KB for all of its messages, and 24 KB at
	// most (B's depth updates: 25.9 KB).
	marketDepth = []marketPoint{{0, 1}, {1000, 3}, {5000, 9}, {7500, 14}, {9000, 40}, {9900, 125},
		{9990, 600}, {10000, 1400}}
	// Shares and contracts of an order or trade, in lots of 100.
	marketLots = []marketPoint{{0, 1}, {5000, 3}, {9000, 12}, {10000, 120}}
)

const (
	// D opens with 17,520 messages in 10 ms, a fifth of them in the first
	// (3,417). That many is more than a demonstration needs: the default is
	// about a quarter.
	marketOpening = 4000
	BurstTime     = 10 * time.Millisecond
	// The quiet between runs is divided by this, as if that many feeds like B
	// were one: about 1,000 messages a second instead of 270.
	marketFeeds = 4
	// marketStormEvery is the mean time between storms. B has 54 messages or
	// more in 1 % of all 10 ms: this gives storms 4 % of the time, more than
	// there are, so that a demonstration of seconds has some.
	marketStormEvery = 250 * time.Millisecond
	// D and T put at most this many messages into a datagram: they leave at once.
	marketOpeningBatch, marketStormBatch = 67, 52
)

// MarketOptions describe a market. Its zero value is one with the seed 0 and
// no end.
type MarketOptions struct {
	Seed uint64
	// Count is how many messages there are; 0 means that there is no end.
	Count uint64
	// Opening is how many of them the opening burst has, in 10 ms; 0 means
	// 4,000, and a negative number none.
	Opening int
	// Feeds divides the quiet between micro-bursts; 0 means 4.
	Feeds int
	// StormEvery is the mean time between bursts of hundreds of messages; 0
	// means 250 ms, and a negative number none.
	StormEvery time.Duration
}

// Phase is a phase of a market.
type Phase int

const (
	Opening Phase = iota // thousands of messages in 10 ms
	Trading              // quiet, and micro-bursts of up to 177
	Storm                // hundreds of messages in 10 ms
)

func (p Phase) String() string {
	return [...]string{"opening", "trading", "storm"}[p]
}

// Market is a feed of made-up market data with due times: a burst at the
// opening, then thin trading in micro-bursts and, now and then, a storm. A
// seed always gives the same messages and times, on any machine.
type Market struct {
	opts  MarketOptions
	rand  marketRand
	books marketBooks
	buf   []byte
	n     uint64 // messages so far

	phase Phase
	begun int64 // when the phase's burst began, ns
	i, of int   // place in the burst, and its length
	batch int   // messages that still leave at the same time
	at    int64 // when the last message was due, ns
	storm int64 // when the next storm is due, ns; never if it is -1
}

// NewMarket begins a feed.
func NewMarket(opts MarketOptions) *Market {
	if opts.Opening == 0 {
		opts.Opening = marketOpening
	}
	if opts.Feeds <= 0 {
		opts.Feeds = marketFeeds
	}
	if opts.StormEvery == 0 {
		opts.StormEvery = marketStormEvery
	}
	m := &Market{opts: opts, rand: marketRand{mix64(opts.Seed)}, of: opts.Opening,
		buf: make([]byte, 0, 32<<10)}
	if opts.Opening < 0 {
		m.phase, m.of = Trading, int(m.rand.draw(marketRun))
	}
	m.storm = m.nextStorm()
	m.books.init(&m.rand)
	return m
}

// Next returns the next message; its time is when it is due, and its key its symbol.
func (m *Market) Next() (Record, error) {
	if m.opts.Count > 0 && m.n == m.opts.Count {
		return Record{}, io.EOF
	}
	if m.i == m.of {
		m.begin()
	} else if m.i > 0 || m.phase == Opening {
		m.step()
	}
	m.i++
	m.n++
	m.buf = m.books.append(m.buf[:0], &m.rand, m.phase)
	return Record{At: time.Duration(m.at), Payload: m.buf, Key: m.books.symbol()}, nil
}

// Close does nothing.
func (m *Market) Close() error { return nil }

// Burst says where the last message stands: its phase, which of its burst's
// messages it is, from 1, and how many there are.
func (m *Market) Burst() (phase Phase, i, of int) {
	return m.phase, m.i, m.of
}

// begin starts the next burst, after some quiet.
func (m *Market) begin() {
	m.at += m.rand.draw(marketQuiet) / int64(m.opts.Feeds)
	m.i, m.batch = 0, 0
	m.begun = m.at
	if m.storm >= 0 && m.at >= m.storm {
		m.phase, m.of = Storm, int(m.rand.draw(marketStorm))
		m.storm = m.nextStorm()
		return
	}
	m.phase, m.of = Trading, int(m.rand.draw(marketRun))
}

// step moves the time on within a burst.
func (m *Market) step() {
	if m.phase == Trading {
		m.at += m.rand.draw(marketStep)
		return
	}
	if m.batch > 0 {
		m.batch--
		return
	}
	i, of, span := int64(m.i), int64(m.of), int64(BurstTime)
	if m.phase == Storm {
		m.batch = int(m.rand.below(marketStormBatch))
		m.at = m.begun + i*span/of
		return
	}
	// A fifth of the opening is in its first tenth.
	m.batch = int(m.rand.below(marketOpeningBatch))
	if fifth := of / 5; i < fifth {
		m.at = i * (span / 10) / fifth
	} else {
		m.at = span/10 + (i-fifth)*(span-span/10)/(of-fifth)
	}
}

// nextStorm draws when the next storm is due: one half to one and a half of
// the mean from now.
func (m *Market) nextStorm() int64 {
	every := int64(m.opts.StormEvery)
	if every < 0 {
		return -1
	}
	return m.at + every/2 + m.rand.below(every)
}

// marketRand is SplitMix64.
type marketRand struct{ state uint64 }

func (r *marketRand) next() uint64 {
	r.state += mixStep
	return mix64(r.state)
}

// below returns a number from 0 to n-1; 0 if n is less than 1.
func (r *marketRand) below(n int64) int64 {
	if n < 1 {
		return 0
	}
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int64(hi)
}

// draw takes a value from a table, whose shares go from 0 to 10,000.
func (r *marketRand) draw(table []marketPoint) int64 {
	const whole = 1 << 16 // finer than the shares, for the interpolation
	u := r.below(10000 * whole)
	i := 1
	for u >= table[i].share*whole {
		i++
	}
	low, high := table[i-1], table[i]
	return low.value + (high.value-low.value)*((u-low.share*whole)>>8)/((high.share-low.share)<<8)
}
