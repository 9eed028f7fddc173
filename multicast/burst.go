package multicast

import "time"

const (
	// burstGap is the longest time between a send, or another message, and a message
	// that still belongs to the same burst.
	burstGap = int64(1500 * time.Nanosecond)
	// creditMax bounds how long callers may send within bursts. The time between bursts
	// earns this credit, and sends within bursts spend it. It is about what callers
	// lose when they set the timer and wake a goroutine. Without credit, a caller that
	// was once held up for an instant would find itself in a burst for good: where all
	// processors are busy, a goroutine that it wakes stops it for 40 us, which makes its
	// next messages late.
	creditMax = int64(100 * time.Microsecond)
	// windowBase is how long a coalescing window stays open, and windowPerDatagram what
	// each datagram of the send before adds: what took long to send may gather as long.
	windowBase        = int64(8 * time.Microsecond)
	windowPerDatagram = int64(5 * time.Microsecond)
	// windowCrowd is the shortest window while a crowd is expected.
	windowCrowd = int64(50 * time.Microsecond)
	// windowSlack is how soon after its window closed callers come back to a burst that
	// needs no other goroutine.
	windowSlack = int64(12 * time.Microsecond)
	// forecast is how long a window, or a full batch, predicts what callers will do.
	forecast = int64(time.Millisecond)
	// crowdFor is how long a crowd is expected after one: more than clockSamples
	// messages that joined a window, or came with one call. Their callers are faster
	// than one goroutine can send, and what looks like a pause is the processor's.
	crowdFor = int64(500 * time.Microsecond)
	// clockSamples is how many messages of a window read the clock. Of those that
	// follow, one in so many does.
	clockSamples = 8
	// guardMin and guardMax bound how soon the timer checks that a burst goes on. To set
	// it takes some microseconds, and the goroutine that it wakes may stop the caller.
	guardMin = int64(200 * time.Microsecond)
	guardMax = int64(400 * time.Microsecond)
	// spreadMax bounds a window in which what gathers is spread over several batches: a caller
	// that is flat out with small messages fills 16 of them in about two milliseconds.
	spreadMax = int64(3 * time.Millisecond)
)

// burst predicts from the arrival of messages whether more will follow soon. Those are
// worth waiting for in a coalescing window, since they then share datagrams and system
// calls. To wake a goroutine or to set the timer costs more than some sends, so the window
// belongs to the callers for as long as they come back to it:
//
//   - a message that comes burstGap after a send is lone, and its caller sends it;
//   - the first messages of a burst are sent by their callers while they have credit;
//   - then a window opens. A caller takes back what gathers once a batch is full, once it
//     comes after a pause (its callers have caught up, and what gathers would wait for
//     nothing), or once the window has closed;
//   - where callers came back to the last window in time, the burst is hot: they will
//     again, and no goroutine is woken. If they do not, the timer sends what they left;
//   - where a crowd is expected, there is no credit, and windows stay open for longer.
//
// It reads no clock; the Loop's lock guards it.
type burst struct {
	// opened is when the last coalescing window opened, and window how long callers
	// leave alone what gathers in it.
	opened, window int64
	// spread is the number of batches that what gathers in it is spread over, as far as is
	// known. Each takes its own time to send, and to fill.
	spread int64
	// joined counts the messages that have joined the window.
	joined int
	// last is when a message last read the clock, and count how many came then, and
	// until the next that reads it.
	last  int64
	count int
	// credit is how long callers may send within bursts.
	credit int64
	// crowd is when more than clockSamples messages had joined a window, or came with
	// one call; 0 for never.
	crowd int64
	// filled is when callers last filled a batch; 0 for never.
	filled int64
	// hot reports that callers came back to the last window by themselves, in time or
	// with a full batch.
	hot bool
	// guard is how soon the timer checks that the burst goes on.
	guard int64
	// checked is when the timer last checked, and the burst went on.
	checked int64
	// ended is when the last send ended, and took how long it took.
	ended, took int64
}

// closed reports whether the coalescing window has closed. Callers that keep coming have
// taken the token by then.
func (b *burst) closed(now int64) bool { return now-b.opened >= b.length() }

// length returns how long callers leave alone what gathers in the window.
func (b *burst) length() int64 {
	if b.spread <= 1 {
		return b.window
	}
	return max(b.window, min(b.window*b.spread, spreadMax))
}

// flatOut reports whether callers filled a batch lately, and so will fill the next one.
func (b *burst) flatOut(now int64) bool { return b.filled != 0 && now-b.filled < forecast }

// crowded reports whether a crowd is expected.
func (b *burst) crowded(now int64) bool {
	return b.flatOut(now) || b.crowd != 0 && now-b.crowd < crowdFor
}

// lone reports whether a message comes so long after the last send that it belongs to no
// burst.
func (b *burst) lone(now int64) bool {
	gap := burstGap
	if b.crowded(now) {
		gap = windowBase
	}
	return now-b.ended >= gap
}

// arrive notes that n messages have come; waiting says whether a window is open. It
// reports whether their callers paused before: then no burst is under way, and what
// gathers would wait for nothing.
func (b *burst) arrive(now int64, n int, waiting bool) (paused bool) {
	gap := (now - max(b.last, b.ended)) / int64(max(b.count, 1))
	if n > clockSamples {
		b.crowd = now
	}
	paused = gap >= max(burstGap, min(b.took/2, windowBase)) && !b.crowded(now)
	if waiting && b.spread > 1 && b.joined > clockSamples {
		b.crowd = now // the window is longer than a crowd is remembered
	}
	if b.last, b.count = now, n; waiting && b.joined >= clockSamples {
		b.count = clockSamples // with those that will not read the clock
	}
	return paused
}

// join notes a message that comes while a window is open. It reports whether the message
// need not read the clock.
func (b *burst) join() bool {
	b.joined++
	return b.joined > clockSamples && b.joined%clockSamples != 0
}

// open opens a coalescing window.
func (b *burst) open(now int64) {
	b.opened, b.joined, b.spread = now, 0, 0
	switch {
	case b.flatOut(now):
		b.window = guardMax
	case b.crowded(now):
		b.window = max(b.window, windowCrowd)
	}
}

// gathers notes what gathers in the window: over how many batches it is spread, and whether they
// have a batch's worth together. Callers that are so quick are flat out.
func (b *burst) gathers(now int64, spread int, worth bool) {
	b.spread = int64(spread)
	if worth && spread > 1 && now-b.opened <= guardMax {
		b.filled, b.window = now, guardMax
	}
}

// takeBack notes that a caller came back to the window, with a full batch or after a
// pause.
func (b *burst) takeBack(now int64, whole bool) {
	b.hot = whole || now-b.opened <= b.length()+windowSlack
	if whole {
		b.filled = now
	}
	if b.joined > clockSamples {
		b.crowd = now
	}
}

// rested notes that a lone message comes: the time since the last send earns credit.
func (b *burst) rested(now int64) {
	b.credit = min(b.credit+now-b.ended, creditMax)
	if now-b.opened >= forecast {
		b.hot = false
	}
}

// spend pays for the last send out of the credit.
func (b *burst) spend() { b.credit = max(b.credit-b.took, 0) }

// goesOn reports, when the timer has fired, whether the burst goes on.
func (b *burst) goesOn(now int64) bool {
	if !b.closed(now) && (now-b.opened < b.guard || b.spread > 1 && b.last > b.checked) {
		b.guard, b.checked = min(2*b.guard, guardMax), now
		return true
	}
	b.guard, b.hot = guardMin, false
	return false
}
