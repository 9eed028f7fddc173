package feed

import "strconv"

// marketKind is a kind of message. In the feeds that the market is like they
// have these sizes: price levels 18-30 B, trades 38 B, quotes 42 B, auctions
// 80 B (D and T); depth updates as marketDepth says (B).
type marketKind int

const (
	kindLevel marketKind = iota // L KORA B 182.31 1200: a price level's new size, 18-22 B
	// Q KORA B 182.31 x 1200 A 182.32 x 300: the best bid and ask, 34-42 B
	kindQuote
	// T KORA 182.31 x 300 B 1000042: a trade, its side and number, 28-33 B
	kindTrade
	// A KORA ref 182.31 paired 12000 imbalance 300 B near 182.40 far 182.12: an auction, 64-77 B
	kindAuction
	// {"s":"KORA","pu":17,"u":18,"b":[["182.31","1200"]],"a":[]}: 50 B to 26 KB
	kindDepth
	marketKinds
)

// marketMix is how many of 100 messages are of each kind, by phase. D opens
// with levels and notices a symbol, T trades in quotes (79 %), trades (19 %)
// and auctions (2 %) where it doesn't open, B has 7 % depth updates.
var marketMix = [...][marketKinds]int64{
	Opening: {68, 25, 0, 5, 2},
	Trading: {35, 39, 16, 2, 8},
	Storm:   {45, 35, 18, 0, 2},
}

const (
	marketSymbols = 64
	marketFloor   = 1000  // cents; prices keep to four or five digits
	marketCeiling = 99999 // cents
)

// marketBook is the market's knowledge of one symbol.
type marketBook struct {
	symbol [5]byte
	length int    // of symbol: 4 or 5
	price  int64  // cents
	update uint64 // depth updates so far: the u of the last one
}

// marketBooks are all symbols, and the numbers that they share.
type marketBooks struct {
	all    [marketSymbols]marketBook
	trades uint64
	last   int // of all: that of the last message
}

// symbol returns the symbol of the last message.
func (b *marketBooks) symbol() []byte {
	k := &b.all[b.last]
	return k.symbol[:k.length]
}

// init lists the symbols at their opening prices, $10 to $500. The names are made up.
func (b *marketBooks) init(r *marketRand) {
	const syllables = "KORAVITUMELONASI"
	for i := range b.all {
		k := &b.all[i]
		first, second := i/8*2, i%8*2
		copy(k.symbol[:], syllables[first:first+2]+syllables[second:second+2]+"X")
		k.length = 4
		if i%4 == 3 {
			k.length = 5
		}
		k.price = marketFloor + r.below(50000-marketFloor)
	}
}

// append makes up the next message of a phase and appends it to out.
func (b *marketBooks) append(out []byte, r *marketRand, phase Phase) []byte {
	// The lower of two draws: some symbols are busier than others.
	b.last = int(min(r.below(marketSymbols), r.below(marketSymbols)))
	k := &b.all[b.last]
	k.price = min(max(k.price+r.below(7)-3, marketFloor), marketCeiling)
	kind, share := marketKind(0), r.below(100)
	for share >= marketMix[phase][kind] {
		share -= marketMix[phase][kind]
		kind++
	}
	switch kind {
	case kindLevel:
		out = k.name(append(out, "L "...))
		out = appendPrice(append(out, ' ', marketSide(r), ' '), k.price)
		return appendLots(append(out, ' '), r)
	case kindQuote:
		out = k.name(append(out, "Q "...))
		out = appendPrice(append(out, " B "...), k.price)
		out = appendLots(append(out, " x "...), r)
		out = appendPrice(append(out, " A "...), k.price+1+r.below(3))
		return appendLots(append(out, " x "...), r)
	case kindTrade:
		b.trades++
		out = k.name(append(out, "T "...))
		out = appendPrice(append(out, ' '), k.price)
		out = appendLots(append(out, " x "...), r)
		out = append(out, ' ', marketSide(r), ' ')
		return strconv.AppendUint(out, 1000000+b.trades, 10)
	case kindAuction:
		out = k.name(append(out, "A "...))
		out = appendPrice(append(out, " ref "...), k.price)
		out = appendLots(append(out, " paired "...), r)
		out = appendLots(append(out, " imbalance "...), r)
		out = append(out, ' ', marketSide(r))
		out = appendPrice(append(out, " near "...), k.price+r.below(20))
		return appendPrice(append(out, " far "...), k.price+r.below(40))
	default:
		return k.depth(out, r)
	}
}

// depth appends a depth update. As in B, its pu is the u of the symbol's update
// before it, so that a reader can see whether one is missing.
func (k *marketBook) depth(out []byte, r *marketRand) []byte {
	levels := r.draw(marketDepth)
	out = k.name(append(out, `{"s":"`...))
	out = strconv.AppendUint(append(out, `","pu":`...), k.update, 10)
	k.update += uint64(levels)
	out = strconv.AppendUint(append(out, `,"u":`...), k.update, 10)
	bids := levels / 2
	out = k.levels(append(out, `,"b":[`...), r, bids, -1)
	out = k.levels(append(out, `],"a":[`...), r, levels-bids, 1)
	return append(out, "]}"...)
}

// levels appends n price levels, going away from the price by a cent or more each.
func (k *marketBook) levels(out []byte, r *marketRand, n, way int64) []byte {
	price := k.price
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		price = max(price+way*(1+r.below(3)), 1)
		out = appendPrice(append(out, `["`...), price)
		out = appendLots(append(out, `","`...), r)
		out = append(out, `"]`...)
	}
	return out
}

func (k *marketBook) name(out []byte) []byte {
	return append(out, k.symbol[:k.length]...)
}

func marketSide(r *marketRand) byte {
	return "BS"[r.below(2)]
}

// appendPrice appends cents as dollars, such as 182.31.
func appendPrice(out []byte, cents int64) []byte {
	out = strconv.AppendInt(out, cents/100, 10)
	return append(out, '.', byte('0'+cents/10%10), byte('0'+cents%10))
}

func appendLots(out []byte, r *marketRand) []byte {
	return strconv.AppendInt(out, 100*r.draw(marketLots), 10)
}
