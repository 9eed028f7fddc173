package link

import (
	"crier/testnet/random"
)

// Link carries datagrams one way, from one host to another. It is a state
// machine without a clock: the driver passes the time. It must not be used by
// several goroutines at once.
//
// A datagram waits in the sender's queue and leaves it at the link's rate; then
// it is lost, or travels for its delay and arrives. Every datagram moves the
// models and the generator in the same way, whatever becomes of it: a partition
// or a full queue doesn't change the fate of later datagrams.
type Link struct {
	rand      random.Generator
	damage    random.Generator // apart, so that it doesn't matter when Corrupt is called
	loss      lossState
	delay     delayState
	egress    egress
	unordered bool
	down      bool
	doomed    bool // the next datagram is lost, whatever the model says

	reorder, duplicate, corrupt  random.Chance
	reorderDelay, duplicateDelay int64

	now      int64 // of the last Send
	ordered  int64 // no datagram may arrive earlier, if the link keeps order
	furthest int64 // latest arrival so far
	stats    Stats
}

// Outcome is the fate of one datagram.
type Outcome struct {
	// Drop is why nothing arrives; NotDropped if something does.
	Drop     DropReason
	count    uint8
	arrivals [3]Arrival
}

// Arrival is one datagram that comes out of a link.
type Arrival struct {
	// At is when, in nanoseconds since the start of the run. Of two arrivals at
	// one time, the one that was sent first comes first.
	At int64
	// Corrupt says that the driver must damage its copy, with [Link.Corrupt].
	Corrupt bool
}

// Arrivals returns the arrivals, the earliest first: none if the datagram was
// dropped, up to three if it was duplicated. It is a view of o.
func (o *Outcome) Arrivals() []Arrival { return o.arrivals[:o.count] }

// New returns a link that behaves as cfg says. All that is random comes
// from seed; see [Seed].
func New(cfg Config, seed uint64) (*Link, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return new(Link).Init(cfg, seed), nil
}

// Init readies a zero Link for a configuration that was validated, and returns it.
func (l *Link) Init(cfg Config, seed uint64) *Link {
	l.rand, l.damage = random.New(seed), random.New(^seed)
	l.configure(cfg)
	return l
}

// Seed derives a link's seed from the run's seed and the numbers of its two ends, which the
// driver chooses. The order in which links are made doesn't matter, and the two directions
// differ.
func Seed(run, from, to uint64) uint64 {
	return random.Mix(random.Mix(random.Mix(run)^from) ^ to)
}

// Reconfigure makes the link behave as cfg says from now on; the models start
// anew. The generator, datagrams on their way, the partition and the counters stay.
func (l *Link) Reconfigure(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	l.configure(cfg)
	return nil
}

func (l *Link) configure(cfg Config) {
	l.loss = startLoss(cfg.Loss)
	l.delay = startDelay(cfg.Delay)
	l.egress.configure(cfg)
	l.unordered = cfg.Unordered
	l.reorder, l.reorderDelay = random.NewChance(cfg.Reorder), int64(cfg.ReorderDelay)
	l.duplicate, l.duplicateDelay = random.NewChance(cfg.Duplicate), int64(cfg.DuplicateDelay)
	l.corrupt = random.NewChance(cfg.Corrupt)
}

// SetLoss gives the link another loss model, which starts at its beginning: a
// script counts from the next datagram. nil loses nothing.
func (l *Link) SetLoss(m Loss) error {
	if err := validateLoss(m); err != nil {
		return err
	}
	l.loss = startLoss(m)
	return nil
}

// SetDelay gives the link another delay model; nil takes no time.
func (l *Link) SetDelay(m Delay) error {
	if err := validateDelay(m); err != nil {
		return err
	}
	l.delay = startDelay(m)
	return nil
}

// LoseNext loses the next datagram, whatever the loss model says.
func (l *Link) LoseNext() { l.doomed = true }

// SetDown cuts the link, or heals it. What is on its way still arrives.
func (l *Link) SetDown(down bool) { l.down = down }

// Down says whether the link is cut.
func (l *Link) Down() bool { return l.down }

// Stats returns the link's counters.
func (l *Link) Stats() Stats { return l.stats }

// Send returns the fate of a datagram of n bytes that is handed to the link at
// now. The rate and the queue count n bytes: the driver decides whether
// headers belong to it. Time doesn't run backwards: an earlier now than the
// last one is taken as the last one.
func (l *Link) Send(now int64, n int) Outcome {
	var out Outcome
	l.SendTo(now, n, &out)
	return out
}

// SendTo is Send into memory of the caller.
func (l *Link) SendTo(now int64, n int, out *Outcome) {
	now = max(now, l.now)
	l.now = now
	l.stats.Sent++

	leaves, fits := now, true
	if !l.down {
		leaves, fits = l.egress.enter(now, n)
	}
	lost := l.loss.lose(leaves, &l.rand) || l.doomed
	l.doomed = false
	travel := l.delay.delay(leaves, &l.rand)
	held := l.rand.Hit(l.reorder)
	*out = Outcome{}
	for {
		out.arrivals[out.count].Corrupt = l.rand.Hit(l.corrupt)
		out.count++
		if int(out.count) == len(out.arrivals) || !l.rand.Hit(l.duplicate) {
			break
		}
	}

	switch {
	case l.down:
		l.stats.Partitioned++
		*out = Outcome{Drop: DropPartition}
	case !fits:
		l.stats.QueueDrops++
		*out = Outcome{Drop: DropQueue}
	case lost:
		l.stats.Lost++
		*out = Outcome{Drop: DropLoss}
	default:
		l.arrive(out, leaves+travel, held)
	}
}

// Pass is Send on a link that is Instant, at a fraction of its cost: it damages
// b if the link does so, and reports whether b arrives.
func (l *Link) Pass(now int64, b []byte) bool {
	l.stats.Sent++
	lost := l.loss.lose(now, &l.rand)
	corrupt := l.rand.Hit(l.corrupt)
	if lost {
		l.stats.Lost++
		return false
	}
	if corrupt {
		l.Corrupt(b)
		l.stats.Corrupted++
	}
	l.stats.Delivered++
	return true
}

// arrive fills in the times of a datagram that would arrive at at if nothing
// had to keep order.
func (l *Link) arrive(out *Outcome, at int64, held bool) {
	if !l.unordered {
		at = max(at, l.ordered)
		l.ordered = at
	}
	if held {
		at += l.reorderDelay
	}
	if at < l.furthest {
		l.stats.Reordered++
	}
	l.furthest = max(l.furthest, at)

	l.stats.Delivered++
	l.stats.Duplicated += uint64(out.count - 1)
	for i := range out.Arrivals() {
		a := &out.arrivals[i]
		a.At = at
		at += l.duplicateDelay
		if a.Corrupt {
			l.stats.Corrupted++
		}
	}
}

// Corrupt damages b: it flips one to three bits, which a CRC-32C of a datagram
// always detects, so that no run ends with an undetected one by chance.
func (l *Link) Corrupt(b []byte) {
	total := uint64(len(b)) * 8
	if total == 0 {
		return
	}
	flips := 1 + l.damage.Below(3)
	for i := range flips { // each within its own part of b, so that none undoes another
		from, to := total*i/flips, total*(i+1)/flips
		bit := from + l.damage.Below(to-from)
		b[bit/8] ^= 1 << (bit % 8)
	}
}
